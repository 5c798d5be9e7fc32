import assert from 'node:assert/strict';
import { suite, type TestContext } from 'node:test';
import type { RecentFailover } from '../../src/api/v1alpha1/types.ts';
import type { Load } from './support/agent.ts';
import { api, kubectl } from './support/api.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, plainService, resource } from './support/manifests.ts';
import { isReady, type Pod, paths, podsOf } from './support/objects.ts';
import { answeredWith, failedHonestly, failedWithin, noneFailed, TOLD_OF_FAILURE_WITHIN_MS } from './support/outcomes.ts';
import { processesOutOfReach, runs, signal } from './support/processes.ts';
import { recorderSource, recordingPosts } from './support/recorded-posts.ts';
import { pause, waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** In the status and in Events within this of the fault, and of its end. */
const TOLD_WITHIN_MS = 2000;
/** A GET at a freeze is answered within this. */
const ANSWERED_WITHIN_MS = 600;
/** Fewer POSTs than this fail at a fault, for each that is sent in a second. */
const FAILED_POSTS_AT_MOST = 0.12;
const SERVERS = 3;
/** After this a client of the load gives up, so that a freeze that is longer costs requests where nobody helps. */
const CLIENTS_PATIENCE_MS = 2000;

/**
 * GETs and POSTs over connections that are kept, POSTs that take a second, so that each server holds some at any time, GETs over new
 * connections, and the same as these to the plain Service.
 */
interface Traffic<T> {
  readonly gets: T;
  readonly posts: T;
  readonly slowPosts: T;
  readonly fresh: T;
  readonly plain: T;
}

suite(`failover under ${rate} GETs and ${rate / 10} POSTs a second`, () => {
  const world = useWorld('failover');
  const name = 'shop';

  const web = (replicas: number, flags: readonly string[] = []) => recordingPosts(helloBackend('web', replicas, {}, flags));

  async function withTraffic(context: TestContext, fault: (traffic: Traffic<Load>) => Promise<void>): Promise<Traffic<LoadResult>> {
    await world.settled(name);
    const open = (perSecond: number) => ({ pace: { type: 'Open', rate: perSecond }, timeoutMs: CLIENTS_PATIENCE_MS }) as const;
    const post = { method: 'POST', bodyBytes: 100 } as const;
    const [gets, posts, slowPosts, fresh, plain] = await Promise.all([
      world.load(name, { ...open(rate), maxFailures: 100_000 }),
      world.load(name, { ...open(rate / 10), ...post }),
      world.load(name, { ...open(rate / 25), ...post, path: '/?delay=1s' }),
      world.load(name, { ...open(rate / 10), connections: 'New' }),
      world.load('plain', { ...open(rate / 10), connections: 'New' }),
    ]);
    const loads = { gets, posts, slowPosts, fresh, plain };
    await Promise.all([flowing(gets), flowing(slowPosts)]);
    try {
      await fault(loads);
    } finally {
      await Promise.all(Object.values(loads).map((load) => load.stop()));
    }
    // What servers tell of comes by other connections than their answers.
    const allTold = async (load: Load) => {
      const { ok, executed } = await load.result();
      return executed >= ok;
    };
    await waitFor('the servers to have told of each POST that they answered', async () => (await allTold(posts)) && allTold(slowPosts));
    const results = {
      gets: await gets.result(),
      posts: await posts.result(),
      slowPosts: await slowPosts.result(),
      fresh: await fresh.result(),
      plain: await plain.result(),
    };
    for (const [kind, { sent, failed, outcomes, latency }] of Object.entries(results)) {
      const spread = `p50 ${latency.p50} ms, p99 ${latency.p99} ms, slowest ${latency.max} ms`;
      context.diagnostic(`${kind}: ${sent} sent, ${failed} failed ${JSON.stringify(outcomes)}, ${spread}`);
    }
    const repeated = [...results.posts.repeated, ...results.slowPosts.repeated];
    assert.deepEqual(repeated, [], 'no POST is executed twice, whatever happens');
    return results;
  }

  /** Until every server has been seen to answer under this load. */
  async function flowing(load: Load): Promise<void> {
    const servers = (await world.servers(name)).length;
    await waitFor(`answers from all ${servers} servers`, async () => Object.keys((await load.result()).servers).length >= servers);
  }

  function postsFailHonestly(context: TestContext, { posts, slowPosts }: Traffic<LoadResult>, victim: Pod, since: number): void {
    for (const result of [posts, slowPosts]) failedHonestly(context, result, victim, since);
    assert.ok(posts.failed < FAILED_POSTS_AT_MOST * (rate / 10), `${posts.failed} POSTs failed`);
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

  /** Does `fault` to a server, and waits until status and Events tell of it; each within the time promised. `since`: when it was done. */
  async function failoverTold(
    context: TestContext,
    victim: Pod,
    fault: () => void,
  ): Promise<{ readonly failover: RecentFailover; readonly since: number }> {
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
    return { failover, since };
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
    const spec = { backends: [await web(SERVERS)], telemetry: { responseHeader: 'X-Endpoint' } };
    await world.apply(recorderSource(), resource(name, spec), ...plainService('plain', SERVERS));
    await world.settled(name);
    await waitFor('the plain pods', async () => (await podsOf(world.namespace, { app: 'plain' })).filter(isReady).length === SERVERS);
  });

  world.test('kill -9 of a server: no GET fails, and status and Events tell of it', { skip: processesOutOfReach }, async (context) => {
    const victim = await anyServer();
    const [plainVictim] = await podsOf(world.namespace, { app: 'plain' });
    assert.ok(plainVictim);
    let killedAt = 0;
    const traffic = await withTraffic(context, async ({ gets }) => {
      const recovered = await countEvents('Recovered', victim);
      const { failover, since } = await failoverTold(context, victim, () => signal('SIGKILL', victim, plainVictim));
      killedAt = since;
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
    noneFailed(traffic.gets);
    noneFailed(traffic.fresh);
    postsFailHonestly(context, traffic, victim, killedAt);
  });

  world.test(
    'a server that freezes and thaws: no GET fails, and status and Events tell of both',
    { skip: processesOutOfReach },
    async (context) => {
      const victim = (await world.servers(name)).filter(isReady).at(-1);
      const plainVictim = (await podsOf(world.namespace, { app: 'plain' })).at(-1);
      assert.ok(victim && plainVictim);
      let frozenAt = 0;
      const traffic = await withTraffic(context, async ({ gets }) => {
        const recovered = await countEvents('Recovered', victim);
        const thaw = (): void => signal('SIGCONT', victim, plainVictim);
        try {
          const { failover, since } = await failoverTold(context, victim, () => signal('SIGSTOP', victim, plainVictim));
          frozenAt = since;
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
      noneFailed(traffic.gets);
      noneFailed(traffic.fresh);
      for (const { latency } of [traffic.gets, traffic.fresh])
        assert.ok(latency.max < ANSWERED_WITHIN_MS, `the slowest GET took ${latency.max} ms`);
      postsFailHonestly(context, traffic, victim, frozenAt);
    },
  );

  world.test('a pod is deleted: nothing fails, and it is no failover', async (context) => {
    await world.settled(name);
    const victim = await anyServer();
    const [plainVictim] = await podsOf(world.namespace, { app: 'plain' });
    assert.ok(plainVictim);
    const failovers = (await world.status(name)).failovers ?? 0;
    const { plain: _, ...ours } = await withTraffic(context, async () => {
      await kubectl(['delete', 'pod', victim.metadata.name, plainVictim.metadata.name, '-n', world.namespace, '--wait=true']);
      await waitFor('a pod in its place', async () => {
        const servers = await world.servers(name);
        return servers.length === SERVERS && servers.every(isReady);
      });
      await world.settled(name);
    });
    for (const result of Object.values(ours)) noneFailed(result);
    assert.equal((await world.status(name)).failovers ?? 0, failovers);
  });

  world.test('a new version rolls out: nothing fails', { timeout: 180_000 }, async (context) => {
    const old = new Set((await world.servers(name)).map(({ metadata }) => metadata.name));
    const { plain: _, ...ours } = await withTraffic(context, async () => {
      await world.patch(name, { backends: [await web(SERVERS, ['--linger', '2s'])] });
      await kubectl(['rollout', 'restart', 'deployment/plain', '-n', world.namespace]);
      await world.settled(name);
      await kubectl(['rollout', 'status', 'deployment/plain', '-n', world.namespace, '--timeout=60s']);
      const servers = await world.servers(name);
      assert.deepEqual(
        servers.filter(({ metadata }) => old.has(metadata.name)),
        [],
      );
      assert.equal(servers.length, SERVERS);
    });
    for (const result of Object.values(ours)) noneFailed(result);
  });

  world.test('scaled from 3 to 6 to 2: nothing fails, and all that there are get requests', { timeout: 180_000 }, async (context) => {
    const { plain: _, ...ours } = await withTraffic(context, async ({ gets }) => {
      const scalePlain = (replicas: number) => kubectl(['scale', 'deployment/plain', '-n', world.namespace, `--replicas=${replicas}`]);
      await world.patch(name, { backends: [await web(6, ['--linger', '2s'])] });
      await scalePlain(6);
      await world.settled(name);
      await flowing(gets);
      await scalePlain(2);
      await world.patch(name, { backends: [await web(2, ['--linger', '2s'])] });
      await waitFor('two servers', async () => (await world.servers(name)).length === 2);
      await world.settled(name);
    });
    for (const result of Object.values(ours)) noneFailed(result);
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
        const servers = await world.servers(name);
        // The kubelet starts them again within a second or two, which may be too soon for a status that is written once a second.
        await waitFor('Ready to be False', async () => {
          signal('SIGKILL', ...servers.filter(runs));
          return (await world.status(name)).conditions?.some(({ type, status }) => type === 'Ready' && status === 'False');
        });
        await world.settled(name);
        servedSince = Date.now();
        const { ok } = await gets.result();
        await waitFor('requests that are answered again', async () => (await gets.result()).ok > ok + rate);
      });
      assert.ok(gets.failed > 0, 'some failed while nobody was there');
      failedWithin(TOLD_OF_FAILURE_WITHIN_MS, gets);
      answeredWith(['502', '503', '504'], gets);
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
