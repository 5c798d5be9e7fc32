import assert from 'node:assert/strict';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { api, apply, kubectl } from '../support/api.ts';
import { waitFor } from '../support/wait.ts';
import { applyResource, backend, client, get, resourceIn, waitForConditions } from './bench.ts';
import { SETTLED, useOperator } from './operator-bench.ts';
import { PodMetrics } from './pod-metrics.ts';

interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: KubeObject & { readonly spec: { readonly containers: readonly { readonly name: string }[] } };
  };
}

suite('what others have to say about the objects of a resource', { timeout: 300_000 }, () => {
  const bench = useOperator();
  const deployment = async (name: string) => get<Deployment>(Resources.Deployment, bench.namespace, name);
  const replicas = async (name: string) => (await deployment(name))?.spec.replicas;
  const withNote = (note: string, replicas?: number) => ({
    balancer: {
      type: 'Dedicated' as const,
      dedicated: { ...(replicas === undefined ? {} : { replicas }), template: { metadata: { annotations: { note } } } },
    },
  });
  const noteOf = async (name: string) => (await deployment(name))?.spec.template.metadata?.annotations?.note;

  test('fields that a mesh, an injector and a person own stay when the operator applies its own', async () => {
    await applyResource(resourceIn(bench.namespace, withNote('one')));
    await waitForConditions(bench.namespace, SETTLED);
    const metadata = { name: 'shop--balancer', namespace: bench.namespace };
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
    const annotations = { 'mesh.example.com/inject': 'true' };
    const sidecar = { name: 'mesh', image: 'mesh:1' };
    await client.apply({ ...target, metadata: { ...metadata, annotations, labels: { team: 'sales' } } }, { fieldManager: 'mesh' });
    const injected = { ...target, spec: { template: { metadata: { annotations }, spec: { containers: [sidecar] } } } };
    await client.apply(injected as KubeObject, { fieldManager: 'injector' });

    await applyResource(resourceIn(bench.namespace, withNote('two')));
    await waitFor('what the operator applied afterwards', async () => (await noteOf('shop--balancer')) === 'two');
    await bench.restart();
    await applyResource(resourceIn(bench.namespace, withNote('three')));
    await waitFor('what it applied after a restart', async () => (await noteOf('shop--balancer')) === 'three');
    const now = await deployment('shop--balancer');
    assert.equal(now?.metadata?.annotations?.['mesh.example.com/inject'], 'true');
    assert.equal(now?.metadata?.labels?.team, 'sales');
    assert.equal(now?.spec.template.metadata?.annotations?.['mesh.example.com/inject'], 'true');
    assert.deepEqual(now?.spec.template.spec.containers.map(({ name }) => name).sort(), ['balancer', 'mesh']);
  });

  suite('an autoscaler, with a server of metrics in the place of metrics-server', () => {
    let metrics: PodMetrics;
    beforeEach(async () => {
      metrics = await PodMetrics.start(bench.namespace);
    });
    afterEach(() => metrics.stop());

    /** 100 MiB a pod: each uses 50 MiB or 200 MiB. */
    async function autoscale(name: string, minReplicas: number): Promise<void> {
      metrics.uses(90);
      const now = { stabilizationWindowSeconds: 0 };
      await apply({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name, namespace: bench.namespace },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
          minReplicas,
          maxReplicas: 4,
          metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } }],
          behavior: { scaleDown: now, scaleUp: { ...now, policies: [{ type: 'Pods', value: 4, periodSeconds: 1 }] } },
        },
      } as KubeObject);
    }

    async function scaled(name: string, to: number): Promise<void> {
      await waitFor(`${to} replicas of ${name}`, async () => (await replicas(name)) === to, {
        timeoutMs: 60_000,
        saw: () => kubectl(['get', 'hpa', '-n', bench.namespace]).catch(String),
      });
    }

    test("a backend's: its number stays over what the operator applies, and goes up and down", async () => {
      const spec = (note: string) => ({
        backends: [backend('stable', undefined, { deployment: { template: templateWith(note) } })],
      });
      await applyResource(resourceIn(bench.namespace, spec('one')));
      await waitForConditions(bench.namespace, SETTLED);
      await autoscale('shop--stable', 1);
      metrics.uses(400);
      await scaled('shop--stable', 4);
      await applyResource(resourceIn(bench.namespace, spec('two')));
      await waitFor('what the operator applied', async () => (await noteOf('shop--stable')) === 'two');
      assert.equal(await replicas('shop--stable'), 4);
      const { status } = await waitForConditions(bench.namespace, SETTLED);
      assert.equal(status?.summary?.endpoints, '4/4');
      metrics.uses(10);
      await scaled('shop--stable', 1);
    });

    test("the balancer's: 2 at first, then what the autoscaler says, over a restart of the operator too", async () => {
      await applyResource(resourceIn(bench.namespace, withNote('one')));
      await waitForConditions(bench.namespace, SETTLED);
      assert.equal(await replicas('shop--balancer'), 2);
      await autoscale('shop--balancer', 2);
      metrics.uses(400);
      await scaled('shop--balancer', 4);
      await bench.restart();
      await applyResource(resourceIn(bench.namespace, withNote('two')));
      await waitFor('what the operator applied', async () => (await noteOf('shop--balancer')) === 'two');
      assert.equal(await replicas('shop--balancer'), 4);
      const { status } = await waitForConditions(bench.namespace, SETTLED);
      assert.equal(status?.summary?.balancers, '4/4');
      // A number in the spec is the operator's again.
      await api.send('DELETE', `/apis/autoscaling/v2/namespaces/${bench.namespace}/horizontalpodautoscalers/shop--balancer`);
      await applyResource(resourceIn(bench.namespace, withNote('two', 3)));
      await scaled('shop--balancer', 3);
    });
  });
});

function templateWith(note: string): Record<string, unknown> {
  return { metadata: { annotations: { note } }, spec: { containers: [{ name: 'server', image: 'server:1' }] } };
}
