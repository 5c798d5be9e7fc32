import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { brokenReferences, invalidity } from '../../../src/operator/acceptance.ts';

function resource(spec: Record<string, unknown> = {}): LoadBalancedService {
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name: 'shop', namespace: 'default', uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      ports: [{ name: 'http', port: 80 }],
      backends: [{ name: 'legacy', type: 'Service', ports: [{ port: 80 }], serviceRef: { name: 'old' } }],
      ...spec,
    },
    status: { observedGeneration: 1 },
  } as unknown as LoadBalancedService;
}

test('a resource as the API server gives it is valid', () => {
  assert.equal(invalidity(resource()), null);
});

test('what another CRD let in is named', () => {
  const problem = invalidity(resource({ strategy: { type: 'Quickest' }, colour: 'red' }));
  assert.equal(problem?.reason, 'Invalid');
  assert.match(problem?.message ?? '', /spec\.strategy\.type must be RoundRobin or Random/);
  assert.match(problem?.message ?? '', /spec\.colour unknown field/);
});

test('a Service that is referred to has to be there, and to have endpoints', () => {
  const service = (type: string) => () => ({ fingerprint: '', spec: { type } });
  assert.equal(brokenReferences(resource(), service('ClusterIP')), null);
  assert.deepEqual(
    brokenReferences(resource(), () => undefined),
    { reason: 'ServiceNotFound', message: 'backend legacy: there is no Service "old" in this namespace' },
  );
  assert.equal(brokenReferences(resource(), service('ExternalName'))?.reason, 'ServiceUnsupported');
});
