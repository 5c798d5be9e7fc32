import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileWatch } from '../../../src/local/file-watch.ts';
import { until } from '../../support/until.ts';

function watched() {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-watch-'));
  const file = join(folder, 'shop.yaml');
  writeFileSync(file, 'one');
  let changes = 0;
  const watch = new FileWatch([file], () => changes++);
  const dispose = () => {
    watch.close();
    rmSync(folder, { recursive: true });
  };
  return { folder, file, changes: () => changes, [Symbol.dispose]: dispose };
}

test('a file that is written anew has changed', async () => {
  using it = watched();
  writeFileSync(it.file, 'two');
  await until(() => it.changes() === 1, 'the change to be seen');
});

test('a file that takes its place, as editors do it, has changed', async () => {
  using it = watched();
  writeFileSync(join(it.folder, 'new'), 'two');
  renameSync(join(it.folder, 'new'), it.file);
  await until(() => it.changes() === 1, 'the change to be seen');
});

test('neither a touch, nor another file, nor its absence is a change', async () => {
  using it = watched();
  writeFileSync(it.file, 'one');
  writeFileSync(join(it.folder, 'other.yaml'), 'x');
  rmSync(it.file);
  writeFileSync(it.file, 'two');
  await until(() => it.changes() > 0, 'the change to be seen');
  assert.equal(it.changes(), 1);
});
