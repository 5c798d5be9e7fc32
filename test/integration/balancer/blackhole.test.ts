import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChildServer } from '../../support/child-server.ts';
import { Load } from '../../support/load.ts';
import { blackhole, inOwnNetwork, OWN_ADDRESS } from '../../support/own-network.ts';
import { balancerConfig, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const INTERVAL_MS = 200;
const TIMEOUT_MS = 500;
/** What status promises: an interval with its jitter, and two checks that nobody answers. */
const PROMISED_MS = INTERVAL_MS * 1.1 + 2 * TIMEOUT_MS;
/** For a machine that has other things to do. */
const MARGIN_MS = 2_000;

const CONFIG = balancerConfig({
  heartbeat: {
    check: httpCheck(),
    schedule: { type: 'Fixed', intervalMs: INTERVAL_MS },
    timeoutMs: TIMEOUT_MS,
  },
});

inOwnNetwork(import.meta.filename, () => {
  for (const method of ['GET', 'POST']) {
    test(`[42] ${method}: packets to a server are dropped under load, connections to it that stand and new ones alike, and it comes back`, async () => {
      await using a = await ChildServer.start('a');
      await using b = await ChildServer.start('b');
      await using victim = await ChildServer.start('victim', 0, OWN_ADDRESS);
      const there = { host: OWN_ADDRESS, id: `${OWN_ADDRESS}:${victim.port}` };
      await using started = await startBalancer([], CONFIG);
      const { balancer } = started;
      balancer.applyEndpoints([endpointAt(a.port), endpointAt(b.port), endpointAt(victim.port, there)], false);
      const state = () => balancer.endpoints().find(({ endpoint }) => endpoint.id === there.id)?.state;
      using load = new Load(started.port, method);
      await until(() => victim.ran.length > 50, 'the victim takes its share');
      const end = blackhole();
      await until(() => state() === 'Unhealthy', 'it is out');
      const { length } = load.statuses;
      await until(() => load.statuses.length > length + 100, 'the others serve');
      end();
      const ran = victim.ran.length;
      await until(() => state() === 'Healthy' && victim.ran.length > ran + 50, 'it is back, and takes its share');
      await load.stop();
      const { failures } = load;
      if (method === 'GET') assert.deepEqual(failures, []);
      else assert.ok(failures.length <= 12 && failures.every((status) => status === 504), JSON.stringify(failures));
      const all = [a, b, victim].flatMap((server) => server.ran);
      if (method === 'POST') assert.equal(new Set(all).size, all.length, 'no request was run twice');
      const [failover] = balancer.report().failovers;
      assert.equal(failover?.reason, 'HeartbeatTimeout');
      assert.equal(failover?.lost, failures.length);
      const detection = failover?.detectionMilliseconds ?? Number.NaN;
      assert.ok(detection <= PROMISED_MS + MARGIN_MS, `it was seen after ${detection} ms`);
    });
  }
});
