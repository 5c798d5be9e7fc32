import assert from 'node:assert/strict';
import { suite } from 'node:test';
import type { LoadBalancedServiceSpec } from '../../src/api/v1alpha1/types.ts';
import type { Load } from './support/agent.ts';
import { api, kubectl } from './support/api.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, quickHeartbeat, resource } from './support/manifests.ts';
import { type Deployment, paths } from './support/objects.ts';
import { waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

suite('the spec changes while requests go on', () => {
  const world = useWorld('live-config');
  const name = 'shop';
  let spec: LoadBalancedServiceSpec;

  /** Applies the spec as it is, with these parts changed. */
  async function apply(changed: Partial<LoadBalancedServiceSpec>): Promise<void> {
    spec = { ...spec, ...changed };
    await world.apply(resource(name, spec));
  }

  /** Changes the spec under load; every change is taken up without a request failing, and on the connections that there are. */
  async function change(
    changed: Partial<LoadBalancedServiceSpec>,
    meanwhile: (load: Load) => Promise<void> = async () => {},
  ): Promise<LoadResult> {
    const pods = (await world.balancers(name)).map(({ metadata }) => metadata.uid);
    const load = await world.load(name, { pace: { type: 'Open', rate: rate / 2 } });
    try {
      await apply(changed);
      await world.settled(name);
      await meanwhile(load);
    } finally {
      await load.stop();
    }
    const result = await load.result();
    assert.equal(result.failed, 0, JSON.stringify(result.outcomes));
    assert.deepEqual(
      (await world.balancers(name)).map(({ metadata }) => metadata.uid),
      pods,
      'no balancer was replaced',
    );
    return result;
  }

  /** What becomes of `count` requests, one after the other over one connection. */
  async function sample(count: number): Promise<Record<string, number>> {
    const load = await world.load(name, { pace: { type: 'Sequential', count } });
    const result = await load.finished();
    assert.equal(result.ok, count, JSON.stringify(result.outcomes));
    return result.servers;
  }

  /** How many of 100 requests the backend gets. */
  async function shareOf(backend: string): Promise<number> {
    const servers = await sample(100);
    const pods = await world.servers(name, backend);
    return pods.reduce((sum, { metadata }) => sum + (servers[metadata.name] ?? 0), 0);
  }

  const two = (blue: number, green: number) => [helloBackend('blue', 2, { weight: blue }), helloBackend('green', 2, { weight: green })];

  world.test('two backends come up, half and half', { timeout: 120_000 }, async (context) => {
    ({ spec } = resource(name, { backends: two(1, 1) }));
    await apply({});
    await world.settled(name);
    await world.spreadExactly(context, name, 50, () => shareOf('green'));
  });

  world.test('weights: 3 to 1, then all to one', async (context) => {
    await change({ backends: two(3, 1) });
    await world.spreadExactly(context, name, 25, () => shareOf('green'));
    await change({ backends: two(1, 0) });
    await world.spreadExactly(context, name, 0, () => shareOf('green'));
    await change({ backends: two(1, 1) });
  });

  world.test('strategy: RoundRobin, Random, WeightedRoundRobin', async (context) => {
    await change({ strategy: { type: 'Random' } });
    assert.equal((await world.status(name)).summary?.strategy, 'Random');
    const random = Object.values(await sample(400));
    assert.notDeepEqual(random, [100, 100, 100, 100]);
    assert.equal(random.length, 4);
    // Without weights of their own two backends share by their servers, whose weights only one of the strategies knows.
    await change({ backends: [helloBackend('blue', 2, { serverWeight: 3 }), helloBackend('green', 2)] });
    await change({ strategy: { type: 'WeightedRoundRobin' } });
    await world.spreadExactly(context, name, 25, () => shareOf('green'));
    await change({ strategy: { type: 'RoundRobin' } });
    await world.spreadExactly(context, name, 50, () => shareOf('green'));
    await change({ backends: two(1, 1) });
    await world.spreadExactly(context, name, [100, 100, 100, 100], async () => Object.values(await sample(400)));
  });

  world.test('heartbeat: another schedule, then one that no server passes', async () => {
    await change({ heartbeat: { ...quickHeartbeat, schedule: { type: 'Budget', budget: { checksPerSecond: 10 } } } }, async () => {
      await waitFor('T = N / R', async () => (await world.status(name)).heartbeat?.intervalMilliseconds === 400, { timeoutMs: 90_000 });
    });
    await apply({ heartbeat: { ...quickHeartbeat, http: { path: '/?status=500' } } });
    await world.conditions(name, { Ready: 'False', FailOpen: 'True', EndpointsHealthy: 'False', Stalled: 'False' });
    const { unhealthyEndpoints } = await world.status(name);
    assert.deepEqual([...new Set(unhealthyEndpoints?.map(({ reason }) => reason))], ['HeartbeatBadStatus']);
    await sample(20); // all are tried, and all of them answer ordinary requests
    await apply({ heartbeat: quickHeartbeat });
    await world.settled(name);
  });

  world.test(
    'a backend is renamed: the new one is there before the old one goes, and nothing fails',
    { timeout: 180_000 },
    async (context) => {
      const renamed = [helloBackend('blue', 2, { weight: 1 }), helloBackend('teal', 2, { weight: 1 })];
      const deployments = paths.deployments(world.namespace);
      let ready = 0;
      const gone = waitFor(
        'the Deployment of the old name to go',
        async () => {
          const { status } = (await api.get<Deployment>(`${deployments}/shop--teal`)) ?? {};
          ready = status?.availableReplicas ?? 0;
          return (await api.get(`${deployments}/shop--green`)) === null;
        },
        { timeoutMs: 90_000 },
      );
      await change({ backends: renamed }, async () => {
        await waitFor('the servers of the old name to go', async () => (await world.servers(name, 'green')).length === 0, {
          timeoutMs: 60_000,
        });
      });
      await gone;
      assert.equal(ready, 2, 'servers of the new name when the Deployment of the old one went');
      await world.spreadExactly(context, name, 50, () => shareOf('teal'));
      for (const path of [`${paths.deployments(world.namespace)}/shop--green`, `${paths.core(world.namespace, 'services')}/shop--green`]) {
        await waitFor(`${path} to go`, async () => (await api.get(path)) === null);
      }
    },
  );

  world.test(
    'replicas are taken out of the spec: the live number stays, and somebody else may change it',
    { timeout: 120_000 },
    async () => {
      const replicas = async () => (await api.get<Deployment>(`${paths.deployments(world.namespace)}/shop--blue`))?.spec.replicas;
      await change({ backends: [helloBackend('blue', undefined, { weight: 1 }), helloBackend('teal', 2, { weight: 1 })] });
      assert.equal(await replicas(), 2);
      await kubectl(['scale', '-n', world.namespace, 'deployment/shop--blue', '--replicas=3']);
      await waitFor('three servers', async () => (await world.servers(name, 'blue')).length === 3);
      await change({ strategy: { type: 'Random' } });
      assert.equal(await replicas(), 3);
      await change({
        backends: two(1, 1).map((backend) => (backend.name === 'green' ? { ...backend, name: 'teal' } : backend)),
        strategy: { type: 'RoundRobin' },
      });
      assert.equal(await replicas(), 2);
    },
  );

  world.test('suspend: the operator changes nothing, and traffic goes on', async () => {
    await apply({ suspend: true });
    await world.conditions(name, { Reconciling: 'False' });
    await apply({ backends: two(1, 1) });
    await kubectl(['delete', '-n', world.namespace, 'service', 'shop--teal']);
    const { status } = await world.conditions(name, { Programmed: 'False', Ready: 'True' });
    assert.equal(status?.conditions?.find(({ type }) => type === 'Programmed')?.reason, 'Suspended');
    assert.equal(await api.get(`${paths.deployments(world.namespace)}/shop--green`), null);
    assert.equal(await api.get(`${paths.core(world.namespace, 'services')}/shop--teal`), null);
    await sample(20);
    await apply({ suspend: false });
    await world.settled(name);
    assert.notEqual(await api.get(`${paths.deployments(world.namespace)}/shop--green`), null);
  });

  world.test('a pod template that the API server refuses: Stalled, with its own words, and the last good state serves on', async () => {
    const good = spec.backends;
    const [first, ...others] = structuredClone(good);
    assert.ok(first?.deployment);
    (first.deployment.template as { spec: { containers: { image?: string }[] } }).spec.containers.push({});
    const load = await world.load(name, { pace: { type: 'Open', rate: rate / 5 } });
    await apply({ backends: [first, ...others] });
    const { status } = await world.conditions(name, { Stalled: 'True', Ready: 'True', Reconciling: 'False' });
    const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
    assert.match(stalled?.message ?? '', /spec\.template\.spec\.containers\[1\]\.name/);
    await waitFor('an Event about it', async () => (await world.events(name)).some(({ reason }) => reason === 'Stalled'));
    await apply({ backends: good });
    await world.settled(name);
    const { failed, outcomes } = await load.stop();
    assert.equal(failed, 0, JSON.stringify(outcomes));
  });
});
