import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopTime } from '../../../src/proxy/loop-time.ts';

test('time in which the loop stood still does not pass', () => {
  let clock = 1_000;
  const time = new LoopTime(() => clock);
  const dueAt = time.now() + 10;
  clock += 2_010;
  assert.equal(time.ran(dueAt), 2_000);
  assert.equal(time.now(), 1_010);
});

test('the ordinary jitter of a timer is time like any other', () => {
  let clock = 1_000;
  const time = new LoopTime(() => clock);
  const dueAt = time.now() + 10;
  clock += 15;
  assert.equal(time.ran(dueAt), 0);
  assert.equal(time.now(), 1_015);
});
