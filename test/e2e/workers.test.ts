import assert from 'node:assert/strict';
import { suite } from 'node:test';
import type { Load } from './support/agent.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, resource } from './support/manifests.ts';
import type { Pod } from './support/objects.ts';
import { processesOutOfReach, signal, workersOf } from './support/processes.ts';
import { waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

const WORKERS = 2;
/** Long before another worker stands in the place of one that is gone, the system sends new connections to those that are left. */
const BROKEN_FOR_MS = 1000;
/** Requests that one worker may have under way: those of some milliseconds. */
const HELD = 50;

suite('a balancer with two workers', () => {
  const world = useWorld('workers');
  const name = 'shop';
  const balancer = { type: 'Dedicated', dedicated: { replicas: 1, workers: WORKERS } } as const;
  const backends = [helloBackend('web', 3)];

  async function balancerPod(): Promise<Pod> {
    const [pod] = await world.balancers(name);
    assert.ok(pod);
    return pod;
  }

  /** Loads over connections that are kept and over new ones, which the system spreads among the workers, while `fault` goes on. */
  async function withTraffic(fault: (fresh: Load) => Promise<void>): Promise<{ kept: LoadResult; fresh: LoadResult }> {
    const kept = await world.load(name, { pace: { type: 'Open', rate: rate / 2 }, timeoutMs: 1000 });
    const fresh = await world.load(name, { pace: { type: 'Open', rate: rate / 5 }, connections: 'New', timeoutMs: 1000 });
    await waitFor('requests that are answered', async () => (await fresh.result()).ok > rate / 10);
    try {
      await fault(fresh);
    } finally {
      await Promise.all([kept.stop(), fresh.stop()]);
    }
    return { kept: await kept.result(), fresh: await fresh.result() };
  }

  function noneFailed({ kept, fresh }: { kept: LoadResult; fresh: LoadResult }): void {
    for (const { sent, failed, outcomes } of [kept, fresh]) assert.equal(failed, 0, `${failed} of ${sent}: ${JSON.stringify(outcomes)}`);
  }

  world.test('comes up, and requests are spread over the servers', { timeout: 120_000 }, async (context) => {
    await world.apply(resource(name, { backends, balancer }));
    await world.settled(name);
    assert.match(await world.metrics(await balancerPod()), new RegExp(`^evenkeel_workers ${WORKERS}$`, 'm'));
    const servers = await world.servers(name);
    // Each worker is exact by itself, so that both together are off by two at most.
    const even = 'each server has 100 of 300, or two more or less';
    await world.spreadExactly(context, name, even, async () => {
      const load = await world.load(name, { pace: { type: 'Sequential', count: 300 }, connections: 'New' });
      const result = await load.finished();
      assert.equal(result.ok, 300, JSON.stringify(result.outcomes));
      const counts = servers.map(({ metadata }) => result.servers[metadata.name] ?? 0);
      return counts.every((count) => Math.abs(count - 100) <= 2) ? even : counts;
    });
  });

  world.test('a server that is killed is one failover, and no GET fails', { skip: processesOutOfReach }, async () => {
    const [victim] = await world.servers(name);
    assert.ok(victim);
    const results = await withTraffic(async () => {
      signal('SIGKILL', victim);
      const { id } = await world.failover(name, victim.metadata.name);
      await world.restarted(victim);
      await world.recovery(name, id);
    });
    noneFailed(results);
    const { failovers, recentFailovers } = await world.status(name);
    assert.deepEqual([failovers, recentFailovers?.length], [1, 1]);
  });

  world.test('a change of the configuration is in force in both once it is told', async () => {
    const { uid } = (await balancerPod()).metadata;
    const posts = async () => {
      const load = await world.load(name, {
        pace: { type: 'Sequential', count: 100 },
        method: 'POST',
        bodyBytes: 100,
        connections: 'New',
      });
      return (await load.finished()).outcomes;
    };
    const results = await withTraffic(async () => {
      await world.apply(resource(name, { backends, balancer, limits: { bodyBytes: 10 } }));
      await world.settled(name);
      assert.deepEqual(await posts(), { 413: 100 });
      await world.apply(resource(name, { backends, balancer }));
      await world.settled(name);
      assert.deepEqual(await posts(), { 200: 100 });
    });
    noneFailed(results);
    assert.equal((await balancerPod()).metadata.uid, uid, 'the balancer was not replaced');
  });

  world.test(
    'kill -9 of a worker: its connections break, the other one goes on, and another takes its place',
    { skip: processesOutOfReach },
    async (context) => {
      const pod = await balancerPod();
      const before = workersOf(pod);
      assert.equal(before.length, WORKERS);
      const [victim = 0, survivor] = before;
      let since = 0;
      const { kept, fresh } = await withTraffic(async (load) => {
        since = Date.now();
        process.kill(victim, 'SIGKILL');
        await waitFor('another worker', () => {
          const now = workersOf(pod);
          return now.length === WORKERS && !now.includes(victim);
        });
        await waitFor('both to serve', async () => new RegExp(`^evenkeel_workers ${WORKERS}$`, 'm').test(await world.metrics(pod)));
        const { ok } = await load.result();
        await waitFor('more requests that are answered', async () => (await load.result()).ok > ok + rate / 5);
      });
      const failures = [...kept.failures, ...fresh.failures];
      const brokenFor = Math.max(0, ...failures.map(({ at }) => at - since));
      context.diagnostic(`${failures.length} failed, the last of them due ${brokenFor} ms after the kill`);
      const kinds = [...Object.keys(kept.outcomes), ...Object.keys(fresh.outcomes)].filter((outcome) => outcome !== '200');
      assert.deepEqual(
        kinds.filter((outcome) => outcome !== 'ECONNRESET' && outcome !== 'Cut'),
        [],
        'connections break, and nobody is answered wrongly',
      );
      assert.ok(failures.length <= HELD, `${failures.length} requests failed`);
      assert.ok(brokenFor < BROKEN_FOR_MS, `the last that failed was due ${brokenFor} ms after the kill`);
      assert.ok(workersOf(pod).includes(survivor ?? 0), 'the other worker is the one that was there before');
      assert.match(await world.metrics(pod), /^evenkeel_worker_restarts_total 1$/m);
      const after = await balancerPod();
      assert.deepEqual([after.metadata.uid, after.status.containerStatuses?.[0]?.restartCount], [pod.metadata.uid, 0]);
      assert.equal((await world.status(name)).failovers, 1, 'no server was blamed');
    },
  );
});
