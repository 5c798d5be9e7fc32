import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMixed, toBalancerPod } from '../../../src/operator/balancer-pod.ts';

const pod = (hash: string, more: Record<string, unknown> = {}, phase = 'Running') =>
  toBalancerPod({ metadata: { name: 'a', labels: { 'pod-template-hash': hash }, ...more }, status: { phase } });

test('balancers are mixed while pods of two templates are there', () => {
  assert.equal(isMixed([]), false);
  assert.equal(isMixed([pod('one'), pod('one')]), false);
  assert.equal(isMixed([pod('one'), pod('two')]), true);
});

test('a pod that ends, or has ended, does not count', () => {
  assert.equal(isMixed([pod('one'), pod('two', { deletionTimestamp: '2026-01-01T00:00:00Z' })]), false);
  assert.equal(isMixed([pod('one'), pod('two', {}, 'Failed')]), false);
});
