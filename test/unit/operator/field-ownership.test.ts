import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appliedFields, covers, type ManagedFields, ownedByApply, owns } from '../../../src/operator/field-ownership.ts';

const REPLICAS = ['spec', 'replicas'];
const entry = (manager: string, operation: string, fieldsV1: unknown, more: Partial<ManagedFields> = {}): ManagedFields =>
  ({ manager, operation, apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1, ...more }) as ManagedFields;
const object = (...managedFields: ManagedFields[]) => ({ metadata: { managedFields } });
const REPLICAS_AND_SELECTOR = { 'f:spec': { 'f:replicas': {}, 'f:selector': {} } };

test('what was owned by create is owned by apply', () => {
  const theirs = entry('autoscaler', 'Update', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' });
  const status = entry('evenkeel', 'Update', { 'f:status': {} }, { subresource: 'status' });
  const mine = entry('evenkeel', 'Update', REPLICAS_AND_SELECTOR, { time: '2026-01-01T00:00:00Z' });
  assert.deepEqual(ownedByApply(object(theirs, mine, status), 'evenkeel', null), [theirs, status, { ...mine, operation: 'Apply' }]);
});

test('what was owned by create and by apply is owned by apply, together', () => {
  const applied = entry('evenkeel', 'Apply', { 'f:spec': { 'f:template': { 'f:spec': {} } } });
  const [merged, ...others] = ownedByApply(object(entry('evenkeel', 'Update', REPLICAS_AND_SELECTOR), applied), 'evenkeel', null) ?? [];
  assert.equal(others.length, 0);
  assert.equal(merged?.operation, 'Apply');
  assert.deepEqual(merged?.fieldsV1, { 'f:spec': { 'f:replicas': {}, 'f:selector': {}, 'f:template': { 'f:spec': {} } } });
});

test('a field that was only defaulted is let go of', () => {
  const [left] = ownedByApply(object(entry('evenkeel', 'Update', REPLICAS_AND_SELECTOR)), 'evenkeel', REPLICAS) ?? [];
  assert.deepEqual(left?.fieldsV1, { 'f:spec': { 'f:selector': {} } });
});

test('nothing is to be done where all is owned by apply, or by others', () => {
  assert.equal(ownedByApply(object(entry('evenkeel', 'Apply', {}), entry('kubectl', 'Update', {})), 'evenkeel', null), null);
  assert.equal(ownedByApply({}, 'evenkeel', null), null);
});

test('who owns a field', () => {
  const live = object(entry('evenkeel', 'Apply', { 'f:spec': { 'f:selector': {} } }), entry('autoscaler', 'Update', REPLICAS_AND_SELECTOR));
  assert.equal(owns(live, 'evenkeel', REPLICAS), false);
  assert.equal(owns(live, 'autoscaler', REPLICAS), true);
});

test('what is owned by apply is told from what is owned otherwise', () => {
  const applied = entry('evenkeel', 'Apply', { 'f:spec': {} });
  const others = [
    entry('evenkeel', 'Update', { 'f:data': {} }),
    entry('evenkeel', 'Apply', { 'f:status': {} }, { subresource: 'status' }),
    entry('kubectl', 'Apply', {}),
  ];
  assert.deepEqual(appliedFields(object(...others, applied), 'evenkeel'), { 'f:spec': {} });
  assert.equal(appliedFields(object(...others), 'evenkeel'), undefined);
});

const TREE = {
  'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:finalizers': { 'v:"keep"': {} }, 'f:ownerReferences': { 'k:{"uid":"u1"}': {} } },
  'f:spec': {
    'f:selector': {},
    'f:replicas': {},
    'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:name': {} } },
    'f:volumes': { 'k:{"name":"tls"}': { '.': {}, 'f:name': {}, 'f:emptyDir': {} } },
  },
};
const COVERED: Record<string, { value: unknown; expect: boolean }> = {
  'scalars, and what is owned as a whole': { value: { spec: { replicas: 2, selector: { matchLabels: { app: 'a' } } } }, expect: true },
  'less than is owned': { value: { metadata: { labels: { app: 'a' } } }, expect: true },
  'nothing for a field that is left out': { value: { spec: { replicas: undefined, paused: undefined } }, expect: true },
  'an item of a list by its key, of which a part is defaulted': { value: { spec: { ports: [{ port: 80, name: 'http' }] } }, expect: true },
  'an item that is owned as a whole': { value: { metadata: { ownerReferences: [{ uid: 'u1', name: 'shop' }] } }, expect: true },
  'a scalar of a set': { value: { metadata: { finalizers: ['keep'] } }, expect: true },
  'an empty object': { value: { spec: { volumes: [{ name: 'tls', emptyDir: {} }] } }, expect: true },
  'a field that somebody has taken over': { value: { spec: { paused: true } }, expect: false },
  'a label that somebody has taken away': { value: { metadata: { labels: { app: 'a', team: 'b' } } }, expect: false },
  'a field of an item that somebody has taken over': { value: { spec: { ports: [{ port: 80, targetPort: 8080 }] } }, expect: false },
  'an item that somebody has taken away': { value: { spec: { ports: [{ port: 80 }, { port: 443 }] } }, expect: false },
  'an item of another protocol': { value: { spec: { ports: [{ port: 80, protocol: 'UDP' }] } }, expect: false },
  'a scalar that somebody has taken out of a set': { value: { metadata: { finalizers: ['keep', 'other'] } }, expect: false },
  'a scalar where there is a tree': { value: { metadata: 'x' }, expect: false },
};
for (const [what, { value, expect }] of Object.entries(COVERED)) {
  test(`the fields cover ${what}: ${expect}`, () => assert.equal(covers(TREE, value), expect));
}
