/** The kustomize base and the overlays that are shipped. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { kustomize, withoutTools } from '../support/tools.ts';
import { objectsIn, objectsInFile, operatorContainer } from './objects.ts';

suite('kustomize', { skip: withoutTools }, () => {
  test('the base is what deploy/install.yaml is', () => {
    assert.deepEqual(objectsIn(kustomize('deploy/kustomize/base')), objectsInFile('deploy/install.yaml'));
  });

  test('the CRDs are those of crds/', () => {
    const files = ['balancerreports', 'loadbalancedservices'].map((name) => `crds/evenkeel.dev_${name}.yaml`);
    assert.deepEqual(objectsIn(kustomize('deploy/kustomize/crds')), new Map(files.flatMap((file) => [...objectsInFile(file)])));
  });

  test('overlay production: one image for operator and balancers, and what watches them', () => {
    const objects = objectsIn(kustomize('deploy/kustomize/overlays/production'));
    const { image, env } = operatorContainer(objects);
    assert.equal(image, 'registry.example.com/evenkeel:0.1.0');
    assert.equal(env.find(({ name }) => name === 'EVENKEEL_IMAGE')?.value, image);
    for (const name of ['ServiceMonitor/evenkeel-operator', 'PodMonitor/evenkeel-balancers', 'PrometheusRule/evenkeel'])
      assert.ok(objects.has(name));
  });

  test('overlay development: one operator, which tells more', () => {
    const deployment = objectsIn(kustomize('deploy/kustomize/overlays/development')).get('Deployment/evenkeel-operator');
    assert.match(JSON.stringify(deployment), /"replicas":1,.*"args":\["operator","--log-level=debug"\]/);
  });

  test('another namespace is everywhere, also in what is bound to the operator', () => {
    const moved = kustomize('test/packaging/elsewhere');
    assert.doesNotMatch(moved, /evenkeel-system/);
    assert.match(moved, /kind: ServiceAccount\n {2}name: evenkeel-operator\n {2}namespace: elsewhere/);
  });
});
