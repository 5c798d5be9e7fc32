import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemTimers } from '../../../src/kube/timers.ts';

test('a wait that is longer than setTimeout can count does not end at once', async () => {
  let ended = false;
  const cancel = systemTimers.after(2 ** 40, () => {
    ended = true;
  });
  await new Promise<void>((resolve) => systemTimers.after(5, resolve));
  cancel();
  assert.equal(ended, false);
});
