import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ManagedFields, ownedByApply, owns } from '../../../src/operator/field-ownership.ts';

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
