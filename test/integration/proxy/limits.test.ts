/**
 * Each limit of spec.limits against a whole balancer: the answer, the end of the connection, what the server received, and the reason in
 * the metrics. That each applies to connections that are open when it changes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitsConfig } from '../../../src/model/config.ts';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, type Reply, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const LONG = 'x'.repeat(2_000);
const CHUNKED = 'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n';

function connectionsToServer({ balancer }: StartedBalancer): number {
  return balancer.endpoints()[0]?.connections ?? 0;
}

function changeLimits({ balancer }: StartedBalancer, limits: Partial<LimitsConfig>): void {
  balancer.applyConfig(balancerConfig({ generation: 2, limits }));
}

/** A request that is refused under `limits`, and nothing of which reaches a server. */
interface Refusal {
  readonly limits: Partial<LimitsConfig>;
  readonly wire: string;
  /** The same with what the client would go on to send; left out: nothing. */
  readonly whole?: string;
  readonly status: number;
  readonly reason: string;
}

const REFUSED: Record<string, Refusal> = {
  '[19] a head over headerBytes': {
    limits: { headerBytes: 1_500 },
    wire: `GET / HTTP/1.1\r\nHost: shop\r\nX: ${LONG}\r\n\r\n`,
    status: 431,
    reason: 'HeadTooLarge',
  },
  '[19] more fields than headerCount': {
    limits: { headerCount: 8 },
    wire: `GET / HTTP/1.1\r\nHost: shop\r\n${'X: 1\r\n'.repeat(8)}\r\n`,
    status: 431,
    reason: 'TooManyFields',
  },
  '[19] a target over uriBytes': {
    limits: { uriBytes: 256 },
    wire: `GET /${'x'.repeat(256)} HTTP/1.1\r\nHost: shop\r\n\r\n`,
    status: 414,
    reason: 'TargetTooLong',
  },
  '[19] a Content-Length over bodyBytes': {
    limits: { bodyBytes: 1_999 },
    wire: `POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000\r\n\r\n${LONG}`,
    status: 413,
    reason: 'BodyTooLarge',
  },
  '[19] a Content-Length over bodyBytes, that asks before it sends': {
    limits: { bodyBytes: 1_999 },
    wire: 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n',
    whole: `POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n${LONG}`,
    status: 413,
    reason: 'BodyTooLarge',
  },
  '[19] chunks over bodyBytes that come with their head': {
    limits: { bodyBytes: 1_999 },
    wire: `${CHUNKED}7d0\r\n${LONG}\r\n0\r\n\r\n`,
    status: 413,
    reason: 'BodyTooLarge',
  },
};

for (const [sentence, { limits, wire, whole, status, reason }] of Object.entries(REFUSED)) {
  test(`${sentence}: ${status}, closed, and nothing of it reaches a server; also on a connection that is open when the limit comes`, async () => {
    await using server = await ScriptedServer.start(named('answered'));
    await using started = await startBalancer([server.port]);
    using unlimited = await RawClient.connect(started.port);
    await unlimited.say(whole ?? wire).hear(/answered$/);
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear(/answered$/);
    const before = server.bytes.join('');
    changeLimits(started, limits);
    client.heard = '';
    assert.match(await client.say(wire).all(), new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\nConnection: close\\r\\n`));
    assert.equal(client.ended, 'end');
    assert.deepEqual(failures(started), { [reason]: 1 });
    assert.match(await ask(started.port, GET_AND_CLOSE), /answered$/, 'others');
    assert.equal(server.bytes.join('').slice(0, before.length), before);
    assert.doesNotMatch(server.bytes.join('').slice(before.length), /POST|X: |xxx/);
  });
}

test('what fits its limits exactly is answered', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { uriBytes: 256, bodyBytes: 2_000, headerCount: 2 } }));
  using client = await RawClient.connect(started.port);
  client.say(`POST /${'x'.repeat(255)} HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000\r\n\r\n${LONG}`);
  client.say(`${CHUNKED}3e8\r\n${LONG.slice(0, 1_000)}\r\n3e8\r\n${LONG.slice(0, 1_000)}\r\n0\r\n\r\n`);
  await client.hear(/answered[\s\S]*answered$/);
  assert.deepEqual(failures(started), {});
});

test('[19] chunks that grow over bodyBytes on their way: 413, closed, and the server sees no end of them', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], balancerConfig({ limits: { bodyBytes: 2_500 } }));
  using client = await RawClient.connect(started.port);
  client.say(`${CHUNKED}7d0\r\n${LONG}\r\n`);
  await until(() => server.received.endsWith(`${LONG}\r\n`), 'the beginning has reached the server');
  client.say(`7d0\r\n${'y'.repeat(2_000)}\r\n0\r\n\r\n`);
  assert.match(await client.all(), /^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/);
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  assert.doesNotMatch(server.received, /y|0\r\n\r\n$/);
  assert.deepEqual(failures(started), { BodyTooLarge: 1 });
});

test('connections over connectionsPerPort: 503 with Retry-After, and closed; when one has left there is room again', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { connectionsPerPort: 2 } }));
  using first = await RawClient.connect(started.port);
  using second = await RawClient.connect(started.port);
  await first.say(GET).hear(/answered$/);
  await second.say(GET).hear(/answered$/);
  using third = await RawClient.connect(started.port);
  assert.match(await third.all(), /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\nConnection: close\r\n/);
  assert.deepEqual(failures(started), { TooManyConnections: 1 });
  first.heard = '';
  await first.say(GET).hear(/answered$/);
  second.socket.destroy();
  await until(() => /^evenkeel_client_connections\{[^}]*\} 1$/m.test(started.balancer.metrics()), 'one has left');
  assert.match(await ask(started.port, GET_AND_CLOSE), /answered$/);
  assert.equal(server.requests.length, 4);
});

test('after requestsPerConnection requests: Connection: close, and what was pipelined behind is not asked', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestsPerConnection: 2 } }));
  using client = await RawClient.connect(started.port);
  const heard = await client.say(GET.repeat(3)).all();
  const [first, second, ...more] = heard.split(/(?=HTTP\/1\.1 200)/);
  assert.doesNotMatch(first ?? '', /Connection/);
  assert.match(second ?? '', /\r\nConnection: close\r\n[\s\S]*answered$/);
  assert.deepEqual([more, client.ended, server.requests.length], [[], 'end', 2]);
  assert.deepEqual(failures(started), {});
});

test('a head over headerTimeout: 408; the limit also holds for a connection that was open when it changed', async () => {
  await using started = await startBalancer([]);
  using client = await RawClient.connect(started.port);
  client.say('GET / HTTP/1.1\r\nHost: ');
  changeLimits(started, { headerTimeoutMs: 100 });
  assert.match(await client.all(), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
  assert.deepEqual(failures(started), { HeadTimeout: 1 });
});

test('a body slower than bodyProgressBytes in bodyTimeout: 408; one that is faster is let through', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  const limits = { bodyTimeoutMs: 700, bodyProgressBytes: 100 };
  await using started = await startBalancer([server.port], balancerConfig({ limits }));
  using slow = await RawClient.connect(started.port);
  using fast = await RawClient.connect(started.port);
  const head = 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4000\r\n\r\n';
  slow.say(head);
  fast.say(head);
  let sent = 0;
  const timer = setInterval(() => {
    if (slow.ended === 'no') slow.say('x');
    if (sent < 4_000) fast.say('x'.repeat(50));
    sent += 50;
  }, 25);
  try {
    assert.match(await slow.all(), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
    await fast.hear(/answered$/);
  } finally {
    clearInterval(timer);
  }
  assert.deepEqual(
    server.requests.map(({ body }) => body.length),
    [4_000],
  );
  assert.deepEqual(failures(started), { BodyTimeout: 1 });
});

test('a connection that is idle for idleTimeout is closed without a word; the limit also holds for one that was idle when it changed', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET).hear(/answered$/);
  client.heard = '';
  changeLimits(started, { idleTimeoutMs: 100 });
  assert.deepEqual([await client.all(), client.ended], ['', 'end']);
  assert.deepEqual(failures(started), {});
});

test('a client that takes nothing for writeTimeout is cut', async () => {
  await using server = await ScriptedServer.start((_request, reply) => reply.send('x'.repeat(20_000_000)));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { writeTimeoutMs: 600 } }));
  using client = await RawClient.connect(started.port);
  client.socket.pause();
  client.say(GET);
  await until(() => failures(started).WriteTimeout === 1, 'it is counted');
  await until(() => /^evenkeel_client_connections\{[^}]*\} 0$/m.test(started.balancer.metrics()), 'the connection to the client is closed');
  await until(() => server.connections <= 1, 'the connection to the server is closed');
});

test('requestTimeout: 504 while no answer has begun, and the server is let go of; the connection goes on', async () => {
  let held: Reply | undefined;
  await using server = await ScriptedServer.start(({ target }, reply) => {
    if (target === '/slow') held = reply;
    else reply.send('answered');
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestTimeoutMs: 150 } }));
  using client = await RawClient.connect(started.port);
  client.say(GET.replace('/', '/slow'));
  await client.hear(/^HTTP\/1\.1 504 [^\0]*the request took too long\n$/);
  assert.doesNotMatch(client.heard, /Connection: close/);
  await until(() => held?.socket.destroyed === true, 'the connection to the server is closed');
  client.heard = '';
  await client.say(GET).hear(/answered$/);
  assert.deepEqual(failures(started), { RequestTimeout: 1 });
});

test('requestTimeout: a response that has begun is cut, even if it goes on and on', async () => {
  await using server = await ScriptedServer.start((_request, reply) => {
    reply.raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const timer = setInterval(() => reply.raw('1\r\nx\r\n'), 20);
    reply.socket.on('close', () => clearInterval(timer));
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestTimeoutMs: 300 } }));
  using client = await RawClient.connect(started.port);
  const heard = await client.say(GET).all();
  assert.match(heard, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n1\r\nx\r\n$/);
  assert.equal(client.ended, 'reset');
  assert.deepEqual(failures(started), { RequestTimeout: 1 });
});

test('requestTimeout does not end a connection that was upgraded', async () => {
  await using server = await ScriptedServer.start((_request, reply) => {
    reply.raw('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    reply.socket.on('data', (chunk: Buffer) => reply.socket.write(chunk));
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { requestTimeoutMs: 100 } }));
  using client = await RawClient.connect(started.port);
  await client.say('GET / HTTP/1.1\r\nHost: shop\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n').hear('101 ');
  using other = await RawClient.connect(started.port);
  other.say('GET /slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\n\r\n');
  await other.hear(/^HTTP\/1\.1 504 /);
  await client.say('still here').hear(/still here$/);
});

for (const [protocol, listeners] of Object.entries({
  'an upgraded connection': [{}],
  'a TCP connection': [{ protocol: 'TCP' as const }],
})) {
  test(`[40] ${protocol} without a byte for tunnelIdleTimeout, or half-open for tunnelHalfOpenTimeout, is cut on both sides`, async () => {
    await using server = await RecordingServer.start(({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.removeAllListeners('end');
    });
    await using started = await startBalancer([server.port], balancerConfig({ listeners }));
    const upgrade = 'GET / HTTP/1.1\r\nHost: shop\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
    using half = await RawClient.connect(started.port);
    using idle = await RawClient.connect(started.port);
    await half.say(upgrade).hear('101 ');
    await idle.say(upgrade).hear('101 ');
    half.socket.end();
    const change = (limits: Partial<LimitsConfig>) => started.balancer.applyConfig(balancerConfig({ generation: 2, listeners, limits }));
    change({ tunnelHalfOpenTimeoutMs: 100 });
    await half.all();
    // It has had our end before: that nobody is there any more it learns when it says something.
    await until(() => {
      server.recordings[0]?.socket.write('anybody there?');
      return server.recordings[0]?.ended === 'closed';
    }, 'the half-open one is closed at the server too');
    assert.deepEqual([idle.ended, failures(started)], ['no', { TunnelHalfOpenTimeout: 1 }]);
    change({ tunnelIdleTimeoutMs: 100 });
    await idle.all();
    await until(() => connectionsToServer(started) === 0, 'the connection to the server is closed');
    assert.deepEqual(failures(started), { TunnelHalfOpenTimeout: 1, TunnelIdleTimeout: 1 });
  });
}

test('a body that the replay buffer has no room for goes out whole, on a new connection and on one that is kept alive', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ failover: { replayBufferBytes: 0 } }));
  using client = await RawClient.connect(started.port);
  await client.say(POST).hear(/answered$/);
  client.heard = '';
  await client.say(POST).hear(/answered$/);
  assert.deepEqual(
    server.requests.map(({ body }) => body),
    ['x=1', 'x=1'],
  );
  assert.equal(server.bytes.length, 1);
});
