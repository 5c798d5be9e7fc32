import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChildServer } from '../../support/child-server.ts';
import { Load } from '../../support/load.ts';
import { balancerConfig, httpCheck, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CONFIG = balancerConfig({
  heartbeat: {
    check: httpCheck(),
    schedule: { type: 'Fixed', intervalMs: 200 },
    // Far longer than a busy machine keeps a healthy server from answering.
    timeoutMs: 1_000,
  },
});

function stateOf(started: StartedBalancer, port: number): string {
  return started.balancer.endpoints().find(({ endpoint }) => endpoint.port === port)?.state ?? 'gone';
}

function isRunOnce(servers: readonly ChildServer[]): void {
  const all = servers.flatMap(({ ran }) => ran);
  assert.equal(new Set(all).size, all.length, 'no request was run twice');
}

for (const method of ['GET', 'POST']) {
  test(`[41] ${method}: a server is killed under load, and comes back`, async () => {
    await using a = await ChildServer.start('a');
    await using b = await ChildServer.start('b');
    await using victim = await ChildServer.start('victim');
    await using started = await startBalancer([a.port, b.port, victim.port], CONFIG);
    using load = new Load(started.port, method);
    await until(() => victim.ran.length > 20, 'the victim takes its share');
    await victim.kill();
    await until(() => stateOf(started, victim.port) === 'Unhealthy', 'it is out');
    await using back = await ChildServer.start('back', victim.port);
    await until(() => stateOf(started, back.port) === 'Healthy' && back.ran.length > 20, 'it is back, and takes its share');
    await load.stop();
    // At most what it held: one request of each connection, and one connection that was being made.
    const failures = load.failures;
    if (method === 'GET') assert.deepEqual(failures, []);
    else assert.ok(failures.length <= 12 && failures.every((status) => status === 502), JSON.stringify(failures));
    if (method === 'POST') isRunOnce([a, b, victim, back]);
  });

  test(`[42] ${method}: a server is frozen under load, and thaws`, async () => {
    await using a = await ChildServer.start('a');
    await using b = await ChildServer.start('b');
    await using victim = await ChildServer.start('victim');
    await using started = await startBalancer([a.port, b.port, victim.port], CONFIG);
    using load = new Load(started.port, method);
    await until(() => victim.ran.length > 50, 'the victim takes its share');
    victim.freeze();
    await until(() => stateOf(started, victim.port) === 'Unhealthy', 'it is out');
    const { length } = load.statuses;
    await until(() => load.statuses.length > length + 100, 'the others serve');
    victim.thaw();
    const ran = victim.ran.length;
    await until(() => stateOf(started, victim.port) === 'Healthy' && victim.ran.length > ran + 50, 'it is back, and takes its share');
    await load.stop();
    const failures = load.failures;
    if (method === 'GET') assert.deepEqual(failures, []);
    else assert.ok(failures.length <= 12 && failures.every((status) => status === 504), JSON.stringify(failures));
    if (method === 'POST') isRunOnce([a, b, victim]);
    const [failover] = started.balancer.report().failovers;
    assert.equal(failover?.reason, 'HeartbeatTimeout');
    assert.equal(failover?.lost, failures.length);
  });
}

test('[51] a balancer whose own loop stood still convicts nobody when it wakes', async () => {
  await using a = await ChildServer.start('a');
  await using b = await ChildServer.start('b');
  await using started = await startBalancer([a.port, b.port], CONFIG);
  using load = new Load(started.port, 'GET');
  await until(() => load.statuses.length > 100, 'requests flow');
  for (let each = 0; each < 3; each++) {
    const end = performance.now() + 1_500;
    while (performance.now() < end);
    const { length } = load.statuses;
    await until(() => load.statuses.length > length + 50, 'requests flow again');
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(started.balancer.report().failovers, []);
});
