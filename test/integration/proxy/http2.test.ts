import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { answerOf, Http2Client } from '../../support/http2-client.ts';
import { ACK, END_HEADERS, FrameClient, FrameType, frame, GET_FIELDS, headers, PREFACE, uint32 } from '../../support/http2-frames.ts';
import { ask, GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

test('a request over HTTP/2 reaches the server as HTTP/1.1, with our fields, and its answer comes back', async () => {
  await using server = await ScriptedServer.start((_request, reply) =>
    reply.send('hello', 201, 'X-Served: yes\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'),
  );
  await using started = await startBalancer(
    [server.port],
    balancerConfig({ telemetry: { accessLog: 'None', responseHeader: 'X-Endpoint' } }),
  );
  using client = await Http2Client.connect(started.port);
  const answer = await client.ask({
    ':path': '/a?b=c',
    ':authority': 'shop:81',
    cookie: ['x=1', 'y=2'],
    te: 'trailers',
    'x-forwarded-for': '6.6.6.6',
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.body, 'hello');
  assert.equal(answer.headers['x-served'], 'yes');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(answer.headers['content-length'], '5');
  assert.equal(answer.headers['x-endpoint'], `127.0.0.1:${server.port}; attempts=1`);
  assert.equal(answer.headers['connection'], undefined);
  const { head } = server.requests[0]!;
  assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\nHost: shop:81\r\n/);
  assert.match(head, /\r\ncookie: x=1; y=2\r\n/);
  assert.match(head, /\r\nVia: 2\.0 [^\r]+\r\nX-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop:81\r\n/);
  assert.doesNotMatch(head, /^te:|^:|^connection:|^transfer-encoding|^content-length|6\.6\.6\.6/im);
});

test('the preface may come in pieces; HTTP/1.1 on the same port goes on, also where its first byte is the same', async () => {
  await using server = await ScriptedServer.start(named('one'));
  await using started = await startBalancer([server.port]);
  for (const size of [1, 7, 23]) {
    using client = await RawClient.connect(started.port);
    for (let at = 0; at < PREFACE.length; at += size) {
      client.say(PREFACE.slice(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.say(frame(FrameType.Settings, 0, 0));
    const acknowledged = frame(FrameType.Settings, ACK, 0).toString('latin1');
    await client.hear(acknowledged);
  }
  using client = await RawClient.connect(started.port);
  client.say('P');
  await new Promise((resolve) => setImmediate(resolve));
  client.say('RI / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
  assert.match(await client.all(), /^HTTP\/1\.1 200 /);
  assert.equal(server.requests[0]?.method, 'PRI');
  assert.match(await ask(started.port, GET_AND_CLOSE), /\r\n\r\none$/);
});

test('the preface after a request of HTTP/1.1 is no way into HTTP/2', async () => {
  await using server = await ScriptedServer.start(named('one'));
  await using started = await startBalancer([server.port]);
  assert.match(await ask(started.port, GET + PREFACE), /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 (400|505) /);
  assert.equal(server.requests.length, 1);
});

test('streams of one connection are balanced each on its own and answered as their servers answer', async () => {
  const held: (() => void)[] = [];
  await using slow = await ScriptedServer.start((_request, reply) => held.push(() => reply.send('slow')));
  await using fast = await ScriptedServer.start(named('fast'));
  await using started = await startBalancer([slow.port, fast.port]);
  using client = await Http2Client.connect(started.port);
  const answers = Array.from({ length: 10 }, () => client.ask());
  await until(() => held.length === 5 && fast.requests.length === 5, 'half of the requests at each');
  for (const answer of held) answer();
  assert.deepEqual((await Promise.all(answers)).map(({ body }) => body).toSorted(), [...Array(5).fill('fast'), ...Array(5).fill('slow')]);
});

test('bodies of 8 MB go both ways, with and without a length', async () => {
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (request.headers['content-length'] !== undefined) answer.setHeader('Content-Length', body.length);
    answer.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await using started = await startBalancer([(server.address() as AddressInfo).port]);
    using client = await Http2Client.connect(started.port);
    const body = Buffer.from(Array.from({ length: 8 * 1_048_576 }, (_, i) => (i * 7) & 0xff));
    for (const headers of [{}, { 'content-length': String(body.length) }]) {
      const answer = await client.ask({ ':method': 'POST', ...headers }, body);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.length, body.length);
      assert.ok(Buffer.from(answer.body, 'latin1').equals(body));
      assert.equal(answer.headers['transfer-encoding'], undefined);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('trailers of the server reach the client, but for those that may not stand there', async () => {
  await using server = await ScriptedServer.start((request, reply) => {
    const trailers = 'X-Check: ok\r\nContent-Length: 5\r\nSet-Cookie: evil=1\r\nX-Check: twice\r\n';
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n';
    if (request.target === '/at-once') reply.raw(`${head}3\r\nabc\r\n0\r\n${trailers}\r\n`);
    else {
      reply.raw(`${head}3\r\nabc\r\n`);
      setImmediate(() => setImmediate(() => reply.raw(`3\r\ndef\r\n0\r\n${request.target === '/none' ? '' : trailers}\r\n`)));
    }
  });
  await using started = await startBalancer([server.port]);
  using client = await Http2Client.connect(started.port);
  for (const [path, body] of [
    ['/at-once', 'abc'],
    ['/later', 'abcdef'],
  ] as const) {
    const answer = await client.ask({ ':path': path });
    assert.equal(answer.body, body);
    assert.deepEqual(Object.entries(answer.trailers), [['x-check', 'ok, twice']]);
    assert.equal(answer.resetCode, 0);
  }
  const none = await client.ask({ ':path': '/none' });
  assert.equal(none.body, 'abcdef');
  assert.deepEqual(Object.entries(none.trailers), []);
  assert.match(await ask(started.port, 'GET /at-once HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n'), /3\r\nabc\r\n0\r\n\r\n$/);
});

test('HEAD, 204, 304, 205 and responses that end with their connection are framed right', async () => {
  await using server = await ScriptedServer.start((request, reply) => {
    const by: Record<string, string> = {
      '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
      '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
      '/205': 'HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc',
      '/empty': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      '/close': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end',
    };
    reply.raw(by[request.target] ?? '');
    if (request.target === '/close') reply.socket.end();
  });
  await using started = await startBalancer([server.port]);
  using client = await Http2Client.connect(started.port);
  const head = await client.ask({ ':method': 'HEAD', ':path': '/head' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '5', '']);
  const said: [number, string, number][] = [];
  for (const path of ['/204', '/304', '/205', '/empty', '/close']) {
    const { status, body, resetCode } = await client.ask({ ':path': path });
    said.push([status, body, resetCode]);
  }
  assert.deepEqual(said, [
    [204, '', 0],
    [304, '', 0],
    [205, '', 0],
    [200, '', 0],
    [200, 'to the end', 0],
  ]);
});

test('interim answers come as interim heads; an Expect waits for its 100', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port]);
  using client = await Http2Client.connect(started.port);
  const stream = client.request({ ':method': 'POST', expect: '100-continue', 'content-length': '3' }, false);
  const answer = answerOf(stream);
  await until(() => server.received.includes('\r\n\r\n'), 'the head at the server');
  assert.match(server.received, /\r\nExpect: 100-continue\r\n/);
  server.say('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
  await once(stream, 'continue');
  stream.end('x=1');
  await until(() => server.received.endsWith('x=1'), 'the body at the server');
  server.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const { status, interims, body } = await answer;
  assert.deepEqual([status, interims, body], [200, [103, 100], 'ok']);
});

test('[43] a response that breaks off reaches the client as a cut', async () => {
  for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
    await using server = await ScriptedServer.start((_request, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nabcde`);
      setImmediate(() => reply.reset());
    });
    await using started = await startBalancer([server.port]);
    using client = await Http2Client.connect(started.port);
    const { status, resetCode } = await client.ask();
    assert.deepEqual([status, resetCode], [200, constants.NGHTTP2_INTERNAL_ERROR]);
  }
});

test('[22] an early answer is delivered whole, and the upload ended with NO_ERROR', async () => {
  await using server = await RecordingServer.start((recording) => {
    if (recording.received.includes('\r\n\r\n')) recording.socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 'latin1');
  });
  await using started = await startBalancer([server.port]);
  using client = await Http2Client.connect(started.port);
  const stream = client.request({ ':method': 'POST' }, false);
  stream.write('some');
  const { status, body, resetCode } = await answerOf(stream);
  assert.deepEqual([status, body, resetCode], [403, 'no', 0]);
  await until(() => server.recordings[0]?.ended !== 'no', 'the connection to the server ends');
});

test('a client that cuts a stream ends the attempt, and a body that was cut is never taken for a whole one', async () => {
  for (const code of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR]) {
    await using server = await RecordingServer.start();
    await using started = await startBalancer([server.port]);
    using client = await FrameClient.connect(started.port);
    client.send(headers(1, [[':method', 'POST'], ...GET_FIELDS.slice(1)], END_HEADERS), frame(FrameType.Data, 0, 1, 'half'));
    await until(() => server.received.endsWith('half\r\n'), 'half of the body at the server');
    client.send(frame(FrameType.Reset, 0, 1, uint32(code)));
    await until(() => server.recordings[0]?.ended !== 'no', 'the connection to the server ends');
    assert.match(server.received, /half\r\n$/);
  }
});

test('[42] requests that a frozen server holds are rescued over HTTP/2 too, and a POST runs nowhere else', async () => {
  await using frozen = await ScriptedServer.start(named('frozen'));
  await using alive = await ScriptedServer.start(named('alive'));
  await using started = await startBalancer(
    [frozen.port, alive.port],
    balancerConfig({
      heartbeat: {
        check: httpCheck(),
        timeoutMs: 150,
      },
    }),
  );
  using client = await Http2Client.connect(started.port);
  await client.ask();
  await client.ask();
  frozen.silent = true;
  const posts = ['p0', 'p1', 'p2', 'p3'].map((id) => client.ask({ ':method': 'POST', 'content-length': id.length }, id));
  const gets = await Promise.all(Array.from({ length: 10 }, () => client.ask()));
  assert.deepEqual(new Set(gets.map(({ status, body }) => `${status} ${body}`)), new Set(['200 alive']));
  const ran = (server: ScriptedServer, method: string) => server.requests.filter((each) => each.method === method).map(({ body }) => body);
  const held = ran(frozen, 'POST');
  assert.equal(held.length, 2);
  assert.equal(ran(frozen, 'GET').length, 1 + 5, 'one before it froze');
  assert.deepEqual(
    (await Promise.all(posts)).map(({ status }) => status),
    posts.map((_, n) => (held.includes(`p${n}`) ? 504 : 200)),
  );
  assert.deepEqual([...held, ...ran(alive, 'POST')].toSorted(), ['p0', 'p1', 'p2', 'p3'], 'each ran once');
});

test('where there is no server, the answer is 503 with our own words', async () => {
  await using started = await startBalancer([]);
  using client = await Http2Client.connect(started.port);
  const { status, body, headers } = await client.ask();
  assert.deepEqual([status, body, headers['cache-control']], [503, '503 Service Unavailable: no server is available\n', 'no-store']);
  assert.deepEqual([(await client.ask({ ':method': 'HEAD' })).status, (await client.ask({ ':method': 'HEAD' })).body], [503, '']);
});

test('a connection that comes of age says GOAWAY, finishes what it has, and ends', async () => {
  const held: (() => void)[] = [];
  await using server = await ScriptedServer.start((_request, reply) => held.push(() => reply.send('late')));
  await using started = await startBalancer([server.port], balancerConfig({ listeners: [{ maxConnectionAgeMs: 300 }] }));
  using client = await Http2Client.connect(started.port);
  const answer = client.ask();
  await until(() => client.goaway === constants.NGHTTP2_NO_ERROR, 'GOAWAY');
  for (const each of held) each();
  assert.equal((await answer).body, 'late');
  await until(() => client.session.destroyed, 'the session ends');
});
