/** A balancer, in a process of its own, that gets more than it or its servers can take, is stopped for a while, or is to end under load. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ChildBalancer } from '../../support/child-balancer.ts';
import { ChildServer } from '../../support/child-server.ts';
import { Load } from '../../support/load.ts';
import { ask, GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const HEALTHZ = {
  check: httpCheck(),
  schedule: { type: 'Fixed', intervalMs: 200 },
  timeoutMs: 1_000,
} as const;

/** Answers heartbeats after a while, so that some are always under way, and all else at once. */
async function thoughtfulServer(): Promise<Server> {
  const server = createServer((request, answer) => {
    if (request.url === '/healthz') setTimeout(() => answer.end('ok'), 300);
    else answer.end('answered');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const FAILOVERS = 'evenkeel_failovers_total';

test('[46] overload: what finds no room gets 503 at once, the rest is served, memory stays flat, the admin port answers', async () => {
  await using a = await ChildServer.start('a');
  await using b = await ChildServer.start('b');
  const limits = { requestsPerServer: 4, pendingRequests: 20, pendingTimeoutMs: 100, connectionsPerPort: 200 };
  await using balancer = await ChildBalancer.start([a.port, b.port], balancerConfig({ heartbeat: HEALTHZ, limits }));
  const rounds: number[] = [];
  using load = new Load(balancer.port, 'GET', 150);
  for (let round = 1; round <= 6; round++) {
    await until(() => load.statuses.length > round * 4_000, `round ${round}`, 60_000);
    assert.match(await balancer.page('/healthz'), /^HTTP\/1\.1 200 /);
    assert.match(await balancer.page('/readyz'), /^HTTP\/1\.1 200 /);
    rounds.push(balancer.memory);
  }
  await load.stop();
  const served = load.statuses.filter((status) => status === 200).length;
  assert.ok(served > 500, `${served} served`);
  assert.deepEqual(new Set(load.failures), new Set([503]));
  const [warm = 0, ...later] = rounds.slice(1);
  assert.ok(Math.max(...later) < warm + 40_000_000, `resident bytes, round by round: ${rounds}`);
  assert.equal(await balancer.metric(FAILOVERS), 0, 'no server is blamed for it');
  assert.ok((await balancer.metric('evenkeel_failures_total{listener="http",reason="TooManyPending"}')) > 0);
  assert.equal(await balancer.metric('evenkeel_pending_requests{listener="http"}'), 0);
});

test('[46] more connections than there may be: each further one hears 503, and those that are there are served', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  await using balancer = await ChildBalancer.start([server.port], balancerConfig({ limits: { connectionsPerPort: 20 } }));
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(balancer.port)));
  for (const client of clients) await client.say(GET).hear(/answered$/);
  for (let each = 0; each < 200; each++) {
    using further = await RawClient.connect(balancer.port);
    assert.match(await further.all(), /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n/);
  }
  for (const client of clients) {
    client.heard = '';
    await client.say(GET).hear(/answered$/);
    client[Symbol.dispose]();
  }
});

test('a reader of the access log who stands still stops nobody: lines are dropped, and counted when there is a reader again', async () => {
  await using server = await ScriptedServer.start(named('answered'));
  const config = balancerConfig({ telemetry: { accessLog: 'JSON', responseHeader: null } });
  await using balancer = await ChildBalancer.start([server.port], config);
  const request = `GET /${'x'.repeat(10_000)} HTTP/1.1\r\nHost: shop\r\n\r\n`;
  using client = await RawClient.connect(balancer.port);
  balancer.read(false);
  for (let each = 0; each < 1_500; each++) {
    client.heard = '';
    await client.say(request).hear(/answered$/);
  }
  balancer.read(true);
  await until(() => balancer.output.some((line) => line.includes('"target":"/xxx')), 'what was held is read');
  await until(async () => {
    client.heard = '';
    await client.say(GET).hear(/answered$/);
    return balancer.output.some((line) => /"dropped":[1-9]/.test(line));
  }, 'the lines that were dropped are counted');
  await until(() => balancer.output.at(-1)?.includes('"target":"/","status":200') === true, 'the log goes on');
  for (const line of balancer.output) assert.doesNotThrow(() => JSON.parse(line));
});

test('[47] no file descriptors left: no crash, no server blamed, and all is well once there are some again', async () => {
  await using a = await ScriptedServer.start(named('answered'));
  await using b = await ScriptedServer.start(named('answered'));
  const config = balancerConfig({ heartbeat: HEALTHZ });
  await using balancer = await ChildBalancer.start([a.port, b.port], config, { openFiles: 100 });
  // A connection to the admin port that is there already answers to the last.
  using admin = await RawClient.connect(balancer.adminPort);
  await admin.say('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n').hear('200 OK');
  const clients: RawClient[] = [];
  for (let each = 0; each < 300; each++) {
    const client = await RawClient.connect(balancer.port).catch(() => null);
    if (client) clients.push(client.say(GET));
  }
  await until(() => clients.some(({ ended }) => ended !== 'no') || clients.some(({ heard }) => heard.includes(' 503 ')), 'it runs out');
  // For some heartbeats, during which nothing may happen to the servers.
  await delay(1_500);
  admin.heard = '';
  await admin.say('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n').hear('200 OK');
  for (const client of clients) assert.match(client.heard, /^$|^HTTP\/1\.1 200 |^HTTP\/1\.1 503 /);
  for (const client of clients) client[Symbol.dispose]();
  await until(async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(balancer.port, GET_AND_CLOSE).catch(String)));
    return answers.every((answer) => answer.endsWith('answered'));
  }, 'it serves again');
  assert.ok(balancer.running);
  assert.equal(await balancer.metric(FAILOVERS), 0);
});

test('[48] configuration that changes under load, again and again: nothing fails', async () => {
  await using a = await ChildServer.start('a');
  await using b = await ChildServer.start('b');
  const started = await startBalancer([a.port, b.port], balancerConfig({ heartbeat: HEALTHZ }));
  await using _started = started;
  using load = new Load(started.port, 'POST');
  const strategies = ['Random', 'WeightedRoundRobin', 'RoundRobin'] as const;
  for (let generation = 2; generation < 32; generation++) {
    const { length } = load.statuses;
    await until(() => load.statuses.length > length + 30, 'requests flow');
    started.balancer.applyConfig(
      balancerConfig({
        generation,
        strategy: strategies[generation % 3] ?? 'RoundRobin',
        heartbeat: { ...HEALTHZ, schedule: { type: 'Fixed', intervalMs: 100 + generation } },
        limits: {
          requestsPerServer: (generation % 2) * 2,
          requestsPerConnection: (generation % 4) * 10,
          requestTimeoutMs: (generation % 3) * 10_000,
        },
      }),
    );
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('[48] SIGTERM under load, with another balancer to go to: nothing fails, and it ends by itself', async () => {
  await using a = await ChildServer.start('a');
  await using b = await ChildServer.start('b');
  const config = balancerConfig({ heartbeat: HEALTHZ });
  await using going = await ChildBalancer.start([a.port, b.port], config, { drainDelayMs: 1_000 });
  await using staying = await ChildBalancer.start([a.port, b.port], config);
  // New connections go where readiness says, as those through a Service do.
  let ready = true;
  using load = new Load(() => (ready ? going.port : staying.port), 'POST');
  await until(() => load.statuses.length > 200, 'requests flow');
  going.signal('SIGTERM');
  await until(async () => (await going.page('/readyz')).startsWith('HTTP/1.1 503 '), 'it says that it is not ready');
  const { length } = load.statuses;
  await until(() => load.statuses.length > length + 50, 'it still serves');
  ready = false;
  assert.equal(await going.ended(), 0);
  const { length: before } = load.statuses;
  await until(() => load.statuses.length > before + 200, 'the other serves');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('[51] a balancer that is frozen for 2 s convicts no server when it wakes, and fails nothing', async () => {
  await using a = await thoughtfulServer();
  await using b = await thoughtfulServer();
  // One miss would be enough.
  const config = balancerConfig({ heartbeat: { ...HEALTHZ, failureThreshold: 1 } });
  await using balancer = await ChildBalancer.start([portOf(a), portOf(b)], config);
  using load = new Load(balancer.port, 'POST');
  await until(() => load.statuses.length > 200, 'requests flow');
  for (let each = 0; each < 3; each++) {
    balancer.signal('SIGSTOP');
    await delay(2_000);
    balancer.signal('SIGCONT');
    const { length } = load.statuses;
    await until(() => load.statuses.length > length + 100, 'requests flow again');
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(await balancer.metric(FAILOVERS), 0);
});
