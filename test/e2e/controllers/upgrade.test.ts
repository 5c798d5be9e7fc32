import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { pause, waitFor } from '../support/wait.ts';
import { applyResource, client, get, made, resourceIn, startOperator, waitForConditions } from './bench.ts';
import { SETTLED, useOperator } from './operator-bench.ts';

const OLD = 'evenkeel:old';
const NEW = 'evenkeel:new';
const ALLOWED = ['10.0.0.0/8'];
const FIXTURE = join(import.meta.dirname, '../../fixtures/release-0.1.0.yaml');

interface Workload extends KubeObject {
  readonly spec: { readonly containers?: readonly { readonly image: string }[]; readonly template?: Workload };
}
const imageOf = ({ spec }: Workload) => spec.containers?.[0]?.image ?? spec.template?.spec.containers?.[0]?.image ?? '';

suite('an upgrade of the operator', { timeout: 300_000 }, () => {
  const bench = useOperator({ balancerImage: OLD, allowedAddresses: ALLOWED });
  const names = ['a', 'b', 'c', 'd', 'e'];
  const imagesOf = async () => {
    const selector = { namespace: bench.namespace, labelSelector: 'evenkeel.dev/component=balancer' };
    const { items } = await client.list<Workload>(Resources.Deployment, selector);
    return new Map(items.map((item) => [item.metadata?.labels?.['evenkeel.dev/service'] ?? '', imageOf(item)]));
  };
  const replaced = async () => [...(await imagesOf())].filter(([, image]) => image === NEW).map(([name]) => name);
  const upgrade = () => bench.restart({ balancerImage: NEW, maxRollingBalancers: 2, allowedAddresses: ALLOWED });
  const holdNew = () => bench.standIn.holdPods((pod) => imageOf(pod as unknown as Workload) === NEW);
  const spec = { backends: [{ name: 'fixed', type: 'Addresses' as const, addresses: [{ host: '10.0.0.7', port: 8080 }] }] };
  const settled = async () => Promise.all(names.map((name) => waitForConditions(bench.namespace, SETTLED, name)));

  test('balancers are replaced in waves; one that does not become ready stops the rest, over a restart too', async () => {
    for (const name of names) await applyResource(resourceIn(bench.namespace, spec, name));
    await settled();
    holdNew();
    await upgrade();
    await waitFor('a first wave', async () => (await replaced()).length === 2);
    const waiting = async () => /evenkeel_balancer_rollouts\{state="waiting"\} (\d+)/.exec(await bench.operator.metrics())?.[1];
    await waitFor('the rest to wait', async () => (await waiting()) === '3');
    const first = (await replaced()).sort();

    await upgrade();
    await waitFor('the rest to wait for the next operator too', async () => (await waiting()) === '3');
    assert.deepEqual((await replaced()).sort(), first);
    for (const name of names) await waitForConditions(bench.namespace, { Ready: 'True', Programmed: 'True', Stalled: 'False' }, name);

    // What an owner asks for is not held back, and changes of the configuration reach balancers of the release before.
    const [late = '', other = ''] = names.filter((name) => !first.includes(name));
    const dedicated = { template: { metadata: { labels: { team: 'sales' } } } };
    await applyResource(resourceIn(bench.namespace, { ...spec, balancer: { type: 'Dedicated', dedicated } }, late));
    await waitFor("the owner's change", async () => (await imagesOf()).get(late) === NEW);
    await applyResource(resourceIn(bench.namespace, { ...spec, strategy: { type: 'Random' } }, other));
    await waitForConditions(bench.namespace, { ...SETTLED }, other);
    assert.equal((await imagesOf()).get(other), OLD);

    // One that is suspended waits no more, and nobody is kept busy by it.
    await applyResource(resourceIn(bench.namespace, { ...spec, strategy: { type: 'Random' }, suspend: true }, other));
    await waitFor('one less to wait', async () => (await waiting()) === '1');
    const reconciled = async () => {
      const counted = (await bench.operator.metrics()).matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm);
      return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await waitForConditions(bench.namespace, { Reconciling: 'False/Suspended' }, other);
    const before = await reconciled();
    await pause(1_000);
    assert.ok((await reconciled()) - before < 20, 'the queue is at rest');
    await applyResource(resourceIn(bench.namespace, { ...spec, strategy: { type: 'Random' } }, other));

    bench.standIn.holdPods(() => false);
    await waitFor('all to be replaced', async () => (await replaced()).length === names.length);
    await waitFor('every wave to be over', async () => {
      const { items } = await client.list<KubeObject>(Resources.Deployment, { namespace: bench.namespace });
      return items.every(({ metadata }) => metadata?.annotations?.['evenkeel.dev/wave'] === undefined);
    });
    await settled();
  });

  test('at no time are more replaced than may be, and a release that is taken back half-way is paced too', async () => {
    for (const name of names) await applyResource(resourceIn(bench.namespace, spec, name));
    await settled();
    const seen: number[] = [];
    const watching = new AbortController();
    // A generation that the controller has not seen yet may also be one of which only annotations are others, as when a wave is over.
    const underWay = async () => {
      const selector = { namespace: bench.namespace, labelSelector: 'evenkeel.dev/component=balancer' };
      const { items } = await client.list<KubeObject & { status?: Record<string, number> }>(Resources.Deployment, selector);
      return items.filter(({ metadata, status = {} }) => {
        const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
        const unseen = observedGeneration < (metadata?.generation ?? 0) && metadata?.annotations?.['evenkeel.dev/wave'] !== undefined;
        return unseen || updatedReplicas < 2 || availableReplicas < 2 || replicas > 2;
      }).length;
    };
    const watch = (async () => {
      while (!watching.signal.aborted) seen.push(await underWay());
    })();
    await upgrade();
    await waitFor('some to be replaced', async () => (await replaced()).length >= 3);
    await bench.restart({ balancerImage: OLD, maxRollingBalancers: 2, allowedAddresses: ALLOWED });
    await waitFor('all to be put back', async () => (await replaced()).length === 0 && (await underWay()) === 0);
    await settled();
    watching.abort();
    await watch;
    assert.ok(Math.max(...seen) <= 2 && Math.max(...seen) > 0, `${Math.max(...seen)} at once`);
  });

  test('objects of release 0.1.0 are taken up as they are: none is made anew, none is lost, and no field of them stays behind', async () => {
    await bench.operator.stop();
    const [resource, ...objects] = parseAllDocuments(readFileSync(FIXTURE, 'utf8')).map((each) => each.toJS() as KubeObject);
    const { metadata } = await applyResource({
      ...resource,
      metadata: { name: 'shop', namespace: bench.namespace },
    } as LoadBalancedService);
    for (const object of objects) await client.apply(adapt(object, metadata), { fieldManager: 'evenkeel', force: true });
    const uids = async () => new Map([...(await made(bench.namespace))].map(([name, object]) => [name, object.metadata?.uid]));
    const before = await uids();
    assert.equal(before.size, objects.length);
    const service = await get(Resources.Service, bench.namespace, 'shop');
    await client.mergePatch(
      Resources.Deployment,
      { namespace: bench.namespace, name: 'shop--canary' },
      { spec: { replicas: 3 } },
      { fieldManager: 'autoscaler' },
    );

    const operator = await startOperator(bench.namespace, { balancerImage: NEW });
    try {
      const { status } = await waitForConditions(bench.namespace, SETTLED);
      await waitFor('the balancers of this release', async () => (await imagesOf()).get('shop') === NEW);
      assert.deepEqual(await uids(), before);
      assert.deepEqual(
        (await get<KubeObject & { spec: unknown }>(Resources.Service, bench.namespace, 'shop'))?.spec,
        (service as { spec?: unknown }).spec,
      );
      assert.deepEqual([status?.summary?.balancers, status?.backends?.find(({ name }) => name === 'canary')?.desired], ['2/2', 3]);
      // What it owned is ours by apply, so what is taken out of the spec goes.
      const { spec: stored } = await client.get<LoadBalancedService>(Resources.LoadBalancedService, {
        namespace: bench.namespace,
        name: 'shop',
      });
      const http = ({ name }: { name?: string }) => name === 'http';
      const backends = stored.backends.map((backend) => ({ ...backend, ports: backend.ports?.filter(http) ?? [] }));
      await applyResource({ ...resourceIn(bench.namespace), spec: { ...stored, ports: stored.ports.filter(http), backends } });
      await waitForConditions(bench.namespace, SETTLED);
      const ports = (await get<KubeObject & { spec: { ports: { name: string }[] } }>(Resources.Service, bench.namespace, 'shop'))?.spec
        .ports;
      assert.deepEqual(
        ports?.map(({ name }) => name),
        ['http'],
      );
    } finally {
      await operator.stop();
    }
  });

  function adapt(object: KubeObject, { uid = '' }: LoadBalancedService['metadata']): KubeObject {
    return JSON.parse(JSON.stringify(object).replaceAll('NAMESPACE', bench.namespace).replaceAll('UID', uid)) as KubeObject;
  }
});
