import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { suite, type TestContext } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import type { Load } from './support/agent.ts';
import { api, kubectl } from './support/api.ts';
import { operatorNamespace } from './support/install.ts';
import { helloBackend, image, plainService, resource } from './support/manifests.ts';
import { type Deployment, paths, type Service, type StoredResource } from './support/objects.ts';
import { processesOutOfReach } from './support/processes.ts';
import { pause, waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** Long enough for kube-proxy to follow, and for a request that was due meanwhile to have failed. */
const SETTLING_MS = 3000;
const NEXT_IMAGE = `${image}-next`;

suite('moving in, an upgrade, and moving out, with clients who must not notice', () => {
  const world = useWorld('moving');
  const name = 'shop';
  const service = async () => api.get<Service>(`${paths.core(world.namespace, 'services')}/${name}`);
  const balancers = async () => api.get<Deployment>(`${paths.deployments(world.namespace)}/${name}--balancer`);
  const condition = async (type: string) => (await world.status(name)).conditions?.find((each) => each.type === type);

  /** Until the operator knows it: it puts right what it sees before. */
  async function suspend(): Promise<StoredResource> {
    const resource = await world.patch(name, { suspend: true });
    await waitFor('the operator to leave everything alone', async () => {
      const reconciling = await condition('Reconciling');
      return reconciling?.reason === 'Suspended' && reconciling.observedGeneration === resource.metadata.generation;
    });
    return resource;
  }

  /** Clients who keep their connections and clients who do not, over `change`; none of their requests may fail. */
  async function unnoticed(context: TestContext, change: (fresh: Load) => Promise<void>): Promise<void> {
    const kept = await world.load(name, { pace: { type: 'Open', rate } });
    const fresh = await world.load(name, { pace: { type: 'Open', rate: rate / 5 }, connections: 'New' });
    try {
      await waitFor('requests that are answered', async () => (await fresh.result()).ok > rate / 10);
      await change(fresh);
      await pause(SETTLING_MS);
    } finally {
      await Promise.all([kept.stop(), fresh.stop()]);
    }
    for (const [connections, { sent, failed, outcomes, latency }] of Object.entries({
      kept: await kept.result(),
      new: await fresh.result(),
    })) {
      context.diagnostic(`${connections} connections: ${sent} sent, ${failed} failed, p99 ${latency.p99} ms, slowest ${latency.max} ms`);
      assert.equal(failed, 0, `${failed} of ${sent} failed: ${JSON.stringify(outcomes)}`);
    }
  }

  /** Until new requests are answered only by pods whose names begin with `prefix`, and not with `but`. */
  async function answeredBy(load: Load, prefix: string, but = '-'): Promise<void> {
    let last: readonly string[] = [];
    await waitFor(
      `answers by ${prefix} alone`,
      async () => {
        const before = (await load.result()).servers;
        await pause(500);
        const { servers } = await load.result();
        last = Object.keys(servers).filter((server) => servers[server] !== before[server]);
        return last.length > 0 && last.every((server) => server.startsWith(prefix) && !server.startsWith(but));
      },
      { saw: () => last },
    );
  }

  world.test(
    'a Service with pods of its own is taken over: its address stays, and no request fails',
    { timeout: 180_000 },
    async (context) => {
      await world.apply(...plainService(name, 2));
      await world.reachable(name);
      const before = await service();
      await unnoticed(context, async (fresh) => {
        const ports = [{ name: 'http', port: 80, maxConnectionAge: '2s' }];
        const backends = [helloBackend('web', 2)];
        await world.apply(resource(name, { ports, backends, service: { adoption: 'IfUnowned', deletion: 'Orphan' } }));
        await world.settled(name);
        await answeredBy(fresh, `${name}--web-`);
      });
      const after = await service();
      assert.deepEqual([after?.metadata?.uid, after?.spec.clusterIP], [before?.metadata?.uid, before?.spec.clusterIP]);
      assert.equal(after?.metadata?.ownerReferences, undefined);
    },
  );

  world.test(
    'a configuration that balancers do not know: told in the status, and the last good one goes on',
    { timeout: 120_000 },
    async (context) => {
      await kubectl(['delete', 'deployment', name, '-n', world.namespace]);
      await unnoticed(context, async () => {
        // Suspended, the operator leaves the ConfigMap as somebody else writes it: one of a later version, for a later generation.
        const { metadata } = await suspend();
        const path = `${paths.core(world.namespace, 'configmaps')}/${name}--balancer`;
        const { data } = (await api.get<KubeObject & { data: Record<string, string> }>(path)) ?? { data: {} };
        const config = { ...(JSON.parse(data['config.json'] ?? '') as BalancerConfig), generation: metadata.generation };
        for (const [unknown, reason] of [
          [{ formatVersion: 2 }, /format version 2, and this balancer reads 1/],
          [{ strategy: 'Quantum' }, /strategy is "Quantum"/],
        ] as const) {
          await api.send('PATCH', path, { data: { 'config.json': JSON.stringify({ ...config, ...unknown }) } });
          await waitFor(
            `both balancers to refuse ${JSON.stringify(unknown)}`,
            async () => {
              const programmed = await condition('Programmed');
              return programmed?.status === 'False' && programmed.reason === 'ConfigRefused' && reason.test(programmed.message);
            },
            { saw: () => world.status(name) },
          );
        }
        assert.equal((await condition('Ready'))?.status, 'True');
      });
      await world.patch(name, { suspend: false });
      await world.settled(name);
    },
  );

  world.test(
    'an operator with another image replaces the balancers, and no request fails',
    { skip: processesOutOfReach, timeout: 300_000 },
    async (context) => {
      execFileSync('ctr', ['-n', 'k8s.io', 'images', 'tag', '--force', `docker.io/library/${image}`, `docker.io/library/${NEXT_IMAGE}`]);
      await unnoticed(context, () => upgradeTo(NEXT_IMAGE));
      await upgradeTo(image);
    },
  );

  async function upgradeTo(wanted: string): Promise<void> {
    await kubectl(['set', 'env', 'deployment/evenkeel-operator', '-n', operatorNamespace, `EVENKEEL_IMAGE=${wanted}`]);
    await kubectl(['rollout', 'status', 'deployment/evenkeel-operator', '-n', operatorNamespace, '--timeout=120s']);
    await waitFor(
      `balancers of ${wanted}`,
      async () => {
        const { metadata, spec, status } = (await balancers()) as Deployment & {
          spec: { template: { spec: { containers: { image: string }[] } } };
        };
        const { observedGeneration = 0, replicas, updatedReplicas, availableReplicas } = status;
        const done = replicas === 2 && updatedReplicas === 2 && availableReplicas === 2;
        return spec.template.spec.containers[0]?.image === wanted && observedGeneration >= (metadata?.generation ?? 0) && done;
      },
      { timeoutMs: 120_000 },
    );
    await world.settled(name);
  }

  world.test(
    'moving out: the Service leads to pods of its own again, the resource goes, and no request fails',
    { timeout: 180_000 },
    async (context) => {
      const [pods] = plainService(name, 2);
      assert.ok(pods);
      await world.apply(pods);
      await kubectl(['rollout', 'status', `deployment/${name}`, '-n', world.namespace, '--timeout=90s']);
      const before = await service();
      await unnoticed(context, async (fresh) => {
        await suspend();
        const found = await service();
        const spec = { ...found?.spec, selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] };
        await api.send('PUT', `${paths.core(world.namespace, 'services')}/${name}`, { ...found, spec });
        await answeredBy(fresh, `${name}-`, `${name}--`);
        // Connections that clients keep end with their age, and are opened anew at the pods.
        await pause(SETTLING_MS);
        await kubectl(['delete', 'lbs', name, '-n', world.namespace]);
        await waitFor('the balancers to go', async () => (await world.balancers(name)).length === 0 && (await balancers()) === null, {
          timeoutMs: 60_000,
        });
      });
      const after = await service();
      assert.deepEqual([after?.metadata?.uid, after?.spec.clusterIP], [before?.metadata?.uid, before?.spec.clusterIP]);
      assert.equal(after?.metadata?.ownerReferences, undefined);
    },
  );
});
