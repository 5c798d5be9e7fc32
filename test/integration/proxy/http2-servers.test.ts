/** Servers that speak HTTP/2: clients of either protocol, the same attempts, and gRPC end to end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { answerOf, type Http2Answer, Http2Client } from '../../support/http2-client.ts';
import { type Handler, Http2Serving, say } from '../../support/http2-serving.ts';
import { ask, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, type ConfigChanges, failures, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

function http2Backend(changes: ConfigChanges = {}): ReturnType<typeof balancerConfig> {
  const config = balancerConfig(changes);
  return { ...config, backends: config.backends.map((backend) => ({ ...backend, protocol: 'HTTP2' })) };
}

test('a client of HTTP/1.1 is answered by a server of HTTP/2', async () => {
  await using server = await Http2Serving.start((stream, headers, body) => {
    stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'x-method': String(headers[':method']) });
    stream.end(`echo ${body}`);
  });
  await using started = await startBalancer([server.port], http2Backend());
  const answer = await ask(
    started.port,
    'POST /a?b HTTP/1.1\r\nHost: shop\r\nCookie: x=1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  );
  assert.match(
    answer,
    /^HTTP\/1\.1 200 \r\n[\s\S]*set-cookie: a=1\r\nset-cookie: b=2\r\n[\s\S]*x-method: POST\r\n[\s\S]*Transfer-Encoding: chunked\r\n/,
  );
  assert.match(answer, /8\r\necho abc\r\n0\r\n\r\n$/);
  const { headers } = server.requests[0]!;
  assert.equal(headers[':authority'], 'shop');
  assert.equal(headers[':path'], '/a?b');
  assert.equal(headers['cookie'], 'x=1');
  assert.match(String(headers['via']), /^1\.1 /);
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
});

test('heads without a body: HEAD, 204, an empty answer, and a length', async () => {
  await using server = await Http2Serving.start((stream, headers) => {
    const path = headers[':path'];
    if (path === '/204') stream.respond({ ':status': 204 }, { endStream: true });
    else if (path === '/length') say('five!')(stream, headers, '');
    else if (path === '/head') stream.respond({ ':status': 200, 'content-length': 5 }, { endStream: true });
    else stream.respond({ ':status': 200 }, { endStream: true });
  });
  await using started = await startBalancer([server.port], http2Backend());
  using client = await RawClient.connect(started.port);
  for (const [path, method, end] of [
    ['/204', 'GET', /^HTTP\/1\.1 204 \r\n(?!.*ransfer)[\s\S]*\r\n\r\n$/],
    ['/length', 'GET', /Content-Length: 5\r\n\r\nfive!$/],
    ['/head', 'HEAD', /Content-Length: 5\r\n\r\n$/],
    ['/empty', 'GET', /Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$/],
  ] as const) {
    client.heard = '';
    client.say(`${method} ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`);
    await client.hear(end);
  }
});

test('many requests share few connections, and each is balanced on its own', async () => {
  const held: ServerHttp2Stream[] = [];
  await using one = await Http2Serving.start((stream) => held.push(stream));
  await using two = await Http2Serving.start((stream) => held.push(stream));
  await using started = await startBalancer([one.port, two.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  const answers = Array.from({ length: 100 }, () => client.ask());
  await until(() => held.length === 100, 'all are at the servers');
  assert.deepEqual([one.requests.length, two.requests.length], [50, 50]);
  assert.deepEqual([one.used.size, two.used.size], [1, 1]);
  for (const stream of held) say('x')(stream, {}, '');
  assert.ok((await Promise.all(answers)).every(({ body }) => body === 'x'));
});

test('a server that allows few streams gets more connections', async () => {
  const held: ServerHttp2Stream[] = [];
  await using server = await Http2Serving.start((stream) => held.push(stream), { settings: { maxConcurrentStreams: 2 } });
  await using started = await startBalancer([server.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  const first = client.ask();
  await until(() => held.length === 1, 'its settings have come');
  const more = Array.from({ length: 5 }, () => client.ask());
  await until(() => held.length === 6, 'all six are at the server');
  assert.equal(server.used.size >= 3, true);
  for (const stream of held) say('x')(stream, {}, '');
  assert.ok((await Promise.all([first, ...more])).every(({ body }) => body === 'x'));
});

for (const [sentence, refuse] of [
  ['a stream that is refused', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  [
    'a stream above the last one of GOAWAY',
    (stream: ServerHttp2Stream) => stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id! - 2),
  ],
] as const) {
  test(`${sentence} was not processed: a POST is tried on another server`, async () => {
    await using refusing = await Http2Serving.start((stream, headers, body) => {
      if (headers[':method'] === 'POST') refuse(stream);
      else say('warm')(stream, headers, body);
    });
    await using other = await Http2Serving.start(say('other'));
    await using started = await startBalancer([refusing.port, other.port], http2Backend());
    using client = await Http2Client.connect(started.port);
    for (let n = 0; n < 4; n++) {
      // So that each connection has carried a stream: there is no last stream 0 that a server of node:http2 could name.
      await Promise.all([client.ask(), client.ask()]);
      assert.equal((await client.ask({ ':method': 'POST' }, 'x=1')).body, 'other');
    }
    assert.ok(
      refusing.requests.some(({ headers }) => headers[':method'] === 'POST'),
      'it was asked at all',
    );
  });
}

test('a stream that is reset otherwise: a GET is tried again, a POST fails with 502', async () => {
  await using broken = await Http2Serving.start((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  await using other = await Http2Serving.start(say('other'));
  await using started = await startBalancer([broken.port, other.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  const gets = await Promise.all([client.ask(), client.ask()]);
  assert.deepEqual(
    gets.map(({ body }) => body),
    ['other', 'other'],
  );
  const posts = await Promise.all([client.ask({ ':method': 'POST' }, 'x'), client.ask({ ':method': 'POST' }, 'x')]);
  assert.deepEqual(posts.map(({ status }) => status).toSorted(), [200, 502]);
});

/** A heartbeat of gRPC's answer: SERVING. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const isHeartbeat = (headers: IncomingHttpHeaders) => headers[':path'] === '/grpc.health.v1.Health/Check';

test('what a frozen server holds is rescued, and its POSTs run nowhere else', async () => {
  let frozen = false;
  const serve =
    (name: string, isFrozen: () => boolean): Handler =>
    (stream, headers, body) => {
      if (isFrozen()) return;
      if (!isHeartbeat(headers)) {
        say(name)(stream, headers, body);
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(SERVING);
    };
  await using victim = await Http2Serving.start(serve('victim', () => frozen));
  await using alive = await Http2Serving.start(serve('alive', () => false));
  // With the first that it misses it is out, so that nothing is hedged before.
  const heartbeat = { check: { type: 'GRPC', service: '', port: null }, timeoutMs: 500, failureThreshold: 1 } as const;
  await using started = await startBalancer([victim.port, alive.port], http2Backend({ heartbeat }));
  using client = await Http2Client.connect(started.port);
  await Promise.all([client.ask(), client.ask()]);
  frozen = true;
  const posts = ['p0', 'p1', 'p2', 'p3'].map((id) => client.ask({ ':method': 'POST' }, id));
  const gets = Array.from({ length: 6 }, () => client.ask());
  assert.deepEqual(
    (await Promise.all(gets)).map(({ status, body }) => `${status} ${body}`),
    gets.map(() => '200 alive'),
  );
  const ran = (server: Http2Serving, method: string) =>
    server.requests.filter(({ headers }) => headers[':method'] === method && !isHeartbeat(headers)).map(({ body }) => body);
  const held = ran(victim, 'POST');
  assert.equal(held.length, 2);
  assert.deepEqual(
    (await Promise.all(posts)).map(({ status }, n) => [`p${n}`, status]),
    posts.map((_, n) => [`p${n}`, held.includes(`p${n}`) ? 504 : 200]),
  );
  assert.deepEqual([...held, ...ran(alive, 'POST')].toSorted(), ['p0', 'p1', 'p2', 'p3'], 'each ran once');
  // One of the two that came before the freeze was its own.
  const rescues = ran(victim, 'GET').length - 1;
  assert.equal(rescues, 3);
  assert.match(started.balancer.metrics(), new RegExp(`^evenkeel_rescues_total\\{listener="http"\\} ${rescues}$`, 'm'));
  assert.deepEqual(failures(started), { Unhealthy: 2 });
  assert.equal(started.balancer.report().unhealthyEndpoints.length, 1);
});

test('[43] a response that is reset in its middle is a cut for clients of both protocols', async () => {
  await using server = await Http2Serving.start((stream) => {
    stream.respond({ ':status': 200 });
    stream.write('half');
    setImmediate(() => stream.destroy(new Error('dies')));
  });
  await using started = await startBalancer([server.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  assert.notEqual((await client.ask()).resetCode, 0);
  assert.doesNotMatch(await ask(started.port, GET_AND_CLOSE), /\r\n0\r\n\r\n$/);
});

test('where nobody listens the answer is 503', async () => {
  const server = await Http2Serving.start(say('x'));
  const { port } = server;
  await server[Symbol.asyncDispose]();
  await using started = await startBalancer([port], http2Backend());
  using client = await Http2Client.connect(started.port);
  assert.equal((await client.ask({ ':method': 'POST' }, 'x')).status, 503);
});

const GRPC = { ':method': 'POST', ':path': '/shop.Cart/Add', 'content-type': 'application/grpc', te: 'trailers' };

test('gRPC: te reaches the server, status comes back in the trailers, or in the head alone', async () => {
  await using server = await Http2Serving.start((stream, headers) => {
    if (headers[':path'] === '/none') {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
    stream.end('message');
  });
  await using started = await startBalancer([server.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  const answer = await client.ask(GRPC, 'request');
  assert.deepEqual([answer.body, answer.trailers['grpc-status'], answer.trailers['grpc-message']], ['message', '0', 'fine']);
  assert.equal(server.requests[0]?.headers['te'], 'trailers');
  const none = await client.ask({ ...GRPC, ':path': '/none' }, 'request');
  assert.deepEqual([none.headers['grpc-status'], none.headers['content-length'], none.resetCode], ['12', undefined, 0]);
});

test('gRPC: a stream that pauses is no body that stalls', async () => {
  await using server = await Http2Serving.start(say('done'));
  await using started = await startBalancer([server.port], http2Backend({ limits: { bodyTimeoutMs: 100 } }));
  using client = await Http2Client.connect(started.port);
  const stream = client.request(GRPC, false);
  const answer = answerOf(stream);
  stream.write('a');
  // What has that deadline is told so meanwhile.
  const stalled = client.request({ ':method': 'POST' }, false);
  stalled.write('a');
  assert.equal((await answerOf(stalled)).status, 408);
  stream.end('b');
  assert.equal((await answer).body, 'done');
  assert.equal(server.requests.at(-1)?.body, 'ab');
});

test('gRPC: a stream both ways, message by message', async () => {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('data', (chunk: Buffer) => stream.write(`re:${chunk}`));
    stream.on('end', () => stream.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await using started = await startBalancer([(server.address() as AddressInfo).port], http2Backend());
    using client = await Http2Client.connect(started.port);
    const stream = client.request(GRPC, false);
    const answer = answerOf(stream);
    for (let n = 0; n < 5; n++) {
      stream.write(`m${n}`);
      const [chunk] = (await once(stream, 'data')) as [Buffer];
      assert.equal(chunk.toString(), `re:m${n}`);
    }
    stream.end();
    const { body, trailers, resetCode } = await answer;
    assert.deepEqual([body, trailers['grpc-status'], resetCode], ['re:m0re:m1re:m2re:m3re:m4', '0', 0]);
  } finally {
    server.close();
  }
});

test('4 MB go both ways, and a client that does not read holds up no other one', async () => {
  // Under the 10 MB of one session's memory, over which node:http2 resets streams, in this client and this server too.
  const big = 'b'.repeat(4 * 1_048_576);
  await using server = await Http2Serving.start((stream, headers, body) => {
    stream.respond({ ':status': 200 });
    stream.end(headers[':path'] === '/big' ? big : String(body.length));
  });
  await using started = await startBalancer([server.port], http2Backend());
  using lazy = await Http2Client.connect(started.port);
  const unread = lazy.request({ ':path': '/big' });
  await once(unread, 'response');
  using client = await Http2Client.connect(started.port);
  const posted = await client.ask({ ':method': 'POST' }, big);
  assert.deepEqual([posted.status, posted.body], [200, String(big.length)]);
  assert.equal((await client.ask({ ':path': '/big' })).body.length, big.length);
  assert.equal((await answerOf(unread)).body.length, big.length);
});

/** Begins a response, says `said`, and leaves it at that. */
const silentAfter =
  (said: string, held: ServerHttp2Stream[]): Handler =>
  (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': String(headers['content-type']) });
    stream.write(said);
    held.push(stream);
  };
const GRPC_CALL = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

test('a gRPC call that stands still goes on where another response is given up', async () => {
  const held: ServerHttp2Stream[] = [];
  await using server = await Http2Serving.start(silentAfter('begun', held));
  await using started = await startBalancer([server.port], http2Backend({ failover: { responseTimeoutMs: 100 } }));
  using client = await Http2Client.connect(started.port);
  const call = client.request(GRPC_CALL);
  const heard: string[] = [];
  call.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  await until(() => heard.length === 1, 'it has begun');
  for (let each = 0; each < 3; each++) await client.ask({ ':method': 'POST', 'content-type': 'text/plain' });
  assert.deepEqual(failures(started), { ResponseTimeout: 3 });
  held[0]?.write(' again');
  await until(() => heard.length === 2, 'it goes on');
  assert.equal(call.destroyed, false);
});

test('a gRPC call that stands still for as long as a tunnel may is given up, and nothing is held against its server', async () => {
  await using server = await Http2Serving.start(silentAfter('begun', []));
  const config = http2Backend({ failover: { responseTimeoutMs: 50 }, limits: { tunnelIdleTimeoutMs: 200 } });
  await using started = await startBalancer([server.port], config);
  using client = await Http2Client.connect(started.port);
  for (let each = 0; each < 6; each++) assert.notEqual((await client.ask(GRPC_CALL)).resetCode, 0);
  assert.deepEqual(failures(started), { TunnelIdleTimeout: 6 });
  assert.equal(started.balancer.report().unhealthyEndpoints.length, 0);
});

test('a gRPC call that stands still is given up soon where its server has missed its heartbeats', async () => {
  await using server = await Http2Serving.start(silentAfter('begun', []));
  await using heartbeats = await ScriptedServer.start(named('x'));
  const config = http2Backend({ failover: { responseTimeoutMs: 100 }, heartbeat: { check: { type: 'TCP', port: heartbeats.port } } });
  await using started = await startBalancer([server.port], config);
  using client = await Http2Client.connect(started.port);
  const call = client.request(GRPC_CALL);
  const answer = answerOf(call);
  await until(() => server.requests.length === 1, 'it has arrived');
  await heartbeats.kill();
  assert.notEqual((await answer).resetCode, 0);
  assert.deepEqual(failures(started), { ResponseTimeout: 1 });
});

/** A request with a body in two pieces, and trailers behind it. */
async function askWithTrailers(client: Http2Client, headers: OutgoingHttpHeaders, trailers: OutgoingHttpHeaders): Promise<Http2Answer> {
  const stream = client.session.request({ ':method': 'POST', ':authority': 'shop', ...headers }, { waitForTrailers: true });
  stream.on('error', () => {});
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  const answer = answerOf(stream);
  stream.write('one');
  await new Promise(setImmediate);
  stream.end(' two');
  return answer;
}

test('trailers of a request reach a server of HTTP/2, but for those that may not stand there', async () => {
  await using server = await Http2Serving.start(say('ok'));
  await using started = await startBalancer([server.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  const trailers = { 'x-check': 'sum', authorization: 'evil', 'x-forwarded-for': '10.0.0.1', via: 'evil' };
  assert.equal((await askWithTrailers(client, {}, trailers)).body, 'ok');
  assert.equal((await askWithTrailers(client, {}, { authorization: 'evil' })).body, 'ok');
  assert.equal((await client.ask({ ':method': 'POST' }, 'no trailers')).body, 'ok');
  const seen = server.requests.map(({ body, trailers }) => [body, Object.entries(trailers)]);
  assert.deepEqual(seen, [
    ['one two', [['x-check', 'sum']]],
    ['one two', []],
    ['no trailers', []],
  ]);
});

test('trailers of a request go along where it is sent to another server', async () => {
  await using refusing = await Http2Serving.start((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  await using other = await Http2Serving.start(say('other'));
  await using started = await startBalancer([refusing.port, other.port], http2Backend());
  using client = await Http2Client.connect(started.port);
  for (let each = 0; each < 2; each++) assert.equal((await askWithTrailers(client, {}, { 'x-check': 'sum' })).body, 'other');
  assert.deepEqual(
    other.requests.map(({ body, trailers }) => [body, trailers['x-check']]),
    [
      ['one two', 'sum'],
      ['one two', 'sum'],
    ],
  );
});

test('trailers of a request are dropped on the way to a server of HTTP/1.1', async () => {
  await using server = await ScriptedServer.start((_request, reply) => reply.send('ok'));
  await using started = await startBalancer([server.port]);
  using client = await Http2Client.connect(started.port);
  assert.equal((await askWithTrailers(client, {}, { 'x-check': 'sum' })).body, 'ok');
  assert.doesNotMatch(server.bytes.join(''), /x-check/);
  assert.match(server.bytes.join(''), /0\r\n\r\n$/);
});

test('trailers over the limit of a head are refused', async () => {
  await using server = await Http2Serving.start(say('ok'));
  await using started = await startBalancer([server.port], http2Backend({ limits: { headerBytes: 1_024 } }));
  using client = await Http2Client.connect(started.port);
  const { status, resetCode } = await askWithTrailers(client, {}, { 'x-check': 'x'.repeat(1_100) });
  assert.ok(status === 431 || resetCode !== 0, `${status} ${resetCode}`);
  assert.equal(server.requests.length, 0);
});
