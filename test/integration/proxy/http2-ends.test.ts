/** How a connection of HTTP/2 ends: with whole answers, and nothing done that its client is told was not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, MAX_WINDOW_BYTES } from '../../../src/http2/codes.ts';
import { END_STREAM, FrameClient, FrameType, frame, GET_FIELDS, headers, uint32 } from '../../support/http2-frames.ts';
import { type Reply, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const LARGE = 'abcdefghij'.repeat(100_000);
const WINDOW = uint32(2 ** 30);
const get = (stream: number, path: string) => headers(stream, [...GET_FIELDS.slice(0, 3), [':path', path]]);
const body = (client: FrameClient, stream: number) =>
  Buffer.concat(client.of(FrameType.Data, stream).map(({ payload }) => payload)).toString();
const ping = frame(FrameType.Ping, 0, 0, '12345678');

test('of age, a connection serves what comes between its two GOAWAYs, nothing that comes later, and ends with whole answers', async () => {
  const held = new Map<string, Reply>();
  await using server = await ScriptedServer.start((request, reply) => {
    if (request.target.startsWith('/held')) held.set(request.target, reply);
    else reply.send('at once');
  });
  await using started = await startBalancer([server.port], balancerConfig({ listeners: [{ maxConnectionAgeMs: 300 }] }));
  using client = await FrameClient.connect(started.port);
  client.send(frame(FrameType.Settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), WINDOW])), frame(FrameType.WindowUpdate, 0, 0, WINDOW));
  client.send(get(1, '/held/1'), get(3, '/held/3'));
  const lastStreams = () => client.of(FrameType.Goaway).map(({ payload }) => payload.readUInt32BE(0));
  await until(() => lastStreams().length === 1, 'the first GOAWAY');
  client.send(get(5, '/between'));
  await until(() => body(client, 5) === 'at once', 'a stream between them is served');
  await until(() => lastStreams().length === 2, 'the second GOAWAY');
  assert.deepEqual(lastStreams(), [MAX_WINDOW_BYTES, 5]);
  client.send(get(7, '/late'), ping);
  await until(() => client.of(FrameType.Ping).length === 1, 'it is passed over');
  client.raw.socket.pause();
  held.get('/held/1')?.send(LARGE);
  await until(() => held.get('/held/1')?.socket.writableLength === 0, 'an answer is on its way');
  // The last stream ends in a read that has more behind it, and the client goes on.
  client.send(frame(FrameType.Reset, 0, 3, uint32(ErrorCode.NoError)), ping);
  for (let sent = 0; sent < 20; sent++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.send(ping);
  }
  client.raw.socket.resume();
  await until(() => client.raw.ended !== 'no', 'the connection ends');
  assert.equal(client.raw.ended, 'end');
  assert.equal(body(client, 1), LARGE);
  assert.ok(client.of(FrameType.Data, 1).at(-1)?.flags === END_STREAM);
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/held/1', '/held/3', '/between'],
  );
});

test('a client that ends its half gets whole answers to what it has asked whole', async () => {
  const held: Reply[] = [];
  await using server = await ScriptedServer.start((_request, reply) => held.push(reply));
  await using started = await startBalancer([server.port]);
  using client = await FrameClient.connect(started.port);
  client.send(get(1, '/'), headers(3, [[':method', 'POST'], ...GET_FIELDS.slice(1)], 4));
  await until(() => held.length === 1, 'the request at the server');
  client.raw.socket.end();
  await until(() => client.goaway === ErrorCode.NoError, 'GOAWAY');
  held[0]?.send('whole');
  await until(() => client.raw.ended !== 'no', 'the connection ends');
  assert.deepEqual([client.raw.ended, body(client, 1)], ['end', 'whole']);
});

const ENDS: Record<string, readonly [limits: { idleTimeoutMs?: number }, end: (started: StartedBalancer) => Promise<void>]> = {
  'that was idle for too long': [{ idleTimeoutMs: 1_000 }, async () => {}],
  'that is idle while we go down': [
    {},
    async ({ balancer }) => {
      // Longer than DRAIN_IDLE_MS.
      await sleep(1_200);
      void balancer.drain(10_000);
    },
  ],
};

for (const [sentence, [limits, end]] of Object.entries(ENDS)) {
  test(`a connection ${sentence} says so first: a request that is on its way just then is served`, async () => {
    await using server = await ScriptedServer.start((_request, reply) => reply.send('served'));
    await using started = await startBalancer([server.port], balancerConfig({ limits }));
    using client = await FrameClient.connect(started.port);
    await end(started);
    await until(() => client.goaway !== null, 'GOAWAY');
    client.send(get(1, '/'));
    await until(() => body(client, 1) === 'served', 'it is served');
    await until(() => client.raw.ended === 'end', 'the connection ends');
    assert.equal(client.of(FrameType.Goaway).at(-1)?.payload.readUInt32BE(0), 1);
  });
}
