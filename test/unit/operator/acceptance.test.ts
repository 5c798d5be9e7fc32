import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { EgressRules } from '../../../src/egress/rules.ts';
import { brokenReferences, invalidity, refusedAddresses } from '../../../src/operator/acceptance.ts';

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

suite('servers by address', () => {
  const byAddress = (...hosts: string[]) =>
    resource({ backends: [{ name: 'fixed', type: 'Addresses', addresses: hosts.map((host, index) => ({ host, port: 8000 + index })) }] });
  const rules = (...allowedAddresses: string[]) => new EgressRules({ allowedAddresses, apiServers: ['10.96.0.1'] });

  test('a resource without any has nothing to be refused', () => assert.equal(refusedAddresses(resource(), rules()), null));

  test('none is allowed unless the operator was started so', () => {
    assert.deepEqual(refusedAddresses(byAddress('10.0.0.7', 'db.example.com'), rules()), {
      reason: 'AddressNotAllowed',
      message:
        'backend fixed: 10.0.0.7 is not allowed: the operator was started without --allowed-addresses; ' +
        'backend fixed: db.example.com is not allowed: the operator was started without --allowed-addresses',
    });
  });

  test('each must lie in a range that is allowed', () => {
    assert.equal(refusedAddresses(byAddress('10.0.0.7', 'db.example.com'), rules('10.0.0.0/24')), null);
    assert.deepEqual(refusedAddresses(byAddress('10.0.0.7', '10.0.1.7'), rules('10.0.0.0/24', 'fd00::/8')), {
      reason: 'AddressNotAllowed',
      message: 'backend fixed: 10.0.1.7 is not allowed: the operator was started with --allowed-addresses=10.0.0.0/24,fd00::/8',
    });
  });

  test('the API server and the machine itself are never allowed', () => {
    for (const host of ['10.96.0.1', '127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', '64:ff9b::a60:1']) {
      assert.match(
        refusedAddresses(byAddress(host), rules('0.0.0.0/0', '::/0'))?.message ?? '',
        /no balancer in a cluster connects to one/,
        host,
      );
    }
  });

  test('many are told in a few', () => {
    const hosts = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
    const message = refusedAddresses(byAddress(...hosts), rules())?.message ?? '';
    assert.match(message, /; and 95 more$/);
    assert.ok(message.length < 1_000);
  });
});
