import assert from 'node:assert/strict';
import { after, before, suite } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { isObjectWrite } from '../../support/fault-proxy.ts';
import { applyResource, client, get, made, resourceIn, resourceNow, waitForConditions } from '../controllers/bench.ts';
import { waitFor } from '../support/wait.ts';
import { AFTER, BEFORE, calm, contentOf, onStage, serve, settle, settled } from './scenario.ts';
import { install, type Stage } from './stage.ts';

const FINALIZER = 'example.com/hold';
/** The API server asks its policies anew within seconds of their change; the operator tries what was refused once a minute. */
const REPEAL_MS = 100_000;

suite('a cluster that refuses', { concurrency: 8, timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  onStage('a quota refuses pods: the resource says so in its words, and all comes about when it is raised', async (stage) => {
    await stage.startOperator();
    await client.request('POST', `/api/v1/namespaces/${stage.namespace}/resourcequotas`, {
      body: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '1' } } },
    });
    await waitFor('the quota to be counted', async () => {
      const quota = await client.request<{ status?: { hard?: { pods?: string } } }>(
        'GET',
        `/api/v1/namespaces/${stage.namespace}/resourcequotas/few`,
      );
      return quota.status?.hard?.pods === '1';
    });
    await applyResource(resourceIn(stage.namespace, BEFORE));
    await waitForConditions(stage.namespace, { Accepted: 'True', Stalled: 'True/FailedCreate', Reconciling: 'False/Stalled' });
    assert.match(await messageOf(stage, 'Stalled'), /exceeded quota: few/);
    await stage.quiet();
    await client.request('DELETE', `/api/v1/namespaces/${stage.namespace}/resourcequotas/few`);
    await settled(stage);
    assert.deepEqual(stage.deletions(), []);
    assert.deepEqual(await contentOf(stage.namespace), await calm(BEFORE));
  });

  onStage('an admission policy refuses pods: the resource says so, and all comes about when it is gone', async (stage) => {
    await stage.startOperator();
    const repeal = await enactPolicy(stage.namespace, '', 'pods', 'false');
    await applyResource(resourceIn(stage.namespace, BEFORE));
    await waitForConditions(stage.namespace, { Accepted: 'True', Stalled: 'True/FailedCreate', Reconciling: 'False/Stalled' });
    assert.match(await messageOf(stage, 'Stalled'), /no such thing here/);
    await repeal();
    await settled(stage);
    assert.deepEqual(stage.deletions(), []);
    assert.deepEqual(await contentOf(stage.namespace), await calm(BEFORE));
  });

  onStage('an admission policy refuses a Deployment: what there is goes on, and the change comes when it is gone', async (stage) => {
    await stage.startOperator();
    await serve(stage);
    const [uids, content] = [await stage.uids(), await contentOf(stage.namespace)];
    const repeal = await enactPolicy(stage.namespace, 'apps', 'deployments', 'object.spec.replicas < 3');
    await applyResource(resourceIn(stage.namespace, AFTER));
    await waitForConditions(stage.namespace, { Accepted: 'False', Stalled: 'True', Ready: 'True', Programmed: 'False' });
    assert.match(await messageOf(stage, 'Stalled'), /no such thing here/);
    const { 'Service/shop--stable': _applied, ...untouched } = await contentOf(stage.namespace);
    for (const [name, text] of Object.entries(untouched)) assert.equal(text, content[name], name);
    await repeal();
    await settled(stage, REPEAL_MS);
    assert.deepEqual(await stage.uids(), uids);
    assert.deepEqual(await contentOf(stage.namespace), await calm(AFTER));
  });

  onStage('children that are deleted and held by a foreign finalizer: the rest goes on, and they are made anew', async (stage) => {
    await stage.startOperator();
    const traffic = await serve(stage);
    const before = await stage.uids();
    const held = [Resources.ConfigMap, Resources.RoleBinding, Resources.Deployment];
    for (const ref of held) {
      await hold(stage, ref, 'shop--balancer', [FINALIZER]);
      await client.delete(ref, { namespace: stage.namespace, name: 'shop--balancer' });
    }
    await waitForConditions(stage.namespace, { Ready: 'True', Reconciling: 'True/AwaitingDeletion' });
    await applyResource(resourceIn(stage.namespace, AFTER));
    const ports = async () => (await get<Service>(Resources.Service, stage.namespace, 'shop'))?.spec.ports.map(({ port }) => port);
    await waitFor('what is not held to change', async () => (await ports())?.join() === '80,81');
    // Whoever deletes a Deployment deletes its pods, and the Service leads to none until there are new ones.
    traffic.bypassService();
    for (const ref of held) await hold(stage, ref, 'shop--balancer', null);
    await settled(stage);
    const now = await stage.uids();
    const anew = held.map(({ kind }) => `${kind}/shop--balancer`);
    for (const [name, uid] of Object.entries(before)) assert.equal(now[name] === uid, !anew.includes(name), name);
    assert.deepEqual(stage.deletions(), []);
    assert.deepEqual(await contentOf(stage.namespace), await calm(AFTER));
  });

  onStage('a child outlives its deleted resource by a foreign finalizer: the next one of that name waits for it', async (stage) => {
    await stage.startOperator();
    await settle(stage, BEFORE);
    await hold(stage, Resources.Service, 'shop', [FINALIZER]);
    await client.delete(Resources.LoadBalancedService, { namespace: stage.namespace, name: 'shop' });
    // The garbage collector looks for new kinds of owners every 30 s.
    await waitFor('all else to go', async () => Object.keys(await stage.uids()).join() === 'Service/shop', { timeoutMs: 60_000 });
    const { metadata } = await applyResource(resourceIn(stage.namespace, BEFORE));
    await waitForConditions(stage.namespace, { Accepted: 'True', Reconciling: 'True/AwaitingDeletion' });
    await hold(stage, Resources.Service, 'shop', null);
    await settled(stage);
    for (const [name, object] of await made(stage.namespace)) assert.equal(object.metadata?.ownerReferences?.[0]?.uid, metadata.uid, name);
    assert.deepEqual(await contentOf(stage.namespace), await calm(BEFORE));
  });

  for (const propagation of ['Background', 'Foreground'] as const) {
    onStage(`a resource is deleted half-way through its creation, ${propagation}: nothing of it is left`, async (stage) => {
      const operator = await stage.startOperator();
      const release = await holdWrite(stage, 9);
      await client.delete(Resources.LoadBalancedService, { namespace: stage.namespace, name: 'shop' }, { propagation });
      release();
      await stage.quiet(3_000);
      await waitFor('everything to go', async () => Object.keys(await stage.uids()).length === 0, { timeoutMs: 60_000 });
      const gone = async () => (await client.find(Resources.LoadBalancedService, { namespace: stage.namespace, name: 'shop' })) === null;
      await waitFor('the resource to go', gone);
      assert.deepEqual(errorsOf(operator.log), []);
    });
  }

  onStage('a namespace is deleted half-way through a creation in it: it goes, and the operator gives in', async (stage) => {
    const operator = await stage.startOperator();
    const release = await holdWrite(stage, 9);
    const before = stage.proxy.passages.filter(isObjectWrite).length;
    await client.delete(Resources.Namespace, { name: stage.namespace });
    release();
    const gone = async () => (await client.find(Resources.Namespace, { name: stage.namespace })) === null;
    await waitFor('the namespace to be gone', gone, { timeoutMs: 180_000 });
    assert.deepEqual(errorsOf(operator.log), []);
    const writes = stage.proxy.passages.filter(isObjectWrite).length - before;
    assert.ok(writes < 60, `${writes} writes into a namespace that goes`);
  });
});

interface Service extends KubeObject {
  spec: { ports: { port: number }[] };
}

const errorsOf = (log: readonly string[]): string[] => log.filter((line) => line.includes('"level":"error"'));

async function messageOf(stage: Stage, type: string): Promise<string> {
  const { status } = await resourceNow(stage.namespace);
  return status?.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

async function hold(stage: Stage, ref: (typeof Resources)['Service'], name: string, finalizers: string[] | null): Promise<void> {
  await client.mergePatch(ref, { namespace: stage.namespace, name }, { metadata: { finalizers } }, { fieldManager: 'somebody' });
}

/** The creation of `shop` as far as its n-th write, which waits until the function returned is called. */
async function holdWrite(stage: Stage, n: number): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let writes = 0;
  stage.proxy.addFault((passage) => (isObjectWrite(passage) && ++writes === n ? { type: 'Hold', until: promise } : null));
  await applyResource(resourceIn(stage.namespace, BEFORE));
  await waitFor(`write ${n}`, () => writes >= n);
  return resolve;
}

/** Refuses objects of this resource, in this namespace, for which `rule` (CEL) does not hold. Returns how to take it back. */
async function enactPolicy(namespace: string, group: string, resource: string, rule: string): Promise<() => Promise<void>> {
  const root = '/apis/admissionregistration.k8s.io/v1';
  const name = `${namespace}.example.com`;
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  const resourceRules = [{ apiGroups: [group], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: [resource] }];
  const meta = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
  const validations = [{ expression: rule, message: 'no such thing here' }];
  const policy = {
    ...meta,
    kind: 'ValidatingAdmissionPolicy',
    spec: { matchConstraints: { ...matchResources, resourceRules }, validations },
  };
  const binding = { ...meta, kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: name, validationActions: ['Deny'] } };
  await client.request('POST', `${root}/validatingadmissionpolicies`, { body: policy });
  await client.request('POST', `${root}/validatingadmissionpolicybindings`, { body: binding });
  await waitFor('the policy to be in force', () => refuses(namespace, group, resource));
  return async () => {
    await client.request('DELETE', `${root}/validatingadmissionpolicybindings/${name}`);
    await client.request('DELETE', `${root}/validatingadmissionpolicies/${name}`);
  };
}

/** Whether one of this resource with many replicas would be refused. */
async function refuses(namespace: string, group: string, resource: string): Promise<boolean> {
  const template = { metadata: { labels: { app: 'probe' } }, spec: { containers: [{ name: 'probe', image: 'probe' }] } };
  const metadata = { name: 'probe', namespace };
  const body =
    resource === 'pods'
      ? { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }
      : {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata,
          spec: { replicas: 9, selector: { matchLabels: { app: 'probe' } }, template },
        };
  const path = `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/namespaces/${namespace}/${resource}`;
  return client.request('POST', path, { body, query: { dryRun: 'All' } }).then(
    () => false,
    (error: unknown) => String(error).includes('no such thing here'),
  );
}
