import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  collectionPath,
  describe as describeResource,
  keyOf,
  nameOfKey,
  objectPath,
  Resources,
  resourceOf,
} from '../../../src/kube/resources.ts';

describe('resources', () => {
  const paths: [string, string][] = [
    [collectionPath(Resources.Pod), '/api/v1/pods'],
    [collectionPath(Resources.Pod, 'shop'), '/api/v1/namespaces/shop/pods'],
    [collectionPath(Resources.Node, 'ignored'), '/api/v1/nodes'],
    [collectionPath(Resources.EndpointSlice, 'shop'), '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'],
    [objectPath(Resources.Namespace, { name: 'shop' }), '/api/v1/namespaces/shop'],
    [objectPath(Resources.Deployment, { namespace: 'shop', name: 'web' }), '/apis/apps/v1/namespaces/shop/deployments/web'],
    [
      objectPath(Resources.LoadBalancedService, { namespace: 'shop', name: 'web' }, 'status'),
      '/apis/evenkeel.dev/v1alpha1/namespaces/shop/loadbalancedservices/web/status',
    ],
    [objectPath(Resources.ConfigMap, { namespace: 'a/b', name: '../c' }), '/api/v1/namespaces/a%2Fb/configmaps/..%2Fc'],
  ];
  for (const [path, expected] of paths) test(`a path is ${expected}`, () => assert.equal(path, expected));

  test('an object of a namespace has no path without it', () => {
    assert.throws(() => objectPath(Resources.Pod, { name: 'a' }), /pods "a" needs a namespace/);
  });

  test('an object says which resource it is of', () => {
    assert.equal(resourceOf({ apiVersion: 'apps/v1', kind: 'Deployment' }), Resources.Deployment);
    assert.throws(() => resourceOf({ apiVersion: 'apps/v2', kind: 'Deployment' }), TypeError);
  });

  test('messages name resource, group, object and namespace', () => {
    assert.equal(
      describeResource(Resources.EndpointSlice, { namespace: 'shop', name: 'x' }),
      'endpointslices.discovery.k8s.io "x" in namespace "shop"',
    );
    assert.equal(describeResource(Resources.Pod, {}), 'pods in all namespaces');
    assert.equal(describeResource(Resources.Node, { name: 'n1' }), 'nodes "n1"');
  });

  test('keys go both ways', () => {
    for (const name of [{ namespace: 'shop', name: 'a' }, { name: 'a' }]) assert.deepEqual(nameOfKey(keyOf({ metadata: name })), name);
  });
});
