/**
 * Bundles the program into dist/: one entry, and split chunks that are loaded when a command asks for them, so that `balancer` and `run`
 * never hold what only the operator needs (@kubernetes/client-node alone costs more memory than the whole balancer).
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const output = join(root, 'dist');

// Chunk names carry a hash, so those of an earlier build would stay beside the new ones. Other files there (the image) are not ours.
function removeEarlierBuild(): void {
  mkdirSync(output, { recursive: true });
  rmSync(join(output, 'chunks'), { recursive: true, force: true });
  for (const file of readdirSync(output)) if (/\.js(\.map|\.LEGAL\.txt)?$/.test(file)) rmSync(join(output, file));
}

removeEarlierBuild();
const result = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: 'linked',
  legalComments: 'linked',
  // Dependencies that are CommonJS call require() for Node's own modules; an ES module has none unless it is made.
  banner: {
    js: "import { createRequire as createRequireForBundle } from 'node:module';\nconst require = createRequireForBundle(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
});
const bytes = Object.entries(result.metafile.outputs).reduce((sum, [file, { bytes }]) => sum + (file.endsWith('.js') ? bytes : 0), 0);
console.log(`dist/main.js and its chunks: ${(bytes / 1024).toFixed(0)} KiB`);
