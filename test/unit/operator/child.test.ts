import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { holderOf, isHeld, toChild } from '../../../src/operator/child.ts';

const owner = { apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', name: 'shop', uid: 'owner-1', controller: true };

function deployment(
  change: (object: { metadata: Record<string, unknown>; spec: Record<string, unknown>; status: unknown }) => void = () => {},
): KubeObject {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'shop--stable',
      namespace: 'default',
      uid: 'uid-1',
      resourceVersion: '10',
      generation: 3,
      labels: { 'evenkeel.dev/service': 'shop', 'evenkeel.dev/backend': 'stable', team: 'a' },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      ownerReferences: [owner],
      managedFields: [{ manager: 'evenkeel' }],
    },
    spec: { replicas: 3, template: { spec: { containers: [] } } },
    status: { readyReplicas: 3 },
  };
  change(object);
  return object as unknown as KubeObject;
}
const print = (change?: Parameters<typeof deployment>[0]) => toChild(deployment(change)).fingerprint;

test('the fingerprint tells what somebody may change on purpose from what changes by itself', () => {
  const before = print();
  const same: Parameters<typeof deployment>[0][] = [
    (object) => (object.status = { readyReplicas: 1 }),
    (object) => Object.assign(object.metadata, { resourceVersion: '11', generation: 4, managedFields: [] }),
    (object) => (object.metadata.annotations = { 'deployment.kubernetes.io/revision': '2' }),
    (object) => (object.metadata.labels = { team: 'a', 'evenkeel.dev/backend': 'stable', 'evenkeel.dev/service': 'shop' }),
  ];
  for (const change of same) assert.equal(print(change), before, String(change));
  const other: Parameters<typeof deployment>[0][] = [
    (object) => (object.spec.replicas = 4),
    (object) => (object.metadata.labels = {}),
    (object) => (object.metadata.annotations = { note: 'theirs' }),
    (object) => (object.metadata.ownerReferences = [owner, { ...owner, uid: 'x', controller: false }]),
  ];
  for (const change of other) assert.notEqual(print(change), before, String(change));
});

test('what an object says of our last apply is kept where it is of use', () => {
  const fieldsV1 = { 'f:spec': { 'f:replicas': {} } };
  const applied = { manager: 'evenkeel', operation: 'Apply', fieldsV1 };
  const recordOf = (managedFields: unknown[], annotations: Record<string, string> = { 'evenkeel.dev/applied': 'digest' }) =>
    toChild(deployment((object) => Object.assign(object.metadata, { managedFields, annotations }))).record;
  assert.deepEqual(recordOf([applied, { manager: 'kubectl', operation: 'Update', fieldsV1: {} }]), {
    manifest: 'digest',
    fields: JSON.stringify(fieldsV1),
  });
  assert.equal(recordOf([applied], {}), undefined);
  assert.equal(recordOf([{ manager: 'kubectl', operation: 'Apply', fieldsV1 }]), undefined);
  assert.equal(recordOf([applied, { manager: 'evenkeel', operation: 'Update', fieldsV1 }]), undefined, 'to be handed over first');
});

test('no more is kept of an object than decisions need', () => {
  const { metadata, spec, status } = toChild(deployment());
  assert.deepEqual(metadata?.labels, { 'evenkeel.dev/service': 'shop', 'evenkeel.dev/backend': 'stable' });
  assert.equal(metadata?.managedFields, undefined);
  assert.deepEqual(spec, { replicas: 3 });
  assert.deepEqual(status, { readyReplicas: 3 });
});

test('of a Service of somebody else no more is kept than tells whether it can be followed or taken over', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'old', namespace: 'default' },
    spec: { type: 'ClusterIP', clusterIP: 'None', selector: { app: 'x' }, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const child = toChild(service as KubeObject);
  const spec = { type: 'ClusterIP', headless: true, selects: true, ports: [{ name: '', port: 80, protocol: 'TCP' }] };
  assert.deepEqual([child.spec, child.fingerprint], [spec, '']);
});

test('an object belongs to its controller, or, without any owner, to the resource that it is held for', () => {
  const labels = { 'evenkeel.dev/service': 'shop' };
  const annotations = { 'evenkeel.dev/held-by': 'owner-1' };
  const held: KubeObject = { metadata: { labels, annotations } };
  assert.deepEqual([holderOf(held), isHeld(held)], [{ name: 'shop', uid: 'owner-1' }, true]);
  const owned: KubeObject = { metadata: { labels, annotations, ownerReferences: [{ ...owner, uid: 'owner-2' }] } };
  assert.deepEqual([holderOf(owned)?.uid, isHeld(owned)], ['owner-2', false]);
  const theirs: KubeObject = { metadata: { labels, annotations, ownerReferences: [{ ...owner, kind: 'Other' }] } };
  assert.deepEqual([holderOf(theirs), isHeld(theirs)], [undefined, false]);
  assert.equal(holderOf({ metadata: { labels } }), undefined);
});
