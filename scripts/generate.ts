// Makes what follows from the CRDs: TypeScript types, the schema that local validation evaluates, and docs/reference.md, which also has what
// follows from the commands' options; and what follows from the kustomize base: deploy/install.yaml and the Helm chart's templates.
// With --check nothing is written, and a file that differs from what it should be ends the run with 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { commandsSection } from './generate/commands.ts';
import { readCrd } from './generate/crd.ts';
import { generateManifests } from './generate/manifests.ts';
import { generateReference } from './generate/reference.ts';
import { generateSchema } from './generate/schema.ts';
import { generateTypes } from './generate/types.ts';

const root = new URL('../', import.meta.url);
const services = readCrd(root, 'crds/evenkeel.dev_loadbalancedservices.yaml');
const reports = readCrd(root, 'crds/evenkeel.dev_balancerreports.yaml');
const crds = [services, reports];

const outputs = [
  { path: 'src/api/v1alpha1/types.ts', text: await generateTypes(crds) },
  { path: 'src/api/v1alpha1/schema.ts', text: generateSchema(services) },
  { path: 'docs/reference.md', text: generateReference(crds, await commandsSection(), current('docs/reference.md')) },
  ...generateManifests(
    root,
    crds.map(({ file }) => file),
  ),
];

const stale = outputs.filter(({ path, text }) => current(path) !== text);
if (process.argv.includes('--check')) {
  for (const { path } of stale) console.error(`${path} is stale: run \`npm run generate\``);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const { path, text } of stale) writeFileSync(new URL(path, root), text);
}

function current(path: string): string | null {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return null;
  }
}
