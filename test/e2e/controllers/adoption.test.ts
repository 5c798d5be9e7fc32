import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedServiceSpec } from '../../../src/api/v1alpha1/types.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { waitFor } from '../support/wait.ts';
import { applyResource, client, get, made, resourceIn, waitForConditions } from './bench.ts';
import { SETTLED, useOperator } from './operator-bench.ts';

const MANAGER = { fieldManager: 'somebody' };
const OURS = { 'evenkeel.dev/service': 'shop', 'evenkeel.dev/component': 'balancer' };

interface Service extends KubeObject {
  readonly spec: {
    readonly clusterIP?: string;
    readonly type?: string;
    readonly sessionAffinity?: string;
    readonly selector?: Record<string, string>;
    readonly ports: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number }[];
  };
}

suite('moving in: a Service that was there before, against a real API server', { timeout: 300_000 }, () => {
  const bench = useOperator();
  const service = async () => get<Service>(Resources.Service, bench.namespace, 'shop');
  const theirs = (spec: Partial<Service['spec']> = {}, metadata: KubeObject['metadata'] = {}) =>
    client.create<Service>(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'shop', namespace: bench.namespace, annotations: { mesh: 'yes' }, ...metadata },
        spec: { sessionAffinity: 'ClientIP', selector: { app: 'web' }, ports: [{ name: 'web', port: 80, targetPort: 8080 }], ...spec },
      } as Service,
      MANAGER,
    );
  const applyWith = (spec: LoadBalancedServiceSpec['service']) =>
    applyResource(resourceIn(bench.namespace, spec === undefined ? {} : { service: spec }));

  test('it leads to its own pods until every balancer can take its clients, and then keeps its address and the names of its ports', async () => {
    const before = await theirs();
    bench.standIn.holdPods((pod) => pod.metadata?.labels?.['evenkeel.dev/component'] === 'balancer');
    const { metadata } = await applyWith({ adoption: 'IfUnowned' });
    const { status } = await waitForConditions(bench.namespace, { Accepted: 'True', Reconciling: 'True/AwaitingAdoption' });
    assert.match(
      status?.conditions?.find(({ type }) => type === 'Reconciling')?.message ?? '',
      /Service "shop" is taken over when every balancer is ready/,
    );
    await waitFor('balancer pods that are there', async () => {
      const deployment = await get<KubeObject & { status?: { replicas?: number } }>(
        Resources.Deployment,
        bench.namespace,
        'shop--balancer',
      );
      return deployment?.status?.replicas === 2;
    });
    assert.deepEqual(await service(), before, 'not a byte of it has changed');

    bench.standIn.holdPods(() => false);
    await waitForConditions(bench.namespace, SETTLED);
    const after = await service();
    assert.deepEqual([after?.metadata?.uid, after?.spec.clusterIP], [before.metadata?.uid, before.spec.clusterIP]);
    assert.deepEqual(after?.spec.selector, OURS);
    assert.deepEqual(
      after?.spec.ports.map(({ name, port, targetPort }) => [name, port, targetPort]),
      [['web', 80, 10_080]],
    );
    assert.deepEqual([after?.spec.sessionAffinity, after?.metadata?.annotations?.mesh], ['ClientIP', 'yes'], 'what is theirs stays');
    assert.deepEqual(
      after?.metadata?.ownerReferences?.map(({ uid }) => uid),
      [metadata.uid],
    );
    // What was taken over stays as it is over a restart of the operator.
    await bench.restart();
    await applyResource(resourceIn(bench.namespace, { service: { adoption: 'IfUnowned' }, strategy: { type: 'Random' } }));
    await waitForConditions(bench.namespace, SETTLED);
    assert.deepEqual((await service())?.spec.ports, after?.spec.ports);
  });

  test('one whose clients would lose something is left alone, until that is put right', async () => {
    const before = await theirs({
      ports: [
        { name: 'web', port: 80, targetPort: 8080 },
        { name: 'old', port: 81, targetPort: 8081 },
      ],
    });
    await applyWith({ adoption: 'IfUnowned' });
    const { status } = await waitForConditions(bench.namespace, {
      Accepted: 'False/AdoptionRefused',
      Stalled: 'True/AdoptionRefused',
    });
    assert.match(status?.conditions?.[0]?.message ?? '', /it has port 81, which spec.ports lacks/);
    assert.deepEqual(await service(), before);
    assert.equal((await made(bench.namespace)).size, 0, 'nothing else was made');
    const ports = [{ name: 'web', port: 80, targetPort: 8080 }];
    await client.mergePatch(Resources.Service, { namespace: bench.namespace, name: 'shop' }, { spec: { ports } }, MANAGER);
    await waitForConditions(bench.namespace, SETTLED);
    assert.equal((await service())?.metadata?.uid, before.metadata?.uid);
  });

  test('one that something owns, controller or not, is never taken over', async () => {
    const owner = await client.create<KubeObject>(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs', namespace: bench.namespace } },
      MANAGER,
    );
    for (const controller of [true, false]) {
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs', uid: owner.metadata?.uid ?? '', controller };
      const before = await theirs({}, { ownerReferences: [reference] });
      await applyWith({ adoption: 'IfUnowned' });
      await waitForConditions(bench.namespace, { Accepted: 'False/NameConflict', Stalled: 'True/NameConflict' });
      assert.deepEqual(await service(), before);
      await client.delete(Resources.LoadBalancedService, { namespace: bench.namespace, name: 'shop' });
      await client.delete(Resources.Service, { namespace: bench.namespace, name: 'shop' });
    }
  });

  test('moving out: it is left behind as it is, owned by nobody, and taken in again only on request', async () => {
    await applyWith({ deletion: 'Orphan' });
    await waitForConditions(bench.namespace, SETTLED);
    const held = await service();
    assert.equal(held?.metadata?.ownerReferences, undefined);
    // It is ours all the same while the resource is there.
    const name = { namespace: bench.namespace, name: 'shop' };
    await client.mergePatch(Resources.Service, name, { spec: { selector: { app: 'nobody' } } }, MANAGER);
    await waitFor('the selector', async () => (await service())?.spec.selector?.['evenkeel.dev/service'] === 'shop');

    await client.delete(Resources.LoadBalancedService, name);
    await waitFor('all else to go', async () => [...(await made(bench.namespace)).keys()].join() === 'Service/shop');
    const left = await service();
    assert.deepEqual([left?.metadata?.uid, left?.spec.clusterIP], [held?.metadata?.uid, held?.spec.clusterIP]);
    assert.equal(left?.metadata?.ownerReferences, undefined);

    await applyWith(undefined);
    const { status } = await waitForConditions(bench.namespace, { Accepted: 'False/NameConflict' });
    assert.match(status?.conditions?.[0]?.message ?? '', /spec\.service\.adoption: IfUnowned/);
    const { metadata } = await applyWith({ adoption: 'IfUnowned' });
    await waitForConditions(bench.namespace, SETTLED);
    const again = await service();
    assert.deepEqual([again?.metadata?.uid, again?.metadata?.ownerReferences?.[0]?.uid], [held?.metadata?.uid, metadata.uid]);
  });

  test('deletion changes in the life of a resource: the owner goes and comes', async () => {
    const owners = async () => (await service())?.metadata?.ownerReferences?.length ?? 0;
    await applyWith(undefined);
    await waitForConditions(bench.namespace, SETTLED);
    assert.equal(await owners(), 1);
    await applyWith({ deletion: 'Orphan' });
    await waitFor('no owner', async () => (await owners()) === 0);
    await waitForConditions(bench.namespace, SETTLED);
    await applyWith({ deletion: 'Delete' });
    await waitFor('an owner', async () => (await owners()) === 1);
    assert.equal((await service())?.metadata?.annotations?.['evenkeel.dev/held-by'], undefined);
  });
});
