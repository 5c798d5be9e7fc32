import assert from 'node:assert/strict';
import { suite, type TestContext } from 'node:test';
import { kubectl } from './support/api.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { isReady, type Pod } from './support/objects.ts';
import { answeredWith, noneFailed } from './support/outcomes.ts';
import { processesOutOfReach, signal } from './support/processes.ts';
import { pause, waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** A frozen balancer is out of the Service within this. */
const OUT_OF_SERVICE_MS = 4000;
/** Requests that one balancer may have under way: those of some milliseconds. */
const HELD = 50;

/** Most of the time there is a check under way that a balancer could hold against its server, and a single one would be enough. */
const HEARTBEAT = {
  type: 'HTTP',
  http: { path: '/?delay=1500ms' },
  schedule: { type: 'Fixed', fixed: { interval: '2s' } },
  timeout: '2s',
  failureThreshold: 1,
} as const;

suite('two balancers, one of which goes', () => {
  const world = useWorld('balancers');
  const name = 'shop';

  async function oneOf(): Promise<Pod> {
    await world.settled(name);
    const balancers = await waitFor('two ready balancers', async () => {
      const found = await world.balancers(name);
      return found.length === 2 && found.every(isReady) ? found : null;
    });
    assert.ok(balancers[0]);
    return balancers[0];
  }

  /** Loads over connections that are kept and over new ones, while `fault` goes on. */
  async function withTraffic(context: TestContext, fault: () => Promise<void>): Promise<{ kept: LoadResult; fresh: LoadResult }> {
    // A request that is caught in a frozen balancer shall not wait for its end.
    const kept = await world.load(name, { pace: { type: 'Open', rate }, timeoutMs: 1000, maxFailures: 100_000 });
    const fresh = await world.load(name, { pace: { type: 'Open', rate: rate / 5 }, connections: 'New', timeoutMs: 1000 });
    await waitFor('requests that are answered', async () => (await fresh.result()).ok > rate / 10);
    try {
      await fault();
    } finally {
      await Promise.all([kept.stop(), fresh.stop()]);
    }
    const results = { kept: await kept.result(), fresh: await fresh.result() };
    for (const [connections, { sent, failed, outcomes, latency }] of Object.entries(results)) {
      context.diagnostic(
        `${connections} connections: ${sent} sent, ${failed} failed ${JSON.stringify(outcomes)}, p99 ${latency.p99} ms, slowest ${latency.max} ms`,
      );
    }
    return results;
  }

  /** The time from `since` to the last request that failed; 0: none did. */
  function failingFor(since: number, ...results: readonly LoadResult[]): number {
    return Math.max(0, ...results.flatMap(({ failures }) => failures.map(({ at }) => at - since)));
  }

  world.test('come up', { timeout: 120_000 }, async () => {
    await world.apply(resource(name, { backends: [helloBackend('web', 3)], heartbeat: HEARTBEAT }));
    await world.settled(name);
  });

  world.test('SIGTERM: nothing fails', { timeout: 120_000 }, async (context) => {
    const victim = await oneOf();
    const { kept, fresh } = await withTraffic(context, async () => {
      await kubectl(['delete', 'pod', victim.metadata.name, '-n', world.namespace, '--wait=true']);
      await world.settled(name);
    });
    noneFailed(kept);
    noneFailed(fresh);
  });

  world.test(
    'kill -9: only what it held fails, and new connections until the Service drops it',
    { skip: processesOutOfReach },
    async (context) => {
      const victim = await oneOf();
      let since = 0;
      const { kept, fresh } = await withTraffic(context, async () => {
        since = Date.now();
        signal('SIGKILL', victim);
        await pause(OUT_OF_SERVICE_MS);
        await world.settled(name);
      });
      const lasted = failingFor(since, kept, fresh);
      context.diagnostic(`the last request that failed was due ${lasted} ms after the kill`);
      // Its connections break, and no balancer answers wrongly.
      for (const result of [kept, fresh]) answeredWith(['ECONNRESET', 'ECONNREFUSED', 'Cut'], result);
      assert.ok(lasted < OUT_OF_SERVICE_MS);
      // One of two is gone: at most three in four of what was due meanwhile (half, and luck), and what it held.
      const due = (rate + rate / 5) * (lasted / 1000);
      assert.ok(kept.failed + fresh.failed <= 0.75 * due + HELD, `${kept.failed} + ${fresh.failed} failed of ${Math.round(due)} due`);
      assert.equal((await world.status(name)).failovers ?? 0, 0);
    },
  );

  world.test(
    'frozen: new connections reach the other within 4 s, and when it thaws it convicts nobody',
    { skip: processesOutOfReach, timeout: 120_000 },
    async (context) => {
      const victim = await oneOf();
      let since = 0;
      const { fresh } = await withTraffic(context, async () => {
        since = Date.now();
        signal('SIGSTOP', victim);
        try {
          await world.podReady(victim.metadata.name, false);
          await pause(OUT_OF_SERVICE_MS);
        } finally {
          signal('SIGCONT', victim);
        }
        await world.podReady(victim.metadata.name, true);
        await pause(OUT_OF_SERVICE_MS);
      });
      const lasted = failingFor(since, fresh);
      context.diagnostic(`the last new connection that failed was due ${lasted} ms after the freeze`);
      assert.ok(lasted < OUT_OF_SERVICE_MS);
      const { status } = await world.settled(name);
      assert.equal(status?.failovers ?? 0, 0);
      assert.deepEqual(status?.unhealthyEndpoints ?? [], []);
    },
  );
});
