import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { withDefaults } from '../../../src/api/v1alpha1/defaults.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { desiredObjects } from '../../../src/resources/desired.ts';

// UPDATE=1 writes the out files anew: read the difference before it is committed.
const folder = join(import.meta.dirname, 'golden');

function objectsOf(resource: LoadBalancedService): string {
  const config = resolveConfig(resource, { mode: 'cluster', egress: { allowedAddresses: ['10.0.0.0/8'], apiServers: ['10.96.0.1'] } });
  const objects = desiredObjects({
    resource,
    spec: withDefaults(resource),
    config,
    balancerImage: 'evenkeel:golden',
    balancerReplicas: 2,
    servicePortNames: new Map(),
  });
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}

for (const file of globSync('*.in.yaml', { cwd: folder })) {
  test(`objects made for ${file}`, () => {
    const text = objectsOf(parse(readFileSync(join(folder, file), 'utf8')));
    const out = join(folder, file.replace('.in.', '.out.'));
    if (process.env.UPDATE) writeFileSync(out, text);
    assert.equal(text, readFileSync(out, 'utf8'));
  });
}

test('every golden pair is whole', () => {
  const names = (pattern: string) => globSync(pattern, { cwd: folder }).map((file) => file.replace(/\.(in|out)\.yaml$/, ''));
  assert.deepEqual(names('*.out.yaml').sort(), names('*.in.yaml').sort());
});
