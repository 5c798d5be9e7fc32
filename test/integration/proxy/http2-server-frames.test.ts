/** Servers of HTTP/2 that send frames which no well-behaved one sends, or stop sending any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Client } from '../../support/http2-client.ts';
import { ACK, block, END_HEADERS, END_STREAM, FrameType, frame, uint32 } from '../../support/http2-frames.ts';
import { Http2Serving } from '../../support/http2-serving.ts';
import { ask, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { balancerConfig, type ConfigChanges, endpointAt, failures, startBalancer } from '../../support/start-balancer.ts';

function http2Backend(changes: ConfigChanges = {}): ReturnType<typeof balancerConfig> {
  const config = balancerConfig(changes);
  return { ...config, backends: config.backends.map((backend) => ({ ...backend, protocol: 'HTTP2' })) };
}

/** HEADERS of a first stream that end with it, from their type on. */
const REQUEST = frame(FrameType.Headers, END_HEADERS | END_STREAM, 1)
  .toString('latin1')
  .slice(3);

/** Answers the first request of each connection with `frames`. */
const answering = (...frames: Buffer[]) =>
  RecordingServer.start(({ socket, received }) => {
    if (socket.bytesWritten > 0 || !received.includes(REQUEST)) return;
    socket.write(Buffer.concat([frame(FrameType.Settings, 0, 0), frame(FrameType.Settings, ACK, 0), ...frames]));
  });
const head = (...fields: [string, string][]) => frame(FrameType.Headers, END_HEADERS, 1, block([[':status', '200'], ...fields]));
const reset = (code: number) => frame(FrameType.Reset, 0, 1, uint32(code));

test('[43] a response without a length that is reset with NO_ERROR in its middle is a cut, not an end', async () => {
  await using server = await answering(head(), frame(FrameType.Data, 0, 1, 'half'), reset(0));
  await using started = await startBalancer([server.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  assert.notEqual((await client.ask()).resetCode, 0);
  await using other = await answering(head(), frame(FrameType.Data, 0, 1, 'half'), reset(0));
  started.balancer.applyEndpoints([endpointAt(other.port)], false);
  assert.doesNotMatch(await ask(started.port, GET_AND_CLOSE), /\r\n0\r\n\r\n$/, 'the last chunk has not come');
  assert.deepEqual(failures(started), { Cut: 2 });
});

for (const [what, frames] of Object.entries({
  'END_STREAM before NO_ERROR': [head(), frame(FrameType.Data, END_STREAM, 1, 'whole'), reset(0)],
  'END_STREAM on an empty frame': [head(), frame(FrameType.Data, 0, 1, 'whole'), frame(FrameType.Data, END_STREAM, 1)],
  'its whole length before NO_ERROR': [head(['content-length', '5']), frame(FrameType.Data, 0, 1, 'whole'), reset(0)],
})) {
  test(`a response that ends with ${what} is whole`, async () => {
    await using server = await answering(...frames);
    await using started = await startBalancer([server.port], http2Backend());
    using client = await Http2Client.connect(started.port);
    const { body, resetCode } = await client.ask();
    assert.deepEqual([body, resetCode, failures(started)], ['whole', 0, {}]);
  });
}

test('a response that has ended long before its slow reader has taken it is whole', async () => {
  const size = 2_000_000;
  await using server = await Http2Serving.start((stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(size, 'x'));
  });
  await using started = await startBalancer([server.port], http2Backend());
  using client = await RawClient.connect(started.port);
  client.say(GET_AND_CLOSE);
  client.socket.on('data', () => {
    client.socket.pause();
    setImmediate(() => client.socket.resume());
  });
  assert.match(await client.all(), /\r\n0\r\n\r\n$/);
  assert.ok(client.heard.length > size);
  assert.deepEqual(failures(started), {});
});
