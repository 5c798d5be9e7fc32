import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string; readonly type: string } };
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl?: string; readonly 'bom-ref': string }[];
}
interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }>
  >;
}

test('the bill of materials has every package of the lock file that the program may hold, Node, and nothing that only builds or tests it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-sbom-'));
  try {
    const file = join(folder, 'sbom.cdx.json');
    execFileSync(process.execPath, [join(root, 'scripts/sbom.ts'), file], { cwd: root, stdio: 'pipe' });
    const bom = JSON.parse(readFileSync(file, 'utf8')) as Bom;
    assert.deepEqual([bom.bomFormat, bom.specVersion], ['CycloneDX', '1.5']);
    const { name, version, type } = bom.metadata.component;
    assert.deepEqual({ name, version, type }, { name: 'evenkeel', version: '0.1.0', type: 'application' });

    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
    const wanted = Object.entries(lock.packages).filter(([path, each]) => path !== '' && !each.dev && !each.devOptional);
    const listed = new Set(bom.components.map((each) => `${each.name}@${each.version}`));
    const expected = wanted.map(([path, each]) => `${path.replace(/^.*node_modules\//, '')}@${each.version}`);
    assert.ok(expected.length > 20);
    assert.deepEqual(new Set([...expected, `node@${process.versions.node}`]), listed);
    for (const each of bom.components) assert.match(each.purl ?? '', /^pkg:(npm|generic)\//, each.name);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
