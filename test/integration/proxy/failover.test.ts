import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { named, type Script, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, type ConfigChanges, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const HTTP_CHECK = {
  check: httpCheck(),
  schedule: { type: 'Fixed' as const, intervalMs: 200 },
  timeoutMs: 150,
};

function config(changes: ConfigChanges = {}) {
  return balancerConfig({ ...changes, heartbeat: HTTP_CHECK });
}

const breaks: Script = (_request, reply) => reply.reset();
const saysNothing: Script = () => {};

/** Heartbeats go to `port`, wherever requests go: so only traffic tells of a server. */
function checkedAt(port: number, changes: ConfigChanges = {}) {
  return balancerConfig({ ...changes, heartbeat: { check: { type: 'TCP', port } } });
}

async function closedPort(): Promise<number> {
  await using server = await ScriptedServer.start(saysNothing);
  return server.port;
}

test('a GET whose server resets the connection is answered by another one', async () => {
  await using bad = await ScriptedServer.start(breaks);
  await using good = await ScriptedServer.start(named('good'));
  await using started = await startBalancer([bad.port, good.port], config());
  for (let each = 0; each < 4; each++) assert.match(await ask(started.port, GET_AND_CLOSE), /200 Said[\s\S]*good$/);
  assert.ok(bad.requests.length > 0, 'the bad one was asked');
});

test('a POST whose server resets the connection fails with 502, and no other server hears of it', async () => {
  await using bad = await ScriptedServer.start(breaks);
  await using good = await ScriptedServer.start(named('good'));
  await using started = await startBalancer([bad.port, good.port], config());
  const answers = [];
  for (let each = 0; each < 2; each++) answers.push(await ask(started.port, POST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')));
  assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 502 ')).length, 1);
  assert.equal(bad.requests.length, 1);
  assert.equal(good.requests.length, 1);
});

test('a POST to a server that refuses the connection is answered by another one: nothing of it had left', async () => {
  const refused = await closedPort();
  await using good = await ScriptedServer.start(named('good'));
  await using started = await startBalancer([refused, good.port], checkedAt(good.port));
  for (let each = 0; each < 2; each++) {
    using client = await RawClient.connect(started.port);
    await client.say(POST).hear(/200 Said[\s\S]*good$/);
  }
  assert.deepEqual(
    good.requests.map(({ body }) => body),
    ['x=1', 'x=1'],
  );
  assert.match(started.balancer.metrics(), /^evenkeel_retries_total\{listener="http"\} 1$/m);
});

test('where there is no server at all, the answer is 503', async () => {
  await using started = await startBalancer([], config());
  assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
});

test('requests that a frozen server holds: GETs are rescued, POSTs fail with 504 and run nowhere else', async () => {
  await using frozen = await ScriptedServer.start(named('frozen'));
  await using good = await ScriptedServer.start(named('good'));
  await using started = await startBalancer([frozen.port, good.port], config());
  await ask(started.port, GET_AND_CLOSE);
  frozen.silent = true;
  const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(started.port)));
  // In turn: each server gets one GET and one POST.
  const [get1, get2, post1, post2] = clients as [RawClient, RawClient, RawClient, RawClient];
  const before = frozen.requests.length + good.requests.length;
  get1.say(GET);
  await until(() => frozen.requests.length + good.requests.length === before + 1, 'the first has arrived');
  get2.say(GET);
  await until(() => frozen.requests.length + good.requests.length === before + 2, 'the second has arrived');
  post1.say(POST);
  post2.say(POST);
  for (const client of [get1, get2]) await client.hear(/200 Said[\s\S]*good$/);
  await Promise.all([post1.hear(/HTTP\/1\.1 (200|504) /), post2.hear(/HTTP\/1\.1 (200|504) /)]);
  const posts = [...frozen.requests, ...good.requests].filter(({ method }) => method === 'POST');
  assert.equal(posts.length, 2, 'each POST reached one server');
  const failed = [post1, post2].filter((client) => client.heard.startsWith('HTTP/1.1 504'));
  assert.equal(failed.length, frozen.requests.filter(({ method }) => method === 'POST').length);
  await until(() => started.report()?.failovers.length === 1, 'the failover is reported');
  for (const client of clients) client.socket.destroy();
});

test('a failover is reported with what was rescued and lost, and its recovery', async () => {
  await using frozen = await ScriptedServer.start(named('frozen'));
  await using good = await ScriptedServer.start(named('good'));
  await using started = await startBalancer([frozen.port, good.port], config());
  frozen.silent = true;
  using get = await RawClient.connect(started.port);
  using other = await RawClient.connect(started.port);
  get.say(GET);
  other.say(GET);
  await get.hear('good');
  await other.hear('good');
  await until(() => started.report()?.failovers[0]?.rescued === 1, 'one was rescued');
  const [failover] = started.report()?.failovers ?? [];
  assert.equal(failover?.reason, 'HeartbeatTimeout');
  assert.equal(failover?.lost, 0);
  assert.equal(failover?.outMilliseconds, null);
  frozen.silent = false;
  await until(() => typeof started.report()?.failovers[0]?.outMilliseconds === 'number', 'the recovery is reported');
  assert.deepEqual(started.report()?.unhealthyEndpoints, []);
});

test('[49] servers that break every request: retries stay within their budget', async () => {
  await using bad = await ScriptedServer.start(breaks);
  await using worse = await ScriptedServer.start(breaks);
  await using healthy = await ScriptedServer.start(saysNothing);
  const standing = checkedAt(healthy.port, { failover: { retryBudgetPercent: 0, maxEjectedPercent: 0 } });
  // In one second of the clock, which does not pass here, there are ten.
  await using started = await startBalancer([bad.port, worse.port], standing, { clock: () => 1_000 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(started.port, GET_AND_CLOSE)));
  assert.deepEqual(new Set(answers.map((answer) => answer.slice(0, 12))), new Set(['HTTP/1.1 502']));
  // An attempt that waits when its server breaks another one's may be hedged: that draws on the same budget.
  const again = [...started.balancer.metrics().matchAll(/^evenkeel_(?:retries|hedges)_total\{listener="http"\} (\d+)$/gm)];
  assert.equal(
    again.reduce((sum, [, count]) => sum + Number(count), 0),
    10,
  );
  assert.ok(bad.requests.length + worse.requests.length <= 60);
});

test('[49] an answer of 5xx is an answer: it is passed on, not tried again', async () => {
  await using server = await ScriptedServer.start((_request, reply) => reply.send('sorry', 503));
  await using other = await ScriptedServer.start((_request, reply) => reply.send('sorry', 503));
  await using started = await startBalancer([server.port, other.port], config());
  assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 Said[\s\S]*sorry$/);
  assert.equal(server.requests.length + other.requests.length, 1);
});

test('with None, a GET that left is not tried again', async () => {
  await using bad = await ScriptedServer.start(breaks);
  await using other = await ScriptedServer.start(breaks);
  await using started = await startBalancer([bad.port, other.port], config({ failover: { retryMethods: 'None' } }));
  assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 502 /);
  assert.equal(bad.requests.length + other.requests.length, 1);
});

test('a server that refuses new connections and finishes what it has loses no POST, though it is marked down', async () => {
  const replies: (() => void)[] = [];
  const finishes: Script = ({ method }, reply) => (method === 'POST' ? replies.push(() => reply.send('finished')) : reply.send('quick'));
  await using ending = await ScriptedServer.start(finishes);
  await using good = await ScriptedServer.start(finishes);
  const check = { ...HTTP_CHECK, check: { type: 'TCP' as const, port: await closedPort() } };
  await using started = await startBalancer([], balancerConfig({ heartbeat: HTTP_CHECK }));
  started.balancer.applyEndpoints([endpointAt(ending.port), endpointAt(good.port)], false);
  using one = await RawClient.connect(started.port);
  using two = await RawClient.connect(started.port);
  one.say(POST);
  two.say(POST);
  await until(() => replies.length === 2, 'each server has one');
  // From now on heartbeats are refused.
  started.balancer.applyConfig(balancerConfig({ generation: 2, heartbeat: check }));
  await until(() => started.balancer.report().failovers.length === 2, 'both are marked down');
  for (const reply of replies) reply();
  for (const client of [one, two]) await client.hear(/200 Said[\s\S]*finished$/);
  assert.equal(ending.requests.length + good.requests.length, 2, 'and each POST ran once');
});
