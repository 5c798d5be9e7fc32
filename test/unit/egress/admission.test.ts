import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit } from '../../../src/egress/admission.ts';
import { EgressRules } from '../../../src/egress/rules.ts';
import type { BackendConfig } from '../../../src/model/config.ts';
import { type Endpoint, endpointId } from '../../../src/model/endpoint.ts';

const backends: Pick<BackendConfig, 'name' | 'source'>[] = [
  { name: 'fixed', source: { type: 'Addresses', addresses: [] } },
  { name: 'pods', source: { type: 'EndpointSlices', service: 'shop--pods', serverWeight: 1, ports: [] } },
];
const at = (backend: string, host: string): Endpoint => ({
  id: endpointId(host, 80),
  host,
  port: 80,
  backend,
  portName: 'http',
  weight: 1,
  lifecycle: 'Ready',
});
const outcome = (allowedAddresses: string[], ...endpoints: Endpoint[]) => {
  const { admitted, refused } = admit(endpoints, backends, new EgressRules({ allowedAddresses, apiServers: ['10.96.0.1'] }));
  return { admitted: admitted.map(({ id }) => id), refused: refused.map(({ endpoint, why }) => `${endpoint.id} ${why}`) };
};

test('pods may be anywhere, servers by address only where it is allowed', () => {
  assert.deepEqual(outcome(['10.1.0.0/16'], at('pods', '10.9.0.1'), at('fixed', '10.9.0.1'), at('fixed', '10.1.0.1')), {
    admitted: ['10.9.0.1:80', '10.1.0.1:80'],
    refused: ['10.9.0.1:80 is not allowed: the operator was started with --allowed-addresses=10.1.0.0/16'],
  });
});

test('what is forbidden is refused wherever it comes from', () => {
  const { admitted, refused } = outcome(['0.0.0.0/0'], at('pods', '10.96.0.1'), at('pods', '::1'), at('fixed', '169.254.169.254'));
  assert.deepEqual(admitted, []);
  assert.deepEqual(
    refused.map((each) => each.split(',')[0]),
    ['10.96.0.1:80 is an address of the API server', '[::1]:80 is a loopback address', '169.254.169.254:80 is a link-local address'],
  );
});

test('a name is let through where something is allowed, since its lookup decides', () => {
  assert.deepEqual(outcome(['10.1.0.0/16'], at('fixed', 'db.example.com')).admitted, ['db.example.com:80']);
  assert.deepEqual(outcome([], at('fixed', 'db.example.com')).admitted, []);
});

test('a name in an EndpointSlice is never let through', () => {
  assert.deepEqual(outcome(['0.0.0.0/0'], at('pods', 'db.example.com')).refused, ['db.example.com:80 is not an IP address']);
});
