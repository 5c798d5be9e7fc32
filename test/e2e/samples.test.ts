import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { BALANCER_ADMIN_PORT } from '../../src/api/v1alpha1/names.ts';
import type { Backend } from '../../src/api/v1alpha1/types.ts';
import { Load } from './support/agent.ts';
import { kubectl } from './support/api.ts';
import type { LoadResult, LoadSpec } from './support/load-agent.ts';
import { helloBackend, objectsOf, resource } from './support/manifests.ts';
import type { Pod } from './support/objects.ts';
import { chiSquare, chiSquareRange } from './support/statistics.ts';
import { waitFor } from './support/wait.ts';
import { useWorld } from './support/world.ts';

/** Requests that each of these pods answered. */
function counts(pods: readonly Pod[], { servers }: LoadResult): number[] {
  return pods.map(({ metadata }) => servers[metadata.name] ?? 0);
}

/** Two requests that come at once may overtake each other. */
const FEW_BURSTS = 2;

/** How often three requests in a row went to these servers; with smooth turns of 3:1:1 it is never more than two. */
function burstsOf(names: readonly string[], { order }: LoadResult): number {
  const theirs = order.map((server) => names.includes(server));
  return theirs.filter((each, index) => each && theirs[index - 1] && theirs[index - 2]).length;
}

suite('each sample, and each strategy, spreads as it should', () => {
  const world = useWorld('samples');

  async function applySample(name: string): Promise<void> {
    await world.apply(...objectsOf(`deploy/samples/${name}.yaml`));
    await world.settled(name, 120_000);
  }

  /** One of the balancers, past the Service: each balancer decides for itself, and only a single one is exact. */
  async function loadOneBalancer(name: string, spec: Omit<LoadSpec, 'host' | 'port'>): Promise<LoadResult> {
    const [balancer] = await world.balancers(name);
    const ports = balancer?.spec.containers.flatMap(({ ports }) => ports ?? []) ?? [];
    const port = ports.find(({ containerPort }) => containerPort !== BALANCER_ADMIN_PORT)?.containerPort ?? 0;
    const load = await Load.start({ host: balancer?.status.podIP ?? '', port, ...spec });
    const result = await load.finished();
    assert.deepEqual([result.ok, result.failed], [result.sent, 0], JSON.stringify(result.outcomes));
    return result;
  }

  /** One sample after the other, so that servers that are done with take no time from those that are measured. */
  async function remove(name: string): Promise<void> {
    await kubectl(['delete', 'lbs', name, '-n', world.namespace]);
    await waitFor(`the servers of ${name} to go`, async () => (await world.servers(name)).length === 0);
  }

  world.test(
    'shop: nine requests for stable to one for canary, with three servers to one, and round robin within stable',
    async (context) => {
      await applySample('shop');
      const [stable, canary] = [await world.servers('shop', 'stable'), await world.servers('shop', 'canary')];
      await world.spreadExactly(context, 'shop', { stable: [300, 300, 300], canary: [100] }, async () => {
        const result = await loadOneBalancer('shop', { pace: { type: 'Sequential', count: 1000 } });
        return { stable: counts(stable, result), canary: counts(canary, result) };
      });
    },
  );

  world.test('shop: kubectl get shows it, by both names of the kind', async () => {
    // Reports come every half second, and the status follows within a second.
    await waitFor('the status to show all', async () => (await world.status('shop')).summary?.endpoints === '4/4');
    const table = await kubectl(['get', 'lbs', 'shop', '-n', world.namespace]);
    assert.match(
      table,
      /^NAME +ENDPOINTS +BALANCERS +STRATEGY +READY +FAILOVERS +LAST-FAILOVER +AGE\nshop +4\/4 +2\/2 +RoundRobin +True +0 /,
    );
    assert.match(
      await kubectl(['get', 'loadbalancedservices', '-n', world.namespace, '-o', 'name']),
      /^loadbalancedservice\.evenkeel\.dev\/shop$/m,
    );
  });

  world.test('shop: through its Service, over many connections, both balancers keep to nine to one', async (context) => {
    const servers = await world.servers('shop', 'canary');
    await world.spreadExactly(context, 'shop', '40 of 400, or one more or less since two balancers count', async () => {
      const load = await world.load('shop', { pace: { type: 'Sequential', count: 400 }, connections: 'New' });
      const result = await load.finished();
      assert.equal(result.ok, 400, JSON.stringify(result.outcomes));
      const [canary = 0] = counts(servers, result);
      return canary >= 39 && canary <= 41 ? '40 of 400, or one more or less since two balancers count' : `${canary} of 400`;
    });
    assert.equal((await world.fetch('shop')).body, 'Hello, World!\n');
    await remove('shop');
  });

  world.test('social-feed: random, by a chi-square test over 12 servers', async () => {
    await applySample('social-feed');
    const result = await loadOneBalancer('social-feed', { pace: { type: 'Sequential', count: 2400 } });
    const servers = await world.servers('social-feed');
    assert.equal(servers.length, 12);
    const spread = counts(servers, result);
    const value = chiSquare(spread);
    const { low, high } = chiSquareRange(spread.length - 1);
    assert.ok(
      value > low && value < high,
      `chi-square ${value.toFixed(1)} of ${spread} is not within ${low.toFixed(1)} to ${high.toFixed(1)}`,
    );
  });

  world.test('social-feed: T = N / R, 12 servers at 40 checks a second, every 300 ms', async () => {
    // The status is not rewritten more often than once a minute for this, so the first figures may be from when not all servers were there.
    const heartbeat = await waitFor(
      'all servers under heartbeat',
      async () => {
        const { heartbeat } = await world.status('social-feed');
        return heartbeat?.servers === 12 ? heartbeat : null;
      },
      { timeoutMs: 80_000 },
    );
    assert.equal(heartbeat.intervalMilliseconds, 300);
    assert.equal(heartbeat.maxDetectionMilliseconds, 300 * 1.1 + 2 * 200);
    await remove('social-feed');
  });

  world.test(
    'data-pipeline: three requests for the large server to one for each small one, smoothly, while each takes two seconds',
    async (context) => {
      await applySample('data-pipeline');
      const [large, small] = [await world.servers('data-pipeline', 'large'), await world.servers('data-pipeline', 'small')];
      await world.spreadExactly(context, 'data-pipeline', { large: [60], small: [20, 20], bursts: 'few' }, async () => {
        const result = await loadOneBalancer('data-pipeline', { pace: { type: 'Open', rate: 25, count: 100 }, timeoutMs: 10_000 });
        assert.ok(result.latency.p50 >= 2000, `half of the requests took ${result.latency.p50} ms`);
        const bursts = burstsOf(
          large.map(({ metadata }) => metadata.name),
          result,
        );
        context.diagnostic(`bursts of the large server: ${bursts}`);
        return { large: counts(large, result), small: counts(small, result), bursts: bursts <= FEW_BURSTS ? 'few' : bursts };
      });
      await remove('data-pipeline');
    },
  );

  world.test('local-commands: in a cluster too', async (context) => {
    await applySample('local-commands');
    const servers = await world.servers('local-commands');
    await world.spreadExactly(context, 'local-commands', [100, 100, 100], async () =>
      counts(servers, await loadOneBalancer('local-commands', { pace: { type: 'Sequential', count: 300 } })),
    );
  });

  world.test('local-addresses: in a cluster it says that its addresses are not allowed', async () => {
    await world.apply(...objectsOf('deploy/samples/local-addresses.yaml'));
    const { status } = await world.conditions('local-addresses', {
      Accepted: 'False',
      Programmed: 'True',
      Ready: 'False',
      EndpointsHealthy: 'False',
    });
    const condition = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted);
    assert.equal(
      condition('Accepted')?.message,
      'backend servers: localhost is not allowed: the operator was started without --allowed-addresses',
    );
    assert.equal(condition('EndpointsHealthy')?.reason, 'EndpointsRefused');
    // Until the first balancer is ready, the Service itself has nobody to send to.
    await waitFor(
      'the Service sends to a balancer, which answers 503',
      async () => (await world.fetch('local-addresses')).outcome === '503',
    );
    await remove('local-addresses');
  });

  world.test('a Service of somebody else as a backend', async (context) => {
    const legacy: Backend = { name: 'legacy', type: 'Service', serviceRef: { name: 'local-commands--servers' }, ports: [{ port: 8080 }] };
    await world.apply(resource('mixed', { backends: [helloBackend('own', 1, { weight: 1 }), { ...legacy, weight: 3 }] }));
    await world.settled('mixed');
    const [own, others] = [await world.servers('mixed', 'own'), await world.servers('local-commands')];
    await world.spreadExactly(context, 'mixed', { own: [30], legacy: [30, 30, 30] }, async () => {
      const result = await loadOneBalancer('mixed', { pace: { type: 'Sequential', count: 120 } });
      return { own: counts(own, result), legacy: counts(others, result) };
    });
  });
});
