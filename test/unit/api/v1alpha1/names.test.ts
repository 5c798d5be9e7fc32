import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backendSelector, balancerSelector, objectLabels } from '../../../../src/api/v1alpha1/labels.ts';
import { backendName, balancerName, clientServiceName } from '../../../../src/api/v1alpha1/names.ts';

const label = (maxLength: number) => fc.stringMatching(/^[a-c]{1,3}(-[a-c0-1]{1,3}){0,2}$/).filter((text) => text.length <= maxLength);

test('shop with backend a-b and shop-a with backend b are named apart', () => {
  assert.notEqual(backendName('shop', 'a-b'), backendName('shop-a', 'b'));
});

test('no two resources or backends share a name', () => {
  fc.assert(
    fc.property(label(20), label(20), label(20), label(20), (resource, backend, otherResource, otherBackend) => {
      fc.pre(resource !== otherResource || backend !== otherBackend);
      assert.notEqual(backendName(resource, backend), backendName(otherResource, otherBackend));
    }),
  );
});

test('the balancer’s name is that of no backend, and of no Service that clients use', () => {
  fc.assert(
    fc.property(label(20), label(20), label(20), (resource, other, backend) => {
      assert.notEqual(balancerName(resource), backendName(other, backend));
      assert.notEqual(balancerName(resource), other);
    }),
  );
});

test('the longest names that the CRD takes give names of 63 characters', () => {
  assert.equal(backendName('a'.repeat(30), 'b'.repeat(31)).length, 63);
  assert.equal(balancerName('a'.repeat(53)).length, 63);
});

test('clients use the Service that the spec names, or one of the resource’s name', () => {
  const resource = { apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', metadata: { name: 'shop' } } as const;
  const spec = { ports: [{ name: 'http', port: 80 }], backends: [] };
  assert.equal(clientServiceName({ ...resource, spec }), 'shop');
  assert.equal(clientServiceName({ ...resource, spec: { ...spec, service: { name: 'store' } } }), 'store');
});

test('the selectors of balancer and backends never match the same pod, and never change', () => {
  assert.deepEqual(balancerSelector('shop'), { 'evenkeel.dev/service': 'shop', 'evenkeel.dev/component': 'balancer' });
  assert.deepEqual(backendSelector('shop', 'stable'), {
    'evenkeel.dev/service': 'shop',
    'evenkeel.dev/component': 'backend',
    'evenkeel.dev/backend': 'stable',
  });
});

test('an object’s labels hold those that select it', () => {
  const labels = objectLabels('shop', 'backend', 'stable');
  assert.deepEqual({ ...labels, ...backendSelector('shop', 'stable') }, labels);
  assert.equal(labels['app.kubernetes.io/managed-by'], 'evenkeel');
});
