import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { parseResources } from '../../../src/config/parse-resources.ts';
import { attacks, isName, nameAttacks, textFields } from '../../cases/attacks.ts';
import { resourceCases } from '../../cases/resources.ts';
import { api, kubectl } from '../support/api.ts';
import { root } from '../support/manifests.ts';
import { waitFor } from '../support/wait.ts';

const namespace = 'crd-test';
const collection = `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/loadbalancedservices`;

/** A metav1.Status as far as it tells why something was refused. */
interface Refusal {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

before(async () => {
  await kubectl(['apply', '-f', 'crds/']);
  await kubectl(['create', 'namespace', namespace]);
  await waitFor('the API server serves the new kinds', async () => (await api.request('GET', collection)).status === 200);
});
after(() => kubectl(['delete', 'namespace', namespace, '--wait=false']));

suite('the API server, by the table that local validation is held against too', () => {
  for (const [sentence, { resource, refused }] of Object.entries(resourceCases)) {
    test(sentence, async () => {
      const { status, text } = await api.request('POST', `${collection}?dryRun=All&fieldValidation=Strict`, parse(resource));
      const answer = JSON.parse(text) as Refusal;
      if (!refused) {
        assert.equal(status, 201, answer.message);
        return;
      }
      assert.ok(status === 422 || status === 400, `expected a refusal, got ${status}`);
      const reasons = causes(answer);
      const says = refused.serverSays ?? refused.says;
      assert.ok(
        reasons.some(({ field, message }) => field === refused.at && message.includes(says)),
        `expected ${refused.at}: ${says}\ngot ${reasons.map(({ field, message }) => `${field}: ${message}`).join('\n')}`,
      );
    });
  }
});

/** An unknown field is a plain message of strict decoding: `unknown field "spec.heartbeet"`. */
function causes({ message, details }: Refusal): { field: string; message: string }[] {
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)].map((match) => ({ field: match[1] ?? '', message: 'unknown field' }));
  return [...unknown, ...(details?.causes ?? []).map((cause) => ({ field: cause.field ?? '', message: cause.message ?? '' }))];
}

suite('the API server, by the table of what must never get into a field', () => {
  for (const [path, field] of textFields()) {
    test(`${path} is what it says, and nothing beyond`, async () => {
      const texts = Object.entries({ ...attacks, ...(isName(path) ? nameAttacks : {}) });
      const answers = await Promise.all(
        [['nothing', ''] as const, ...texts].map(async ([what, text]) => {
          const { status } = await api.request('POST', `${collection}?dryRun=All&fieldValidation=Strict`, field.with(text, true));
          return [what, status] as const;
        }),
      );
      for (const [what, status] of answers) {
        if (what === 'nothing') assert.equal(status, 201);
        else assert.ok(status === 422 || status === 400, `${what}: ${status}`);
      }
    });
  }
});

const samples = readdirSync(join(root, 'deploy/samples')).flatMap((file) =>
  parseResources(readFileSync(join(root, 'deploy/samples', file), 'utf8'), file).resources.map(({ resource }) => ({ file, resource })),
);

/** What somebody does to a resource over its life; each step is applied after the one before. */
const edits: Readonly<Record<string, (spec: LoadBalancedService['spec']) => void>> = {
  nothing: () => {},
  'another strategy, and a heartbeat': (spec) => {
    spec.strategy = { type: 'Random' };
    spec.heartbeat = { type: 'HTTP', http: { path: '/ready' }, schedule: { type: 'Fixed', fixed: { interval: '200ms' } } };
  },
  'another schedule': (spec) => {
    spec.heartbeat = { type: 'TCP', schedule: { type: 'Budget', budget: { checksPerSecond: 10 } } };
  },
  'a further backend': (spec) => {
    const serves = spec.ports.map(({ name }, index) => ({ host: '10.9.8.7', port: 8000 + index, portName: name }));
    spec.backends.push({ name: 'extra', type: 'Addresses', weight: 1, addresses: serves });
  },
  'one of its addresses': (spec) => {
    const extra = spec.backends.find(({ name }) => name === 'extra');
    const [address] = extra?.addresses ?? [];
    assert.ok(address);
    address.host = '10.9.8.8';
    address.weight = 3;
  },
  'a backend that becomes one of another type': (spec) => {
    const ports = spec.ports.map(({ name }, index) => ({ name, port: 8000 + index }));
    spec.backends = spec.backends.filter(({ name }) => name !== 'extra');
    spec.backends.push({ name: 'extra', type: 'Service', serviceRef: { name: 'other' }, ports });
  },
  'fields taken out': (spec) => {
    spec.backends = spec.backends.filter(({ name }) => name !== 'extra');
    delete spec.heartbeat;
    delete spec.strategy;
  },
};

for (const mode of ['client-side', 'server-side'] as const) {
  suite(`kubectl apply, ${mode}, of each sample and its later versions`, () => {
    const apply = (resource: LoadBalancedService) =>
      kubectl(['apply', '-n', namespace, ...(mode === 'server-side' ? ['--server-side'] : []), '-f', '-'], JSON.stringify(resource));
    for (const { file, resource: sample } of samples) {
      test(`${file}: what is applied is what is stored, and a second time changes nothing`, async () => {
        const resource = structuredClone(sample);
        resource.metadata.name = `${sample.metadata.name}-${mode.slice(0, 1)}`;
        resource.spec.suspend = true; // an operator that happens to run here shall leave it alone
        for (const [step, edit] of Object.entries(edits)) {
          edit(resource.spec);
          await apply(resource);
          const stored: LoadBalancedService | null = await api.get<LoadBalancedService>(`${collection}/${resource.metadata.name}`);
          assert.deepEqual(sorted(stored?.spec), sorted(resource.spec), step);
          await apply(resource);
          const again: LoadBalancedService | null = await api.get<LoadBalancedService>(`${collection}/${resource.metadata.name}`);
          assert.equal(again?.metadata.generation, stored?.metadata.generation, step);
        }
      });
    }
  });
}

/** Lists that are maps may come back in another order. */
function sorted(spec: LoadBalancedService['spec'] | undefined): unknown {
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  return spec && { ...spec, ports: spec.ports.toSorted(byName), backends: spec.backends.toSorted(byName) };
}
