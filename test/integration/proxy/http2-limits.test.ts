/** The limits of spec.limits for clients of HTTP/2: the answer on the stream, what the server received, the reason in the metrics, and that the connection goes on. */
import assert from 'node:assert/strict';
import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { test } from 'node:test';
import type { LimitsConfig } from '../../../src/model/config.ts';
import { type Http2Answer, Http2Client } from '../../support/http2-client.ts';
import { RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, type Reply, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, pending, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const LONG = 'x'.repeat(2_000);

/** A request that is refused under `limits`, and nothing of which reaches a server. */
interface Refusal {
  readonly limits: Partial<LimitsConfig>;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  readonly status: number;
  readonly reason: string;
}

const REFUSED: Record<string, Refusal> = {
  'a head over headerBytes': { limits: { headerBytes: 1_500 }, headers: { 'x-large': LONG }, status: 431, reason: 'HeadTooLarge' },
  'a target over uriBytes': {
    limits: { uriBytes: 256 },
    headers: { ':path': `/${'x'.repeat(256)}` },
    status: 414,
    reason: 'TargetTooLong',
  },
  'a Content-Length over bodyBytes': {
    limits: { bodyBytes: 1_999 },
    headers: { ':method': 'POST', 'content-length': '2000', 'x-large': 'no' },
    body: LONG,
    status: 413,
    reason: 'BodyTooLarge',
  },
};

const said = ({ status, body }: Http2Answer) => `${status} ${body}`;

for (const [sentence, { limits, headers, body, status, reason }] of Object.entries(REFUSED)) {
  test(`[19] over HTTP/2 ${sentence}: ${status}, and the connection goes on`, async () => {
    await using server = await ScriptedServer.start(named('answered'));
    await using started = await startBalancer([server.port], balancerConfig({ limits }));
    using client = await Http2Client.connect(started.port);
    assert.match(said(await client.ask(headers, body)), new RegExp(`^${status} ${status} `));
    assert.equal(said(await client.ask()), '200 answered');
    assert.equal(client.goaway, null);
    assert.deepEqual(failures(started), { [reason]: 1 });
    assert.doesNotMatch(server.bytes.join(''), /POST|x-large|xxx/);
  });
}

test('[19] over HTTP/2 more fields than headerCount: 431, and the connection goes on', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { headerCount: 8 } }));
  using client = await Http2Client.connect(started.port);
  const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, '1']));
  assert.match(said(await client.ask(fields(9))), /^431 431 /);
  assert.equal(said(await client.ask(fields(8))), '200 answered');
  assert.equal(server.requests.length, 1);
});

test('[19] over HTTP/2 a body that grows over bodyBytes: 413, and the server sees no end of it', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], balancerConfig({ limits: { bodyBytes: 2_500 } }));
  using client = await Http2Client.connect(started.port);
  const stream = client.request({ ':method': 'POST' }, false);
  const status = new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])));
  stream.write(LONG);
  await until(() => server.received.endsWith(`${LONG}\r\n`), 'the beginning has reached the server');
  stream.write('y'.repeat(2_000));
  assert.equal(await status, 413);
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  assert.doesNotMatch(server.received, /y|0\r\n\r\n$/);
  assert.deepEqual(failures(started), { BodyTooLarge: 1 });
});

test('over HTTP/2 requestTimeout: 504 while no answer has begun, a cut where one has, and the connection goes on', async () => {
  const held: Reply[] = [];
  await using server = await ScriptedServer.start(({ target }, reply) => {
    if (target === '/') return reply.send('answered');
    if (target === '/begun') reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun');
    held.push(reply);
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestTimeoutMs: 150 } }));
  using client = await Http2Client.connect(started.port);
  const [slow, begun] = await Promise.all([client.ask({ ':path': '/slow' }), client.ask({ ':path': '/begun' })]);
  assert.match(said(slow), /^504 504 [^\0]*the request took too long\n$/);
  assert.deepEqual([begun.status, begun.resetCode], [200, constants.NGHTTP2_INTERNAL_ERROR]);
  await until(() => held.length === 2 && held.every(({ socket }) => socket.destroyed), 'the connections to the server are closed');
  assert.equal(said(await client.ask()), '200 answered');
  assert.deepEqual(failures(started), { RequestTimeout: 2 });
});

test('over HTTP/2 one over pendingRequests gets 503 at once, one that waits for pendingTimeout in time, with Retry-After', async () => {
  const held: Reply[] = [];
  await using server = await ScriptedServer.start((_request, reply) => held.push(reply));
  const limits = { requestsPerServer: 1, pendingRequests: 1, pendingTimeoutMs: 300 };
  await using started = await startBalancer([server.port], balancerConfig({ limits }));
  using client = await Http2Client.connect(started.port);
  const first = client.ask();
  await until(() => held.length === 1, 'the first is held');
  const second = client.ask();
  await until(() => pending(started) === 1, 'the second waits');
  for (const answer of [await client.ask(), await second]) assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  held[0]?.send('first');
  assert.equal(said(await first), '200 first');
  assert.deepEqual(failures(started), { TooManyPending: 1, PendingTimeout: 1 });
  assert.equal(server.requests.length, 1);
});

test('after requestsPerConnection requests over HTTP/2: GOAWAY, and what is on its way is answered', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestsPerConnection: 3 } }));
  using client = await Http2Client.connect(started.port);
  for (let n = 0; n < 3; n++) assert.equal(said(await client.ask()), '200 answered');
  await until(() => client.goaway === constants.NGHTTP2_NO_ERROR, 'GOAWAY');
  await until(() => client.session.destroyed, 'the connection ends');
  assert.deepEqual(failures(started), {});
});

test('a connection over connectionsPerPort is closed before it has said that it speaks HTTP/2', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { connectionsPerPort: 1 } }));
  using client = await Http2Client.connect(started.port);
  assert.equal(said(await client.ask()), '200 answered');
  using other = await RawClient.connect(started.port);
  assert.match(await other.all(), /^HTTP\/1\.1 503 /);
  assert.equal(said(await client.ask()), '200 answered');
  assert.deepEqual(failures(started), { TooManyConnections: 1 });
});
