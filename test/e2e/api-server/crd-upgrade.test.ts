import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { api, apply, kubectl } from '../support/api.ts';
import { customResourceDefinitions } from '../support/manifests.ts';
import { waitFor } from '../support/wait.ts';

const namespace = 'crd-upgrade';
const collection = `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/loadbalancedservices`;
const stored = () => api.get<LoadBalancedService>(`${collection}/shop`);

interface Schema {
  properties: Record<string, Schema>;
  [keyword: string]: unknown;
}
interface Crd extends KubeObject {
  spec: { names: { kind: string }; versions: { schema: { openAPIV3Schema: Schema } }[] };
}

/** The CRD of a later release: one more field in `spec`, with a rule. */
function later(): Crd {
  const crd = structuredClone(customResourceDefinitions().find((each) => (each as Crd).spec.names.kind === 'LoadBalancedService')) as Crd;
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec;
  assert.ok(spec);
  const rules = [{ rule: "self != 'no'", message: 'must not be no' }];
  spec.properties.later = { type: 'string', maxLength: 10, 'x-kubernetes-validations': rules } as unknown as Schema;
  return crd;
}

const resource = {
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'LoadBalancedService',
  metadata: { name: 'shop', namespace },
  spec: {
    suspend: true, // an operator that happens to run here shall leave it alone
    ports: [{ name: 'http', port: 80 }],
    backends: [{ name: 'fixed', type: 'Addresses', addresses: [{ host: '10.0.0.7', port: 8080 }] }],
  },
} as const;

suite('a CRD with one more field', () => {
  before(async () => {
    await apply(...customResourceDefinitions());
    await kubectl(['create', 'namespace', namespace]);
    await waitFor('the API server serves the kind', async () => (await api.request('GET', collection)).status === 200);
  });
  after(async () => {
    await apply(...customResourceDefinitions());
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  test('serves what was stored before it, unchanged; takes the new field; and is taken back without a loss of the rest', async () => {
    const manifest = JSON.stringify(resource);
    await kubectl(['apply', '-f', '-'], manifest);
    const old = await stored();

    await apply(later());
    const withField = (value: string) => ({ ...resource, spec: { ...resource.spec, later: value } });
    const strictly = (value: string) =>
      api.request('PUT', `${collection}/shop?dryRun=All&fieldValidation=Strict`, { ...withField(value), metadata: old?.metadata });
    await waitFor('the new field is taken', async () => (await strictly('yes')).status === 200);
    assert.equal((await strictly('no')).status, 422);
    assert.deepEqual(await stored(), old);
    await kubectl(['apply', '-f', '-'], manifest);
    assert.equal((await stored())?.metadata.generation, old?.metadata.generation, 'applied again, nothing changes');
    await kubectl(['apply', '-f', '-'], JSON.stringify(withField('yes')));
    assert.deepEqual((await stored())?.spec, withField('yes').spec);

    await apply(...customResourceDefinitions());
    await waitFor('the field to be unknown again', async () => (await strictly('yes')).status === 400);
    await kubectl(['apply', '-f', '-'], manifest);
    assert.deepEqual((await stored())?.spec, resource.spec);
  });
});
