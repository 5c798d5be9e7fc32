import assert from 'node:assert/strict';
import { suite, type TestContext } from 'node:test';
import { kubectl } from './support/api.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { isReady, type Pod } from './support/objects.ts';
import { answeredWith, noneFailed } from './support/outcomes.ts';
import { processesOutOfReach, signal } from './support/processes.ts';
import { pause, waitFor } from './support/wait.ts';
import { KUBE_PROXY_MS, rate, useWorld } from './support/world.ts';

/** A frozen balancer is out of the Service within this. */
const OUT_OF_SERVICE_MS = 4000;
/** Of so many connections, those that lead to one of two balancers: half, give or take four standard deviations. */
const halfOf = (connections: number) => connections / 2 + 2 * Math.sqrt(connections);

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
    // A request that is caught in a frozen balancer shall not wait for its end. Those that take a while are many at a time, so that half can be told from all.
    const slow = { path: '/?delay=100ms', maxFailures: 100_000 };
    const kept = await world.load(name, { ...slow, pace: { type: 'Open', rate }, timeoutMs: 1000 });
    const fresh = await world.load(name, {
      pace: { type: 'Open', rate: rate / 5 },
      connections: 'New',
      timeoutMs: 1000,
      maxFailures: 100_000,
    });
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

  /**
   * The promise, for a balancer that went at `since`. Of the connections that were open then, those to it cost a request each at most: the one
   * that is on it, or the next; after that they are broken, or given up by the client. New ones may be led there until kube-proxy knows that the
   * EndpointSlice does so no more, since `leftAfter` milliseconds.
   */
  function costsWhatItHeld(context: TestContext, since: number, leftAfter: number, results: Record<string, LoadResult>): void {
    const wasNew = ({ openedAt }: { openedAt: number }) => openedAt >= since;
    context.diagnostic(`it left the EndpointSlice after ${leftAfter} ms`);
    for (const [kind, { connections, failures, failed }] of Object.entries(results)) {
      assert.equal(failures.length, failed, 'each failure is looked at');
      const onNew = failures.filter(wasNew);
      const onOpen = failed - onNew.length;
      const lasted = Math.max(0, ...onNew.map(({ openedAt }) => openedAt - since));
      const open = connections.filter((each) => !wasNew(each) && (each.closedAt === undefined || each.closedAt >= since)).length;
      const opened = connections.filter((each) => wasNew(each) && each.openedAt <= since + lasted).length;
      const ofOpen = `${kind}: of ${open} connections that were open ${onOpen} cost a request`;
      const ofNew = `of ${opened} opened within ${lasted} ms afterwards ${onNew.length}`;
      context.diagnostic(`${ofOpen}, ${ofNew}`);
      assert.ok(onOpen <= halfOf(open), ofOpen);
      assert.ok(onNew.length <= halfOf(opened), `${kind}: ${ofNew}`);
      assert.ok(lasted < OUT_OF_SERVICE_MS && lasted < leftAfter + KUBE_PROXY_MS, `new connections failed for ${lasted} ms`);
    }
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
    'kill -9: only what it held fails, and new connections that the Service still leads to it',
    { skip: processesOutOfReach },
    async (context) => {
      const victim = await oneOf();
      let since = 0;
      let leftAfter = 0;
      const results = await withTraffic(context, async () => {
        since = Date.now();
        signal('SIGKILL', victim);
        await world.outOfService(name, victim);
        leftAfter = Date.now() - since;
        await pause(OUT_OF_SERVICE_MS);
        await world.settled(name);
      });
      // Its connections break, and no balancer answers wrongly.
      for (const result of Object.values(results)) answeredWith(['ECONNRESET', 'ECONNREFUSED', 'Cut'], result);
      costsWhatItHeld(context, since, leftAfter, results);
      assert.equal((await world.status(name)).failovers ?? 0, 0);
    },
  );

  world.test('frozen: the same, and when it thaws it convicts nobody', { skip: processesOutOfReach, timeout: 120_000 }, async (context) => {
    const victim = await oneOf();
    let since = 0;
    let leftAfter = 0;
    const results = await withTraffic(context, async () => {
      since = Date.now();
      signal('SIGSTOP', victim);
      try {
        await world.outOfService(name, victim);
        leftAfter = Date.now() - since;
        await pause(OUT_OF_SERVICE_MS);
      } finally {
        signal('SIGCONT', victim);
      }
      await world.podReady(victim.metadata.name, true);
      await pause(OUT_OF_SERVICE_MS);
    });
    for (const result of Object.values(results)) answeredWith(['Timeout'], result);
    costsWhatItHeld(context, since, leftAfter, results);
    const { status } = await world.settled(name);
    assert.equal(status?.failovers ?? 0, 0);
    assert.deepEqual(status?.unhealthyEndpoints ?? [], []);
  });
});
