import assert from 'node:assert/strict';
import { suite } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import { api, kubectl } from './support/api.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { type Deployment, paths, podsOf, type Service } from './support/objects.ts';
import { waitFor } from './support/wait.ts';
import { useWorld } from './support/world.ts';

const KINDS = 'deployments,services,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies,balancerreports';

suite('what is made for a resource, and what is not touched', () => {
  const world = useWorld('ownership');

  /** Names of all objects of the resource, as `kind/name`. */
  async function made(name: string): Promise<string[]> {
    const text = await kubectl([
      'get',
      `${KINDS},replicasets,endpointslices,pods`,
      '-n',
      world.namespace,
      '-l',
      `evenkeel.dev/service=${name}`,
      '-o',
      'name',
    ]);
    return text.split('\n').filter((line) => line !== '');
  }

  const service = (name: string) => `${paths.core(world.namespace, 'services')}/${name}`;

  world.test('every object that is made belongs to the resource', { timeout: 120_000 }, async () => {
    await world.apply(resource('shop', { backends: [helloBackend('web', 2)] }));
    const { metadata } = await world.settled('shop');
    const names = (await made('shop')).filter((name) => !/^(pod|replicaset|endpointslice|balancerreport)[./]/.test(name));
    assert.deepEqual(names.sort(), [
      'configmap/shop--balancer',
      'deployment.apps/shop--balancer',
      'deployment.apps/shop--web',
      'networkpolicy.networking.k8s.io/shop--balancer',
      'poddisruptionbudget.policy/shop--balancer',
      'role.rbac.authorization.k8s.io/shop--balancer',
      'rolebinding.rbac.authorization.k8s.io/shop--balancer',
      'service/shop',
      'service/shop--web',
      'serviceaccount/shop--balancer',
    ]);
    for (const name of names) {
      const object = JSON.parse(await kubectl(['get', name, '-n', world.namespace, '-o', 'json'])) as KubeObject;
      const [owner, ...others] = object.metadata?.ownerReferences ?? [];
      assert.deepEqual([owner?.uid, owner?.controller, others.length], [metadata.uid, true, 0], name);
    }
  });

  world.test('a Service of somebody else, of the same name: untouched, byte for byte, and the resource says so', async () => {
    await world.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'taken' },
      spec: { selector: { app: 'other' }, ports: [{ port: 80, targetPort: 9999 }] },
    } as KubeObject);
    const before = (await api.request('GET', service('taken'))).text;
    await world.apply(resource('taken', { backends: [helloBackend('web', 1)] }));
    const { status } = await world.conditions('taken', { Accepted: 'False', Stalled: 'True' });
    const accepted = status?.conditions?.find(({ type }) => type === 'Accepted');
    assert.match(accepted?.message ?? '', /Service.*taken/);
    assert.equal((await api.request('GET', service('taken'))).text, before);
    // It is taken up as soon as the name is free.
    await kubectl(['delete', 'service', 'taken', '-n', world.namespace]);
    await world.settled('taken');
    assert.notEqual((await api.request('GET', service('taken'))).text, before);
  });

  world.test('somebody edits a field of ours, or deletes an object: it is put right', async () => {
    const selector = (await api.get<Service>(service('shop')))?.spec.selector;
    await api.send('PATCH', service('shop'), { spec: { selector: { 'evenkeel.dev/service': 'nobody' } } });
    await waitFor(
      'the selector to be put right',
      async () => (await api.get<Service>(service('shop')))?.spec.selector?.['evenkeel.dev/service'] === 'shop',
    );
    assert.deepEqual((await api.get<Service>(service('shop')))?.spec.selector, selector);

    const deployment = `${paths.deployments(world.namespace)}/shop--web`;
    await kubectl(['scale', 'deployment/shop--web', '-n', world.namespace, '--replicas=5']);
    await waitFor('two replicas again', async () => (await api.get<Deployment>(deployment))?.spec.replicas === 2);

    for (const kind of ['service/shop', 'configmap/shop--balancer', 'poddisruptionbudget/shop--balancer', 'rolebinding/shop--balancer']) {
      const uid = () => kubectl(['get', kind, '-n', world.namespace, '-o', 'jsonpath={.metadata.uid}']);
      const former = await uid();
      await kubectl(['delete', kind, '-n', world.namespace]);
      await waitFor(`a new ${kind}`, async () => (await uid()) !== former);
    }
    await world.settled('shop');
    assert.equal((await world.fetch('shop')).outcome, '200');
  });

  world.test('a field that is not ours stays as somebody set it', async () => {
    await kubectl(['annotate', 'service', 'shop', '-n', world.namespace, 'example.com/note=theirs']);
    await kubectl(['label', 'deployment', 'shop--web', '-n', world.namespace, 'example.com/team=theirs']);
    await world.patch('shop', { strategy: { type: 'Random' } });
    await world.settled('shop');
    assert.equal((await api.get(service('shop')))?.metadata?.annotations?.['example.com/note'], 'theirs');
    assert.equal((await api.get(`${paths.deployments(world.namespace)}/shop--web`))?.metadata?.labels?.['example.com/team'], 'theirs');
  });

  world.test('the Service is renamed: the new one is made, the old one goes', async () => {
    await world.patch('shop', { service: { name: 'shop-front' } });
    await world.settled('shop');
    assert.equal((await world.fetch('shop-front')).outcome, '200');
    await waitFor('the old Service to go', async () => (await api.get(service('shop'))) === null);
  });

  world.test('the resource is deleted: everything of it goes, and nothing else', { timeout: 120_000 }, async () => {
    await kubectl(['delete', 'lbs', 'shop', '-n', world.namespace]);
    await waitFor('all of it to go', async () => (await made('shop')).length === 0, { timeoutMs: 60_000, saw: () => '' });
    assert.equal((await podsOf(world.namespace, { 'evenkeel.dev/service': 'shop' })).length, 0);
    assert.ok((await made('taken')).length > 0);
    const { reason } = (await world.settled('taken')).status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
    assert.equal(reason, 'Serving');
  });
});
