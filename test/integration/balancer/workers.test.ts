import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ChildServer } from '../../support/child-server.ts';
import { Http2Client } from '../../support/http2-client.ts';
import { Load } from '../../support/load.ts';
import { GET, POST, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, endpointAt, httpCheck } from '../../support/start-balancer.ts';
import { type StartedWorkers, startWorkers } from '../../support/start-workers.ts';
import { acceptedBy } from '../../support/system-sockets.ts';
import { until } from '../../support/until.ts';

const ONLY_LINUX = process.platform === 'linux' ? false : 'only Linux spreads connections among processes';
const HTTP_CHECK = httpCheck();
const CONFIG = balancerConfig({
  heartbeat: { check: HTTP_CHECK, schedule: { type: 'Fixed', intervalMs: 200 }, timeoutMs: 1_000 },
});
const ANSWERED = 'evenkeel_requests_total{listener="http",class="2xx"}';

const stateOf = ({ balancer }: StartedWorkers, port: number) =>
  balancer.endpoints().find(({ endpoint }) => endpoint.port === port)?.state ?? 'gone';

const answersOf = ({ heard }: RawClient) => heard.split('HTTP/1.1 ').length - 1;

async function ask(client: RawClient, request = GET): Promise<void> {
  const before = answersOf(client);
  client.say(request);
  await until(() => answersOf(client) > before || client.ended !== 'no', 'an answer');
  assert.equal(client.ended, 'no');
}

/** Connections that have had an answer, so many for each of two workers. */
async function clientsOfEach(started: StartedWorkers, each: number): Promise<Map<number, RawClient[]>> {
  const clients = new Map<number, RawClient[]>(started.pids().map((pid) => [pid, []]));
  while ([...clients.values()].some(({ length }) => length < each)) {
    const client = await RawClient.connect(started.port);
    await client.say(GET).hear('200 Said');
    const pid = acceptedBy(started.pids(), client.socket.localPort ?? 0, started.port) ?? 0;
    const own = clients.get(pid);
    assert.ok(own, 'a worker has the connection');
    if (own.length < each) own.push(client);
    else client.socket.destroy();
  }
  return clients;
}

test('two workers share a port, with one set of heartbeats', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  const heartbeat = { check: HTTP_CHECK, schedule: { type: 'Fixed', intervalMs: 600_000 }, timeoutMs: 10_000 } as const;
  await using started = await startWorkers(2, [server.port], balancerConfig({ heartbeat }));
  const clients = await clientsOfEach(started, 2);
  assert.equal(clients.size, 2);
  await until(() => server.heartbeats > 0, 'a new server is checked at once');
  assert.equal(server.heartbeats, 1, 'by one process');
  assert.equal(started.metric('evenkeel_workers'), 2);
});

test('what workers count is added up, and so is what they give each server', { skip: ONLY_LINUX }, async () => {
  await using a = await ScriptedServer.start(named('a'));
  await using b = await ScriptedServer.start(named('b'));
  await using started = await startWorkers(2, [a.port, b.port], CONFIG);
  const clients = [...(await clientsOfEach(started, 2)).values()].flat();
  const sent = a.requests.length + b.requests.length;
  for (const client of clients) await ask(client);
  await until(() => started.metric(ANSWERED) === sent + 4, 'every answer is counted');
  await until(() => started.metric('evenkeel_client_connections{listener="http"}') === 4, 'and every open connection');
  assert.equal(started.metric('evenkeel_request_duration_seconds_count{listener="http"}'), sent + 4);
  assert.equal(started.metric('evenkeel_endpoints{backend="fixed",state="Healthy"}'), 2, 'an endpoint is no more than one');
  const given = () => started.balancer.endpoints().map(({ requests }) => requests);
  await until(() => given().reduce((sum, each) => sum + each, 0) === sent + 4, `each server's own: ${given()}`);
});

test('a server that is frozen is out for every worker at once, and each rescues what it holds', { skip: ONLY_LINUX }, async () => {
  await using healthy = await ScriptedServer.start(named('healthy'));
  await using victim = await ScriptedServer.start(named('victim'));
  await using started = await startWorkers(2, [healthy.port, victim.port], CONFIG);
  const clients = await clientsOfEach(started, 6);
  victim.silent = true;
  victim.script = () => {};
  const all = [...clients.values()].flat();
  await Promise.all(all.map((client) => ask(client)));
  await until(() => stateOf(started, victim.port) === 'Unhealthy', 'it is out');
  for (const client of all) await ask(client);
  assert.ok(
    all.every(({ heard }) => !/HTTP\/1.1 [^2]/.test(heard)),
    'nothing failed',
  );
  const held = victim.requests.slice(-12).length;
  assert.ok(held > 0);
  const rescued = () => started.balancer.report().failovers[0]?.rescued ?? 0;
  await until(() => rescued() > 1, 'rescues are reported');
  assert.equal(started.balancer.report().failovers.length, 1, 'and it is one failover');
  assert.equal(started.balancer.report().failovers[0]?.lost, 0);
  victim.silent = false;
  victim.script = named('victim');
  await until(() => stateOf(started, victim.port) === 'Healthy', 'it is back');
  for (const [client] of clients.values()) {
    const before = victim.requests.length;
    for (let each = 0; each < 40 && client && victim.requests.length === before; each++) await ask(client);
    assert.ok(victim.requests.length > before, 'for each worker');
  }
});

for (const method of ['GET', 'POST']) {
  test(`${method}: servers are killed under load: no GET fails, no POST is run twice`, { skip: ONLY_LINUX }, async () => {
    await using a = await ChildServer.start('a');
    await using b = await ChildServer.start('b');
    await using victim = await ChildServer.start('victim');
    await using started = await startWorkers(2, [a.port, b.port, victim.port], CONFIG);
    using load = new Load(started.port, method, 12);
    await until(() => victim.ran.length > 40, 'the victim takes its share');
    await victim.kill();
    await until(() => stateOf(started, victim.port) === 'Unhealthy', 'it is out');
    const { length } = load.statuses;
    await until(() => load.statuses.length > length + 100, 'the others serve');
    await load.stop();
    if (method === 'GET') assert.deepEqual(load.failures, []);
    else assert.ok(load.failures.length <= 24 && load.failures.every((status) => status === 502), JSON.stringify(load.failures));
    const ran = [a, b, victim].flatMap((each) => each.ran);
    if (method === 'POST') assert.equal(new Set(ran).size, ran.length);
  });
}

test('what one worker sees of a server counts for all: five failures of two workers put it out', { skip: ONLY_LINUX }, async () => {
  await using good = await ScriptedServer.start(named('good'));
  await using bad = await ScriptedServer.start(named('bad'));
  await using started = await startWorkers(2, [good.port, bad.port], CONFIG);
  const [[one], [other]] = [...(await clientsOfEach(started, 1)).values()] as [[RawClient], [RawClient]];
  bad.script = (_request, reply) => reply.raw('no HTTP at all\r\n\r\n');
  const before = bad.requests.length;
  const failures = () => bad.requests.length - before;
  while (failures() < 3) await ask(one, POST);
  assert.equal(stateOf(started, bad.port), 'Healthy');
  while (stateOf(started, bad.port) === 'Healthy') await ask(other, POST);
  assert.equal(stateOf(started, bad.port), 'Unhealthy');
  assert.equal(started.balancer.report().failovers[0]?.reason, 'TrafficFailed');
  assert.ok(failures() >= 5 && failures() < 8, `neither has seen five: ${failures()}`);
});

test('a server that is silent to one worker and speaks to another is not suspected', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using other = await ScriptedServer.start(named('b'));
  const heartbeat = { check: HTTP_CHECK, schedule: { type: 'Fixed', intervalMs: 600_000 }, timeoutMs: 10_000 } as const;
  await using started = await startWorkers(2, [server.port, other.port], balancerConfig({ heartbeat }));
  const [[waiting], [busy]] = [...(await clientsOfEach(started, 1)).values()] as [[RawClient], [RawClient]];
  // Enough answers that each worker knows what is normal.
  for (let each = 0; each < 60; each++) await Promise.all([ask(waiting), ask(busy)]);
  let finish = () => {};
  const hold = (_request: unknown, reply: { send(body: string): void }) => {
    finish = () => reply.send('at last');
    server.script = other.script = named('quick');
  };
  server.script = other.script = hold;
  waiting.say('GET /poll HTTP/1.1\r\nHost: shop\r\n\r\n');
  await until(() => server.script !== hold, 'it waits');
  for (const end = performance.now() + 1_000; performance.now() < end; await delay(5)) await ask(busy);
  // Suspicion brings a check forward, whose answer would be the reason then.
  assert.deepEqual(
    started.balancer.endpoints().map(({ reason }) => reason),
    ['Discovered', 'Discovered'],
  );
  finish();
  await waiting.hear('at last');
});

test('a worker that dies is replaced, and nothing that was counted is lost', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startWorkers(2, [server.port], CONFIG);
  const clients = await clientsOfEach(started, 2);
  const sent = server.requests.length;
  await until(() => started.metric(ANSWERED) === sent, 'all is counted');
  const [[victim, cut], [, kept]] = [...clients] as [[number, RawClient[]], [number, RawClient[]]];
  process.kill(victim, 'SIGKILL');
  for (const client of cut) await until(() => client.ended !== 'no', 'its connections break');
  for (const client of kept) await ask(client);
  await until(() => started.pids().length === 2 && !started.pids().includes(victim), 'another takes its place');
  await clientsOfEach(started, 1);
  assert.equal(started.metric('evenkeel_worker_restarts_total'), 1);
  await until(() => started.metric(ANSWERED) === server.requests.length, 'what the dead one had counted is still there');
  assert.match(started.log.join('\n'), /a worker has ended; another takes its place .*"how":"SIGKILL"/);
});

test('a worker that takes the place of another knows who is out', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using victim = await ScriptedServer.start(named('victim'));
  await using started = await startWorkers(2, [server.port, victim.port], CONFIG);
  victim.silent = true;
  await until(() => stateOf(started, victim.port) === 'Unhealthy', 'one is out');
  const [old = 0] = started.pids();
  process.kill(old, 'SIGKILL');
  await until(() => started.pids().length === 2 && !started.pids().includes(old), 'another takes its place');
  const before = victim.requests.length;
  const clients = await clientsOfEach(started, 1);
  for (const [client] of clients.values()) for (let each = 0; client && each < 10; each++) await ask(client);
  assert.equal(victim.requests.length, before);
});

test('a worker that hangs is ended, and replaced', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startWorkers(2, [server.port], CONFIG, { silentMs: 3_000 });
  const [old = 0] = started.pids();
  process.kill(old, 'SIGSTOP');
  await until(() => started.pids().length === 2 && !started.pids().includes(old), 'another takes its place', 60_000);
  assert.match(started.log.join('\n'), /a worker hangs, and is ended/);
});

test('a change of configuration under load drops nothing', { skip: ONLY_LINUX }, async () => {
  await using a = await ChildServer.start('a');
  await using b = await ChildServer.start('b');
  await using started = await startWorkers(2, [a.port, b.port], CONFIG);
  using load = new Load(started.port, 'GET', 8);
  await until(() => load.statuses.length > 50, 'requests flow');
  const [http] = CONFIG.listeners;
  assert.ok(http);
  const two = { ...CONFIG, generation: 2, strategy: 'Random', listeners: [http, { ...http, name: 'more' }] } as const;
  started.balancer.applyConfig(two);
  started.balancer.applyEndpoints(
    [a.port, b.port].flatMap((port) => [endpointAt(port), endpointAt(port, { portName: 'more' })]),
    false,
  );
  await started.balancer.listening();
  using more = new Load(started.balancer.port('more'), 'GET', 4);
  await until(() => more.statuses.length > 50, 'a new listener serves');
  await more.stop();
  started.balancer.applyConfig({ ...CONFIG, generation: 3 });
  started.balancer.applyEndpoints([endpointAt(b.port)], false);
  await started.balancer.listening();
  const ran = a.ran.length;
  const { length } = load.statuses;
  await until(() => load.statuses.length > length + 200, 'requests go on');
  await load.stop();
  assert.deepEqual([...load.failures, ...more.failures], []);
  assert.ok(a.ran.length <= ran + 8, 'who is not listed any more gets nothing');
  assert.equal(started.balancer.port('more'), 0);
});

test('a port that somebody else has is found out, and had later', { skip: ONLY_LINUX }, async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as { port: number };
  await using server = await ScriptedServer.start(named('a'));
  const config = balancerConfig({ listeners: [{ bindPort: port }] });
  await assert.rejects(startWorkers(2, [server.port], config), { code: 'EADDRINUSE' });
  await using started = await startWorkers(2, [server.port], CONFIG);
  started.balancer.applyConfig(config);
  await assert.rejects(started.balancer.listening(), { code: 'EADDRINUSE' });
  assert.match(started.balancer.report().configError, /cannot listen/);
  await new Promise((resolve) => squatter.close(resolve));
  started.balancer.applyConfig({ ...config, generation: 3 });
  await started.balancer.listening();
  using client = await RawClient.connect(port);
  await client.say(GET).hear('200 Said');
});

test('going down, every worker finishes what it has, and all of them end', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  const started = await startWorkers(2, [server.port], CONFIG);
  const clients = [...(await clientsOfEach(started, 2)).values()].flat();
  const replies: (() => void)[] = [];
  server.script = (_request, reply) => void replies.push(() => reply.send('finished'));
  for (const client of clients) client.say(GET);
  await until(() => replies.length === 4, 'all are under way');
  const pids = started.pids();
  const drained = started.balancer.drain(20_000);
  await until(() => refused(started.port), 'nobody is taken any more');
  for (const reply of replies) reply();
  for (const client of clients) assert.match(await client.all(), /Connection: close[\s\S]*finished$/i);
  await drained;
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

async function refused(port: number): Promise<boolean> {
  try {
    const client = await RawClient.connect(port);
    client.socket.destroy();
    return false;
  } catch {
    return true;
  }
}

test('clients of HTTP/2 are served by every worker, counted together, and told before all go down', { skip: ONLY_LINUX }, async () => {
  const held: (() => void)[] = [];
  await using server = await ScriptedServer.start(({ target }, reply) => {
    if (target === '/held') held.push(() => reply.send('held'));
    else reply.send('at once');
  });
  await using started = await startWorkers(2, [server.port], CONFIG);
  const clients: Http2Client[] = [];
  const by = new Set<number | undefined>();
  try {
    while (by.size < 2) {
      const client = await Http2Client.connect(started.port);
      clients.push(client);
      by.add(acceptedBy(started.pids(), client.session.socket.localPort ?? 0, started.port));
    }
    for (const client of clients) assert.equal((await client.ask()).body, 'at once');
    await until(() => started.metric(ANSWERED) === clients.length, 'all are counted');
    const answers = clients.map((client) => client.ask({ ':path': '/held' }));
    await until(() => held.length === clients.length, 'one of each is held');
    const down = started.balancer.drain(20_000);
    await until(() => clients.every(({ goaway }) => goaway === 0), 'all are told');
    for (const answer of held) answer();
    for (const answer of await Promise.all(answers)) assert.deepEqual([answer.status, answer.body], [200, 'held']);
    await down;
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

test('the limit of connections is shared out', { skip: ONLY_LINUX }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startWorkers(2, [server.port], balancerConfig({ limits: { connectionsPerPort: 4 } }));
  const clients: RawClient[] = [];
  for (let each = 0; each < 40; each++) clients.push((await RawClient.connect(started.port)).say(GET));
  for (const client of clients) await client.hear(/HTTP\/1.1 (?:200|503)/);
  assert.equal(clients.filter(({ heard }) => heard.startsWith('HTTP/1.1 200')).length, 4);
  for (const client of clients) client.socket.destroy();
});
