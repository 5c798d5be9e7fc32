// Software bill of materials of the production image, CycloneDX 1.5: dist/sbom.cdx.json, or the path given. It lists the packages whose code
// may be in the bundle, as the lock file has them, and the Node that runs it; not what only builds or tests the program.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [output = join(root, 'dist/sbom.cdx.json')] = process.argv.slice(2);

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}
interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const all = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })) as Bom;

// npm's own --omit=dev leaves out what a package for development needs, too, even where the program needs it as well.
const components = [...all.components.filter(isForTheProgram), nodeComponent()];
const kept = new Set([all.metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])]);
const dependencies = all.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
// And it takes the name of the folder for that of the program.
const metadata = { ...all.metadata, component: { ...all.metadata.component, name } };
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify({ ...all, metadata, components, dependencies }, null, 2)}\n`);
console.log(`${output}: ${components.length} components`);

function isForTheProgram({ properties = [] }: Component): boolean {
  return !properties.some((property) => property.name === 'cdx:npm:package:development' && property.value === 'true');
}

/** The Node of this checkout, whose release line is that of the image, too. */
function nodeComponent(): Component {
  const version = process.versions.node;
  return { type: 'platform', name: 'node', version, purl: `pkg:generic/node@${version}`, 'bom-ref': `node@${version}` };
}
