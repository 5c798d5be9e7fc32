import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { root } from './support/manifests.ts';

/** As `make image` leaves it. With a cluster that is given the image is elsewhere. */
const archive = join(root, 'dist/evenkeel-image.tar');
const missing = existsSync(archive) ? false : 'there is no dist/evenkeel-image.tar: the image of this run was made elsewhere';

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}
interface Config {
  readonly config: { readonly User?: string; readonly Entrypoint?: readonly string[]; readonly Env?: readonly string[] };
}
interface File {
  /** As `ls -l` shows it: `-rwxr-xr-x`. */
  readonly mode: string;
  readonly path: string;
}

const SHELLS = ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'csh', 'tcsh', 'fish', 'busybox', 'toybox'];
const TOOLS = [
  'apt',
  'apt-get',
  'dpkg',
  'apk',
  'rpm',
  'yum',
  'npm',
  'npx',
  'yarn',
  'corepack',
  'curl',
  'wget',
  'nc',
  'perl',
  'python3',
  'env',
  'su',
  'sudo',
];

suite('the production image', { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-image-'));
  after(() => rmSync(folder, { recursive: true }));
  let config: Config['config'];
  let files: File[];

  test('is read', () => {
    execFileSync('tar', ['-xf', archive, '-C', folder]);
    const blob = (digest: string) => join(folder, 'blobs', digest.replace(':', '/'));
    const json = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;
    const { manifests } = json<{ manifests: { digest: string }[] }>(join(folder, 'index.json'));
    const manifest = json<Manifest>(blob(manifests[0]?.digest ?? ''));
    ({ config } = json<Config>(blob(manifest.config.digest)));
    files = manifest.layers.flatMap(({ digest }) => filesOf(blob(digest)));
    assert.ok(files.some(({ path }) => path === 'usr/local/bin/node'));
    assert.ok(files.some(({ path }) => path === 'opt/evenkeel/main.js'));
  });

  test('has no shell and no other tool', () => {
    const names = new Set([...SHELLS, ...TOOLS]);
    assert.deepEqual(
      files.filter(({ path }) => names.has(basename(path))).map(({ path }) => path),
      [],
    );
  });

  test('has nothing to run but Node, the program, and the libraries that they link', () => {
    const runs = ({ mode, path }: File) => mode.startsWith('-') && mode.includes('x') && !/\.so(\.\d+)*$/.test(path);
    assert.deepEqual(
      files
        .filter(runs)
        .map(({ path }) => path)
        .sort(),
      ['usr/local/bin/evenkeel', 'usr/local/bin/node'],
    );
  });

  test('runs as nobody in particular, and nothing in it can make that somebody', () => {
    assert.equal(config.User, '65532:65532');
    assert.deepEqual(config.Entrypoint, ['/usr/local/bin/evenkeel']);
    assert.deepEqual(
      files.filter(({ mode }) => /[sS]/.test(mode.slice(1))),
      [],
    );
  });

  test('holds no key, no lock file, no source and no map', () => {
    const kept = files.filter(({ path }) => /\.(ts|map|key|pem)$|package-lock|node_modules|\.npmrc|\.git/.test(path));
    assert.deepEqual(kept, []);
  });
});

/** tar finds out by itself whether a layer is compressed. */
function filesOf(layer: string): File[] {
  const lines = execFileSync('tar', ['-tvf', layer], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  return lines.filter(Boolean).map((line) => {
    const [mode = '', , , , , ...rest] = line.split(/\s+/);
    return {
      mode,
      path: rest
        .join(' ')
        .replace(/ -> .*$/, '')
        .replace(/^\.?\//, ''),
    };
  });
}
