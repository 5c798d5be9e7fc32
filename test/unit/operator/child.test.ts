import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { toChild } from '../../../src/operator/child.ts';

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

test('no more is kept of an object than decisions need', () => {
  const { metadata, spec, status } = toChild(deployment());
  assert.deepEqual(metadata?.labels, { 'evenkeel.dev/service': 'shop', 'evenkeel.dev/backend': 'stable' });
  assert.equal(metadata?.managedFields, undefined);
  assert.deepEqual(spec, { replicas: 3 });
  assert.deepEqual(status, { readyReplicas: 3 });
});

test('of a Service of somebody else its type is kept, and nothing is computed', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'old', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'x' },
  };
  const child = toChild(service as KubeObject);
  assert.deepEqual([child.spec, child.fingerprint], [{ type: 'ExternalName' }, '']);
});
