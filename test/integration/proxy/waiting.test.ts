/** limits.requestsPerServer: requests that find every server at its limit wait in fair order, few and not for long. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { LimitsConfig } from '../../../src/model/config.ts';
import { HoldingServer } from '../../support/holding-server.ts';
import { ask, GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { balancerConfig, endpointAt, failures, pending, startBalancer } from '../../support/start-balancer.ts';
import { steady, until } from '../../support/until.ts';

const LONG_WAIT = { pendingTimeoutMs: 60_000 };
const OVERLOAD = /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n/;

function limited(limits: Partial<LimitsConfig>) {
  return balancerConfig({ limits: { requestsPerServer: 1, ...LONG_WAIT, ...limits } });
}

async function get(port: number, target: string): Promise<RawClient> {
  return (await RawClient.connect(port)).say(`GET ${target} HTTP/1.1\r\nHost: shop\r\n\r\n`);
}

test('no server ever has more than requestsPerServer; those that wait are served in the order in which they came', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({ requestsPerServer: 2 }));
  const clients: RawClient[] = [];
  for (let each = 0; each < 8; each++) {
    clients.push(await get(started.port, `/${each}`));
    await until(() => server.held.length + pending(started) === each + 1, `/${each} is held or waits`);
  }
  assert.equal(pending(started), 6);
  for (let each = 0; each < 8; each++) {
    await until(() => server.held.length > 0, 'one is there');
    server.answer();
    await clients[each]?.hear(new RegExp(`/${each}$`));
  }
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    clients.map((_client, each) => `/${each}`),
  );
  assert.equal(server.most, 2);
  assert.equal(pending(started), 0);
  assert.deepEqual(failures(started), {});
  for (const client of clients) client[Symbol.dispose]();
});

test('round robin stays fair over servers that are at their limit now and then', async () => {
  await using a = await HoldingServer.start();
  await using b = await HoldingServer.start();
  await using started = await startBalancer([a.port, b.port], limited({}));
  const answers: Promise<string>[] = [];
  for (let each = 0; each < 40; each++) answers.push(ask(started.port, GET_AND_CLOSE));
  for (let answered = 0; answered < 40; ) {
    await until(() => a.held.length === 1 && (b.held.length === 1 || answered === 39), 'each holds one');
    a.answer();
    b.answer();
    answered += 2;
    if (answered < 40) await until(() => a.requests.length + b.requests.length === answered + 2, 'the next two are there');
  }
  for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.deepEqual([a.requests.length, b.requests.length, a.most, b.most], [20, 20, 1, 1]);
});

test('one over pendingRequests gets 503 at once, with Retry-After, and its connection goes on', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({ pendingRequests: 1 }));
  using first = await get(started.port, '/first');
  await until(() => server.held.length === 1, 'the first is held');
  using second = await get(started.port, '/second');
  await until(() => pending(started) === 1, 'the second waits');
  using third = await get(started.port, '/third');
  await third.hear(OVERLOAD);
  assert.doesNotMatch(third.heard, /Connection: close/);
  assert.deepEqual(failures(started), { TooManyPending: 1 });
  server.answer();
  await first.hear(/first$/);
  await until(() => server.held.length === 1, 'the second is held');
  third.heard = '';
  third.say(GET);
  await until(() => pending(started) === 1, 'there is room to wait again');
  server.answer();
  await second.hear(/second$/);
  await until(() => server.held.length === 1, 'the last is held');
  server.answer();
  await third.hear(/200 Said[\s\S]*\/$/);
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/first', '/second', '/'],
  );
});

test('nobody may wait with pendingRequests 0', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({ pendingRequests: 0 }));
  using _first = await get(started.port, '/first');
  await until(() => server.held.length === 1, 'the first is held');
  assert.match(await ask(started.port, GET_AND_CLOSE), OVERLOAD);
});

test('one that waits for pendingTimeout gets 503 with Retry-After, and reaches no server', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({ pendingTimeoutMs: 150 }));
  using first = await get(started.port, '/first');
  await until(() => server.held.length === 1, 'the first is held');
  assert.match(await ask(started.port, GET_AND_CLOSE), OVERLOAD);
  assert.deepEqual(failures(started), { PendingTimeout: 1 });
  server.answer();
  await first.hear(/first$/);
  assert.equal(server.requests.length, 1);
  assert.equal(pending(started), 0);
});

for (const [sentence, leave] of Object.entries({
  'resets its connection': (client: RawClient) => client.socket.resetAndDestroy(),
  'closes its connection': (client: RawClient) => client.socket.destroy(),
})) {
  test(`a client that ${sentence} while it waits leaves the line, and nothing of its request reaches a server`, async () => {
    await using server = await HoldingServer.start();
    await using started = await startBalancer([server.port], limited({}));
    using first = await get(started.port, '/first');
    await until(() => server.held.length === 1, 'the first is held');
    using second = await get(started.port, '/second');
    await until(() => pending(started) === 1, 'the second waits');
    using third = await get(started.port, '/third');
    await until(() => pending(started) === 2, 'the third waits');
    leave(second);
    await until(() => pending(started) === 1, 'the second has left');
    assert.deepEqual(failures(started), { ClientGone: 1 });
    server.answer();
    await first.hear(/first$/);
    await until(() => server.held.length === 1, 'the third is held');
    server.answer();
    await third.hear(/third$/);
    assert.deepEqual(
      server.requests.map(({ target }) => target),
      ['/first', '/third'],
    );
  });
}

test('a request whose server died goes before those that have not been anywhere', async () => {
  await using dying = await HoldingServer.start();
  await using other = await HoldingServer.start();
  await using started = await startBalancer([dying.port], limited({}));
  using rescued = await get(started.port, '/rescued');
  await until(() => dying.held.length === 1, 'the first server holds one');
  started.balancer.applyEndpoints([endpointAt(dying.port), endpointAt(other.port)], false);
  using first = await get(started.port, '/first');
  await until(() => other.held.length === 1, 'the other server holds one');
  using waiting = await get(started.port, '/waiting');
  await until(() => pending(started) === 1, 'one waits');
  await dying.kill();
  await until(() => pending(started) === 2, 'the rescued one waits too');
  other.answer();
  await first.hear(/first$/);
  await until(() => other.held.length === 1, 'the next is held');
  other.answer();
  await rescued.hear(/rescued$/);
  await until(() => other.held.length === 1, 'the last is held');
  other.answer();
  await waiting.hear(/waiting$/);
  assert.deepEqual(
    other.requests.map(({ target }) => target),
    ['/first', '/rescued', '/waiting'],
  );
});

test('those that wait are told at once when no server is left, and served when one comes', async () => {
  await using server = await HoldingServer.start();
  await using next = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({}));
  using first = await get(started.port, '/first');
  await until(() => server.held.length === 1, 'the first is held');
  using second = await get(started.port, '/second');
  await until(() => pending(started) === 1, 'the second waits');
  started.balancer.applyEndpoints([endpointAt(server.port), endpointAt(next.port)], false);
  await until(() => next.held.length === 1, 'the new server has it');
  using third = await get(started.port, '/third');
  await until(() => pending(started) === 1, 'the third waits');
  started.balancer.applyEndpoints([], false);
  await third.hear(/^HTTP\/1\.1 503 [\s\S]*no server is available/);
  server.answer();
  next.answer();
  await first.hear(/first$/);
  await second.hear(/second$/);
});

test('a limit that is raised or taken away lets those go that wait', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({}));
  const clients = [await get(started.port, '/0'), await get(started.port, '/1'), await get(started.port, '/2')];
  await until(() => server.held.length === 1 && pending(started) === 2, 'two wait');
  started.balancer.applyConfig(limited({ requestsPerServer: 2 }));
  await until(() => server.held.length === 2 && pending(started) === 1, 'one waits');
  started.balancer.applyConfig(limited({ requestsPerServer: 0 }));
  await until(() => server.held.length === 3 && pending(started) === 0, 'none waits');
  for (const client of clients) client[Symbol.dispose]();
});

test('connections of a TCP port wait too, and are served in their order', async () => {
  const greet = (socket: { write(text: string): unknown }, text: string) => socket.write(`hello ${text}`);
  await using server = await RecordingServer.start(({ received, socket }) => greet(socket, received));
  const listeners = [{ protocol: 'TCP' as const }];
  await using started = await startBalancer(
    [server.port],
    balancerConfig({ listeners, limits: { requestsPerServer: 1, pendingRequests: 1, ...LONG_WAIT } }),
  );
  using first = await RawClient.connect(started.port);
  await first.say('first').hear('hello first');
  using second = await RawClient.connect(started.port);
  second.say('second');
  await until(() => pending(started) === 1, 'the second waits');
  const third = connect(started.port, '127.0.0.1', () => third.write('third'));
  third.on('error', () => {});
  third.on('data', (chunk) => assert.fail(`it is told ${chunk}`));
  await until(() => third.closed, 'the third is closed');
  assert.deepEqual(failures(started), { TooManyPending: 1 });
  first.socket.end();
  await second.hear('hello second');
  assert.equal(server.received, 'firstsecond');
});

test('a client that leaves while it waits is seen to leave, with its body on the way too', async () => {
  await using server = await HoldingServer.start();
  await using started = await startBalancer([server.port], limited({}));
  using _first = await get(started.port, '/first');
  await until(() => server.held.length === 1, 'the server has its one');
  for (const rest of ['', 'x'.repeat(20)]) {
    using client = await RawClient.connect(started.port);
    client.say(`POST /second HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n${rest}`);
    await until(() => pending(started) === 1, 'it waits');
    client.socket.resetAndDestroy();
    await until(() => pending(started) === 0, 'it waits no longer');
  }
  assert.deepEqual(failures(started), { ClientGone: 2 });
});

const waitingTcp = (limits: Partial<LimitsConfig> = {}) =>
  balancerConfig({ listeners: [{ protocol: 'TCP' }], limits: { requestsPerServer: 1, ...LONG_WAIT, ...limits } });

test('TCP: a client that leaves while it waits is seen to leave', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], waitingTcp());
  using first = await RawClient.connect(started.port);
  first.say('first');
  await until(() => server.received === 'first', 'the server has its one');
  for (const leave of ['resetAndDestroy', 'end'] as const) {
    using client = await RawClient.connect(started.port);
    await until(() => pending(started) === 1, 'it waits');
    client.socket[leave]();
    await until(() => pending(started) === 0, 'it waits no longer');
  }
  using cut = await RawClient.connect(started.port);
  cut.say('second');
  await until(() => pending(started) === 1, 'it waits');
  cut.socket.resetAndDestroy();
  await until(() => pending(started) === 0, 'it waits no longer');
  first.socket.destroy();
  await until(() => started.balancer.endpoints()[0]?.active === 0, 'the server is free');
  assert.equal(server.received, 'first');
});

test('TCP: a client that has said all that it has to say waits for its answer', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], waitingTcp());
  using first = await RawClient.connect(started.port);
  first.say('first');
  await until(() => server.received === 'first', 'the server has its one');
  using client = await RawClient.connect(started.port);
  client.say('second').socket.end();
  await until(() => pending(started) === 1, 'it waits');
  await steady(() => pending(started));
  assert.equal(pending(started), 1);
  first.socket.destroy();
  await client.all();
  assert.equal(server.received, 'firstsecond');
});
