/** Bodies that go wrong on their way, pipelining, and clients that are slow: what each side sees, and that nothing grows without bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CHUNKED = 'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\n';

function connectionsToServer({ balancer }: StartedBalancer): number {
  return balancer.endpoints()[0]?.connections ?? 0;
}

/** Says `text` again and again until the connection has ended. */
function drip(client: RawClient, text: string, everyMs: number): Disposable {
  const timer = setInterval(() => client.ended === 'no' && client.say(text), everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const BAD_LATER: Record<string, string> = {
  '[13] a chunk size of 0x5': '0x5\r\nhello\r\n0\r\n\r\n',
  '[14] a chunk extension with a bare LF': '5;a\nhello\r\n0\r\n\r\n',
  '[15] chunk data that go on after their size': '5\r\nhello!!\r\n0\r\n\r\n',
  '[18] a trailer with a bare LF': '0\r\nX: 1\n\r\n',
};

for (const [sentence, bad] of Object.entries(BAD_LATER)) {
  test(`${sentence}, after the request has left: 400, and the server sees no end of it`, async () => {
    await using server = await ScriptedServer.start(named('answered'));
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    client.say(`${CHUNKED}3\r\nabc\r\n`);
    await until(() => server.bytes[0]?.endsWith('\r\n\r\n3\r\nabc\r\n') === true, 'the beginning has reached the server');
    client.say(bad + SMUGGLED);
    assert.match(await client.all(), /^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n/);
    assert.equal(client.ended, 'end');
    await until(() => connectionsToServer(started) === 0, 'the connection to the server is closed');
    assert.deepEqual(server.requests, [], 'requests that were whole');
    assert.equal(server.bytes.length, 1);
    assert.doesNotMatch(server.bytes[0] ?? '', /smuggled|0\r\n\r\n$/);
  });
}

test('[17] chunk extensions without end, a few bytes a chunk: refused', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say(CHUNKED);
  for (let each = 0; each < 1_000; each++) client.say(`1;${'e'.repeat(100)}\r\nx\r\n`);
  assert.match(await client.all(), /^HTTP\/1\.1 400 /);
  assert.deepEqual(server.requests, []);
  assert.doesNotMatch(server.bytes.join(''), /eee/);
});

test('[21] Expect: 100-continue answered at once: delivered, closed, and what the client sends nevertheless reaches no server', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${SMUGGLED.length}\r\nExpect: 100-continue\r\n\r\n`);
  await until(() => /\r\nExpect: 100-continue\r\n\r\n$/.test(server.received), 'the head has reached the server');
  server.say('HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nno!');
  await client.hear('no!');
  client.say(SMUGGLED + SMUGGLED);
  assert.equal(await client.all(), 'HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!');
  assert.equal(client.ended, 'end');
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  assert.equal(server.recordings.length, 1);
  assert.doesNotMatch(server.received, /smuggled/);
});

test('[22] an early answer while the body is coming: delivered, both sides closed, the rest of the body goes nowhere', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${5 + SMUGGLED.length}\r\n\r\nhello`);
  await until(() => server.received.endsWith('hello'), 'the first bytes have reached the server');
  server.say('HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nwho');
  await client.hear('who');
  client.say(SMUGGLED + SMUGGLED);
  assert.equal(await client.all(), 'HTTP/1.1 401 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwho');
  assert.equal(client.ended, 'end');
  await until(() => server.recordings[0]?.ended === 'closed', 'the connection to the server is closed');
  assert.equal(server.recordings.length, 1);
  assert.doesNotMatch(server.received, /smuggled/);
});

test('[23] a thousand pipelined requests: answered in order, and none after Connection: close', async () => {
  await using server = await ScriptedServer.start(({ target }, reply) => reply.send(`<${target}>`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  const targets = Array.from({ length: 1_000 }, (_, each) => `/${each}`);
  const requests = targets.map((target) => GET.replace('/', target));
  const last = GET_AND_CLOSE.replace('/', '/last');
  const heard = await client.say(requests.join('') + last + SMUGGLED).all();
  assert.deepEqual(
    heard.match(/<.*?>/g),
    [...targets, '/last'].map((target) => `<${target}>`),
  );
  assert.equal(client.ended, 'end');
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    [...targets, '/last'],
  );
});

test('[23] requests that came before the client ended its half are answered, and one that is not whole is not', async () => {
  await using server = await ScriptedServer.start(({ target }, reply) => reply.send(`<${target}>`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say(GET.replace('/', '/1') + GET.replace('/', '/2') + POST.replace('/', '/3').replace('3\r\n\r\n', '9\r\n\r\n'));
  client.socket.end();
  const heard = await client.all();
  assert.deepEqual(heard.match(/<.*?>/g), ['</1>', '</2>']);
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/1', '/2'],
  );
  await until(() => connectionsToServer(started) <= 1, 'the connection with the broken request is closed');
});

test('[23] a client that pipelines and reads no answers is served no further than its buffers reach', async () => {
  const body = 'x'.repeat(50_000);
  await using server = await ScriptedServer.start((_request, reply) => reply.send(body));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.socket.pause();
  const count = 800;
  client.say(GET.repeat(count));
  let asked = 0;
  let since = performance.now();
  await until(() => {
    if (server.requests.length !== asked) since = performance.now();
    asked = server.requests.length;
    return asked > 0 && performance.now() - since > 500;
  }, 'no more requests reach the server');
  // The kernel's buffers of both ends take a few megabytes; all the answers together are 40.
  assert.ok(asked < count / 2, `${asked} of ${count} requests were asked`);
  client.socket.resume();
  await until(() => server.requests.length === count, 'the rest is asked once the client reads');
  await until(() => client.heard.length > count * body.length, 'all answers have come');
});

test('[34] a head that drips in: 408 and close, and others are not hurt', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { headerTimeoutMs: 600 } }));
  using client = await RawClient.connect(started.port);
  client.say('GET / HTTP/1.1\r\nHost: shop\r\nX: ');
  using _drip = drip(client, 'x', 20);
  assert.match(await ask(started.port, GET_AND_CLOSE), /answered$/);
  assert.match(await client.all(), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
  assert.equal(client.ended, 'end');
  assert.equal(server.requests.length, 1);
  assert.equal(server.bytes.length, 1);
});

test('[34] a connection that says nothing at all is closed in time', async () => {
  await using started = await startBalancer([], balancerConfig({ limits: { idleTimeoutMs: 300 } }));
  using client = await RawClient.connect(started.port);
  assert.equal(await client.all(), '');
});

test('[35] a body that stops coming: 408, close, and the server sees no end of it', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { bodyTimeoutMs: 300 } }));
  using client = await RawClient.connect(started.port);
  client.say('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nhello');
  assert.match(await client.all(), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
  await until(() => connectionsToServer(started) === 0, 'the connection to the server is closed');
  assert.deepEqual(server.requests, []);
});

test('[35] a body that drips in: 408 and close, and others are not hurt', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using started = await startBalancer([server.port], balancerConfig({ limits: { bodyTimeoutMs: 600 } }));
  using client = await RawClient.connect(started.port);
  client.say('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\n');
  using _drip = drip(client, 'x', 20);
  assert.match(await ask(started.port, GET_AND_CLOSE), /answered$/);
  assert.match(await client.all(), /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
  await until(() => connectionsToServer(started) <= 1, 'the connection to the server is closed');
  assert.equal(server.requests.length, 1);
});

test('[35] a reader that stops reading: closed in time, the server too, and buffers are bounded', async () => {
  const piece = 'x'.repeat(65_536);
  let sent = 0;
  await using server = await ScriptedServer.start((_request, reply) => {
    reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
    const more = () => {
      while (!reply.socket.destroyed && reply.socket.write(piece)) sent += piece.length;
    };
    reply.socket.on('drain', more);
    more();
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { writeTimeoutMs: 600 } }));
  using client = await RawClient.connect(started.port);
  client.socket.pause();
  client.say(GET);
  await until(() => server.requests.length === 1, 'the request has reached the server');
  await until(() => connectionsToServer(started) === 0, 'the connection to the server is closed');
  await until(() => /^evenkeel_client_connections\{[^}]*\} 0$/m.test(started.balancer.metrics()), 'the connection to the client is closed');
  assert.ok(sent < 50_000_000, `${sent} bytes were taken from the server for a client that read none`);
});
