/** What those who apply our resources over and over see: health by kstatus and Argo CD in each phase, and nothing that changes by applying again. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { healthOf } from '../../support/health.ts';
import { withoutTools } from '../../support/tools.ts';
import { kubectl } from '../support/api.ts';
import { waitFor } from '../support/wait.ts';
import { applyResource, backend, client, made, resourceIn, resourceNow, waitForConditions } from './bench.ts';
import { SETTLED, useOperator } from './operator-bench.ts';

suite('health', { skip: withoutTools }, () => {
  const bench = useOperator();
  const brief = (resource: LoadBalancedService) => {
    const { kstatus, argo } = healthOf(resource);
    return `${kstatus.status}, ${argo.status}`;
  };

  test('before an operator has seen it: in progress', async () => {
    await bench.operator.stop();
    assert.equal(brief(await applyResource(resourceIn(bench.namespace))), 'InProgress, Progressing');
    await bench.restart();
  });

  test('in progress while pods are not ready, then current; again with each new generation', async () => {
    bench.standIn.holdPods(() => true);
    await applyResource(resourceIn(bench.namespace));
    assert.equal(brief(await waitForConditions(bench.namespace, { Reconciling: 'True' })), 'InProgress, Progressing');
    bench.standIn.holdPods(() => false);
    const settled = await waitForConditions(bench.namespace, SETTLED);
    assert.equal(brief(settled), 'Current, Healthy');
    const changed = await applyResource(resourceIn(bench.namespace, { backends: [backend('stable', 3)] }));
    assert.equal(brief(changed), 'InProgress, Progressing');
    assert.equal(brief(await waitForConditions(bench.namespace, SETTLED)), 'Current, Healthy');
  });

  test('current while one server is out; in progress to kstatus, and degraded to Argo CD, when none is left', async () => {
    await applyResource(resourceIn(bench.namespace));
    await waitForConditions(bench.namespace, SETTLED);
    const out = (healthy: number) =>
      bench.standIn.distort((report) => ({ ...report, backends: report.backends.map((each) => ({ ...each, healthy })) }));
    out(1);
    await waitFor('one server out', async () => (await resourceNow(bench.namespace)).status?.summary?.endpoints === '1/2');
    assert.equal(brief(await resourceNow(bench.namespace)), 'Current, Healthy');
    out(0);
    // kstatus knows Ready=False only as a state that is to pass.
    assert.equal(brief(await waitForConditions(bench.namespace, { Ready: 'False' })), 'InProgress, Degraded');
  });

  test('failed when somebody has to act, and current when they have', async () => {
    const spec = { selector: { app: 'theirs' }, ports: [{ port: 80 }] };
    await client.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', namespace: bench.namespace }, spec } as never, {
      fieldManager: 'theirs',
    });
    await applyResource(resourceIn(bench.namespace));
    const stalled = await waitForConditions(bench.namespace, { Stalled: 'True' });
    assert.equal(brief(stalled), 'Failed, Degraded');
    assert.match(healthOf(stalled).kstatus.message, /Service .*shop/);
    await client.delete(Resources.Service, { namespace: bench.namespace, name: 'shop' });
    assert.equal(brief(await waitForConditions(bench.namespace, SETTLED)), 'Current, Healthy');
  });

  test('suspended, and terminating', async () => {
    await applyResource(resourceIn(bench.namespace));
    await waitForConditions(bench.namespace, SETTLED);
    await applyResource(resourceIn(bench.namespace, { suspend: true }));
    const suspended = await waitForConditions(bench.namespace, { Reconciling: 'False/Suspended' });
    assert.equal(healthOf(suspended).argo.status, 'Suspended');
    const finalizers = { metadata: { finalizers: ['example.com/held'] } };
    const name = { namespace: bench.namespace, name: 'shop' };
    await client.mergePatch(Resources.LoadBalancedService, name, finalizers, { fieldManager: 'theirs' });
    await client.delete(Resources.LoadBalancedService, name);
    assert.equal(healthOf(await resourceNow(bench.namespace)).kstatus.status, 'Terminating');
    await client.mergePatch(Resources.LoadBalancedService, name, { metadata: { finalizers: null } }, { fieldManager: 'theirs' });
  });
});

suite('applying again', () => {
  const bench = useOperator();

  for (const [way, flags] of [
    ['kubectl apply', []],
    ['kubectl apply --server-side', ['--server-side']],
  ] as const) {
    test(`${way} of the same resource changes neither it nor what was made for it`, async () => {
      const apply = () => kubectl(['apply', ...flags, '-f', '-'], JSON.stringify(resourceIn(bench.namespace)));
      await apply();
      await waitForConditions(bench.namespace, SETTLED);
      const before = await atRest();
      assert.ok(before.length > 8);
      await apply();
      await apply();
      await another();
      assert.deepEqual(await versions(), before);
    });
  }

  /** The versions once nothing has moved while another resource came about. */
  async function atRest(): Promise<string[]> {
    let seen: string[] = [];
    return waitFor('the resource to be at rest', async () => {
      const last = seen;
      await another();
      seen = await versions();
      return isDeepStrictEqual(seen, last) ? seen : null;
    });
  }

  let others = 0;

  /** Another resource comes about: so the operator has been through all that was before it. */
  async function another(): Promise<void> {
    const name = `other-${others++}`;
    // Backends of other names: the stand-in for balancers counts servers by them.
    await applyResource(resourceIn(bench.namespace, { backends: [backend(name, 1)] }, name));
    await waitForConditions(bench.namespace, SETTLED, name);
  }

  async function versions(): Promise<string[]> {
    return [await resourceNow(bench.namespace), ...(await made(bench.namespace)).values()].map(version);
  }

  /** Deployments and budgets have a status, which Kubernetes' own controllers write at times of their own. */
  const MOVING = ['Deployment', 'PodDisruptionBudget'];

  function version({ kind = '', metadata }: KubeObject): string {
    return `${kind}/${metadata?.name} ${metadata?.generation} ${MOVING.includes(kind) ? '' : metadata?.resourceVersion}`;
  }
});
