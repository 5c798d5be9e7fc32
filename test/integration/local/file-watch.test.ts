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
  const gone: string[] = [];
  const watch = new FileWatch([file], { onChange: () => changes++, onGone: (path) => gone.push(path) });
  const dispose = () => {
    watch.close();
    rmSync(folder, { recursive: true });
  };
  return { folder, file, changes: () => changes, gone, [Symbol.dispose]: dispose };
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

test('a file that stays away is gone; it is told again only after it has been back', async () => {
  using it = watched();
  rmSync(it.file);
  await until(() => it.gone.length === 1, 'its absence to be told');
  assert.deepEqual([it.gone, it.changes()], [[it.file], 0]);
  writeFileSync(it.file, 'two');
  await until(() => it.changes() === 1, 'its return to be seen');
  rmSync(it.file);
  await until(() => it.gone.length === 2, 'its absence to be told again');
});
