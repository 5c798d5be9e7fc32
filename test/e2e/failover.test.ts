import assert from 'node:assert/strict';
import { suite, type TestContext } from 'node:test';
import type { RecentFailover } from '../../src/api/v1alpha1/types.ts';
import type { Load } from './support/agent.ts';
import { api, kubectl } from './support/api.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, plainService, resource } from './support/manifests.ts';
import { isReady, type Pod, paths, podsOf } from './support/objects.ts';
import { processesOutOfReach, signal } from './support/processes.ts';
import { pause, waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** In the status and in Events within this of the fault, and of its end. */
const TOLD_WITHIN_MS = 2000;
/** A request that cannot be saved is told so within this: 0.6 s where the machine has time, as the benchmark shows. */
const ANSWERED_WITHIN_MS = 1200;
/** After this a client of the load gives up, so that a freeze that is longer costs requests where nobody helps. */
const CLIENTS_PATIENCE_MS = 2000;

/** Of the POSTs while servers come and go as they should. */
const SLOW_POSTS = '/?delay=300ms';

/** GETs and POSTs over connections that are kept, GETs over new ones, and the same as these to the plain Service. */
interface Traffic<T> {
  readonly gets: T;
  readonly posts: T;
  readonly fresh: T;
  readonly plain: T;
}

suite(`failover under ${rate} GETs and ${rate / 10} POSTs a second`, () => {
  const world = useWorld('failover');
  const name = 'shop';

  /** `postPath`: POSTs that take longer are under way at any time, so that one that is cut is seen. */
  async function withTraffic(
    context: TestContext,
    fault: (traffic: Traffic<Load>) => Promise<void>,
    postPath = '/',
  ): Promise<Traffic<LoadResult>> {
    await world.settled(name);
    const timeoutMs = CLIENTS_PATIENCE_MS;
    const [gets, posts, fresh, plain] = await Promise.all([
      world.load(name, { pace: { type: 'Open', rate }, timeoutMs, maxFailures: 100_000 }),
      world.load(name, { pace: { type: 'Open', rate: rate / 10 }, timeoutMs, path: postPath, method: 'POST', bodyBytes: 100 }),
      world.load(name, { pace: { type: 'Open', rate: rate / 10 }, timeoutMs, connections: 'New' }),
      world.load('plain', { pace: { type: 'Open', rate: rate / 10 }, timeoutMs, connections: 'New' }),
    ]);
    const loads = { gets, posts, fresh, plain };
    await flowing(gets);
    try {
      await fault(loads);
    } finally {
      await Promise.all(Object.values(loads).map((load) => load.stop()));
    }
    const results = { gets: await gets.result(), posts: await posts.result(), fresh: await fresh.result(), plain: await plain.result() };
    for (const [kind, { sent, failed, outcomes, latency }] of Object.entries(results)) {
      const spread = `p50 ${latency.p50} ms, p99 ${latency.p99} ms, slowest ${latency.max} ms`;
      context.diagnostic(`${kind}: ${sent} sent, ${failed} failed ${JSON.stringify(outcomes)}, ${spread}`);
    }
    return results;
  }

  /** Until every server has been seen to answer under this load. */
  async function flowing(load: Load): Promise<void> {
    const servers = (await world.servers(name)).length;
    await waitFor(`answers from all ${servers} servers`, async () => Object.keys((await load.result()).servers).length >= servers);
  }

  function noneFailed({ sent, failed, outcomes, failures }: LoadResult): void {
    assert.ok(sent > 0);
    assert.equal(failed, 0, `${failed} of ${sent} failed: ${JSON.stringify(outcomes)}, the first at ${JSON.stringify(failures[0])}`);
  }

  /** A POST that a dead or frozen server held is told so, honestly and soon. (That none is run twice is for the benchmark to count.) */
  function postsFailHonestly({ outcomes, failed, failures }: LoadResult, atMost: number): void {
    areQuick(failures);
    const kinds = Object.keys(outcomes).filter((outcome) => outcome !== '200');
    assert.deepEqual(
      kinds.filter((outcome) => outcome !== '502' && outcome !== '504'),
      [],
      JSON.stringify(outcomes),
    );
    assert.ok(failed <= atMost, `${failed} POSTs failed, more than ${atMost}`);
  }

  function areQuick(failures: LoadResult['failures']): void {
    const slow = failures.filter(({ latencyMs }) => latencyMs >= ANSWERED_WITHIN_MS);
    assert.deepEqual(slow, [], `failed, but only after ${ANSWERED_WITHIN_MS} ms`);
  }

  async function anyServer(): Promise<Pod> {
    const [pod] = (await world.servers(name)).filter(isReady);
    assert.ok(pod);
    return pod;
  }

  /** Lines of `kubectl describe`, with one blank between words. */
  async function described(): Promise<string[]> {
    const text = await kubectl(['describe', 'lbs', name, '-n', world.namespace]);
    return text.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '));
  }

  const failoversNow = async (): Promise<RecentFailover[]> => (await world.status(name)).recentFailovers ?? [];

  /** Until an Event with this reason speaks of the pod, again where it did `before`. */
  async function event(reason: string, pod: Pod, before: number): Promise<void> {
    await waitFor(`an Event ${reason} about ${pod.metadata.name}`, async () => (await countEvents(reason, pod)) > before, {
      timeoutMs: 15_000,
    });
  }

  async function countEvents(reason: string, pod: Pod): Promise<number> {
    return (await world.events(name)).filter((event) => event.reason === reason && event.note.includes(pod.metadata.name)).length;
  }

  /** Does `fault` to a server, and waits until status and Events tell of it; each within the time promised. */
  async function failoverTold(context: TestContext, victim: Pod, fault: () => void): Promise<RecentFailover> {
    const [before, events] = [await failoversNow(), await countEvents('Failover', victim)];
    const since = Date.now();
    fault();
    const [[failover, inStatus], inEvents] = await Promise.all([
      world.failover(name, victim.metadata.name, before).then((found) => [found, Date.now() - since] as const),
      event('Failover', victim, events).then(() => Date.now() - since),
    ]);
    context.diagnostic(
      `failover: ${failover.reason}, seen after ${failover.detectionMilliseconds} ms, in status after ${inStatus} ms, in Events after ${inEvents} ms; ${failover.rescued} rescued, ${failover.lost} lost`,
    );
    assert.ok(inStatus < TOLD_WITHIN_MS, `in status after ${inStatus} ms`);
    assert.ok(inEvents < TOLD_WITHIN_MS, `in Events after ${inEvents} ms`);
    return failover;
  }

  async function recoveryTold(
    context: TestContext,
    victim: Pod,
    failover: RecentFailover,
    events: number,
    since: number,
  ): Promise<RecentFailover> {
    const [[over, inStatus], inEvents] = await Promise.all([
      world.recovery(name, failover.id).then((found) => [found, Date.now() - since] as const),
      event('Recovered', victim, events).then(() => Date.now() - since),
    ]);
    context.diagnostic(`recovery: in status after ${inStatus} ms, in Events after ${inEvents} ms`);
    assert.ok(inStatus < TOLD_WITHIN_MS, `recovery in status after ${inStatus} ms`);
    assert.ok(inEvents < TOLD_WITHIN_MS, `recovery in Events after ${inEvents} ms`);
    return over;
  }

  world.test('three servers and two balancers come up', { timeout: 120_000 }, async () => {
    await world.apply(resource(name, { backends: [helloBackend('web', 3)] }), ...plainService('plain', 3));
    await world.settled(name);
    await waitFor('the plain pods', async () => (await podsOf(world.namespace, { app: 'plain' })).filter(isReady).length === 3);
  });

  world.test('kill -9 of a server: no GET fails, and status and Events tell of it', { skip: processesOutOfReach }, async (context) => {
    const victim = await anyServer();
    const [plainVictim] = await podsOf(world.namespace, { app: 'plain' });
    assert.ok(plainVictim);
    const { gets, posts, fresh } = await withTraffic(context, async ({ gets }) => {
      const recovered = await countEvents('Recovered', victim);
      const failover = await failoverTold(context, victim, () => {
        signal('SIGKILL', victim, plainVictim);
      });
      assert.match(failover.reason ?? '', /^(HeartbeatRefused|TrafficFailed)$/);
      await world.restarted(victim);
      const restarted = (await world.pod(victim.metadata.name))?.status.containerStatuses?.[0]?.state?.running?.startedAt;
      const { recoveryTime } = await recoveryTold(context, victim, failover, recovered, Date.now());
      assert.ok(
        restarted !== undefined && recoveryTime !== undefined && recoveryTime >= restarted,
        `${recoveryTime}, restarted ${restarted}`,
      );
      const known = (await gets.result()).servers[victim.metadata.name] ?? 0;
      await waitFor('requests to the server that is back', async () => ((await gets.result()).servers[victim.metadata.name] ?? 0) > known);
    });
    noneFailed(gets);
    noneFailed(fresh);
    postsFailHonestly(posts, rate / 10);
  });

  world.test(
    'a server that freezes and thaws: no GET fails, and status and Events tell of both',
    { skip: processesOutOfReach },
    async (context) => {
      const victim = (await world.servers(name)).filter(isReady).at(-1);
      const plainVictim = (await podsOf(world.namespace, { app: 'plain' })).at(-1);
      assert.ok(victim && plainVictim);
      const { gets, posts, fresh } = await withTraffic(context, async ({ gets }) => {
        const recovered = await countEvents('Recovered', victim);
        const thaw = (): void => signal('SIGCONT', victim, plainVictim);
        try {
          const failover = await failoverTold(context, victim, () => signal('SIGSTOP', victim, plainVictim));
          assert.match(failover.reason ?? '', /^(HeartbeatTimeout|TrafficUnanswered)$/);
          await world.conditions(name, { EndpointsHealthy: 'False', Ready: 'True', FailOpen: 'False' });
          const lines = await described();
          assert.equal(lines[lines.indexOf('Unhealthy Endpoints:') + 1], `Address: ${victim.status.podIP}:8080`);
          await pause(CLIENTS_PATIENCE_MS);
          thaw();
          await recoveryTold(context, victim, failover, recovered, Date.now());
        } finally {
          thaw();
        }
        const known = (await gets.result()).servers[victim.metadata.name] ?? 0;
        await waitFor(
          'requests to the server that has thawed',
          async () => ((await gets.result()).servers[victim.metadata.name] ?? 0) > known,
        );
      });
      noneFailed(gets);
      noneFailed(fresh);
      postsFailHonestly(posts, rate / 10);
    },
  );

  world.test('a pod is deleted: nothing fails, and it is no failover', async (context) => {
    await world.settled(name);
    const victim = await anyServer();
    const [plainVictim] = await podsOf(world.namespace, { app: 'plain' });
    assert.ok(plainVictim);
    const failovers = (await world.status(name)).failovers ?? 0;
    const { gets, posts, fresh } = await withTraffic(
      context,
      async () => {
        await kubectl(['delete', 'pod', victim.metadata.name, plainVictim.metadata.name, '-n', world.namespace, '--wait=true']);
        await waitFor('a pod in its place', async () => {
          const servers = await world.servers(name);
          return servers.length === 3 && servers.every(isReady);
        });
        await world.settled(name);
      },
      SLOW_POSTS,
    );
    noneFailed(gets);
    noneFailed(fresh);
    noneFailed(posts);
    assert.equal((await world.status(name)).failovers ?? 0, failovers);
  });

  world.test('a new version rolls out: nothing fails', { timeout: 180_000 }, async (context) => {
    const old = new Set((await world.servers(name)).map(({ metadata }) => metadata.name));
    const { gets, posts, fresh } = await withTraffic(
      context,
      async () => {
        await world.patch(name, { backends: [helloBackend('web', 3, {}, ['--linger', '2s'])] });
        await kubectl(['rollout', 'restart', 'deployment/plain', '-n', world.namespace]);
        await world.settled(name);
        await kubectl(['rollout', 'status', 'deployment/plain', '-n', world.namespace, '--timeout=60s']);
        const servers = await world.servers(name);
        assert.deepEqual(
          servers.filter(({ metadata }) => old.has(metadata.name)),
          [],
        );
        assert.equal(servers.length, 3);
      },
      SLOW_POSTS,
    );
    noneFailed(gets);
    noneFailed(fresh);
    noneFailed(posts);
  });

  world.test('scaled from 3 to 6 to 2: nothing fails, and all that there are get requests', { timeout: 180_000 }, async (context) => {
    const { gets, posts, fresh } = await withTraffic(
      context,
      async ({ gets }) => {
        const scalePlain = (replicas: number) => kubectl(['scale', 'deployment/plain', '-n', world.namespace, `--replicas=${replicas}`]);
        await world.patch(name, { backends: [helloBackend('web', 6, {}, ['--linger', '2s'])] });
        await scalePlain(6);
        await world.settled(name);
        await flowing(gets);
        await scalePlain(2);
        await world.patch(name, { backends: [helloBackend('web', 2, {}, ['--linger', '2s'])] });
        await waitFor('two servers', async () => (await world.servers(name)).length === 2);
        await world.settled(name);
      },
      SLOW_POSTS,
    );
    noneFailed(gets);
    noneFailed(fresh);
    noneFailed(posts);
    // The status is written once a second at most, so that the last that it tells may come a moment later.
    await waitFor('the status to count two of two', async () => (await world.status(name)).summary?.endpoints === '2/2', {
      timeoutMs: 5_000,
    });
  });

  world.test(
    'all servers down: quick 502s, 503s and 504s, Ready is False; and all is well again when they are back',
    { skip: processesOutOfReach },
    async (context) => {
      let servedSince = 0;
      const { gets } = await withTraffic(context, async ({ gets }) => {
        signal('SIGKILL', ...(await world.servers(name)));
        await waitFor('Ready to be False', async () =>
          (await world.status(name)).conditions?.some(({ type, status }) => type === 'Ready' && status === 'False'),
        );
        await world.settled(name);
        servedSince = Date.now();
        const { ok } = await gets.result();
        await waitFor('requests that are answered again', async () => (await gets.result()).ok > ok + rate);
      });
      assert.ok(gets.failed > 0, 'some failed while nobody was there');
      assert.equal(gets.failures.length, gets.failed, 'each failure is looked at');
      areQuick(gets.failures);
      const kinds = Object.keys(gets.outcomes).filter((outcome) => outcome !== '200');
      assert.deepEqual(
        kinds.filter((outcome) => !['502', '503', '504'].includes(outcome)),
        [],
        JSON.stringify(gets.outcomes),
      );
      assert.deepEqual(
        gets.failures.filter(({ at }) => at > servedSince),
        [],
        'none fails once the resource says that it is ready',
      );
    },
  );

  world.test('kubectl describe tells the story', async () => {
    let missing: string[] = [];
    await waitFor(
      'what the status says of the last failover and of T = N / R',
      async () => {
        const { recentFailovers: [last] = [], heartbeat } = await world.status(name);
        const lines = await described();
        const wanted = [
          'Recent Failovers:',
          `Endpoint: ${last?.endpoint}`,
          `Pod Name: ${last?.podName}`,
          `Reason: ${last?.reason}`,
          `Detection Milliseconds: ${last?.detectionMilliseconds}`,
          `Rescued: ${last?.rescued}`,
          `Lost: ${last?.lost}`,
          `Servers: ${heartbeat?.servers}`,
          `Responses Per Second: ${heartbeat?.responsesPerSecond}`,
          'Interval Milliseconds: 200',
          // A tenth over the interval, and two timeouts of 200 ms.
          'Max Detection Milliseconds: 620',
        ];
        missing = wanted.filter((line) => !lines.includes(line));
        return missing.length === 0;
      },
      { timeoutMs: 5_000, saw: () => missing },
    );
    const lines = await described();
    for (const event of [/^Warning Failover .* is out of service: \w+, seen after \d+ ms/, /^Normal Recovered .* is back in service after/])
      assert.ok(
        lines.some((line) => event.test(line)),
        `${event}`,
      );
    const stored = await api.get(`${paths.resources(world.namespace)}/${name}`);
    assert.ok(JSON.stringify(stored).length < 50_000);
  });

  world.test('a quiet service writes nothing', async () => {
    // What the test before has left to be told, recoveries that are told together and the heartbeat's new figures, may come first.
    await waitFor(
      'five seconds without a write',
      async () => {
        const before = await world.settled(name);
        await pause(5000);
        const after = await world.resource(name);
        return after.metadata.resourceVersion === before.metadata.resourceVersion;
      },
      { timeoutMs: 30_000 },
    );
  });
});
