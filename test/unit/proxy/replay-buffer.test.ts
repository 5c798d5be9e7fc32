import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayBuffer } from '../../../src/proxy/replay-buffer.ts';

test('what fits stays whole, in order', () => {
  const replay = new ReplayBuffer(4);
  replay.unpin(true);
  replay.append(Buffer.from('ab'));
  replay.append('cd');
  assert.equal(replay.whole, true);
  assert.equal(replay.full, true);
  assert.deepEqual(replay.chunks, [Buffer.from('ab'), 'cd']);
});

test('what does not fit is given up, all of it and for good', () => {
  const replay = new ReplayBuffer(4);
  replay.unpin(true);
  replay.append('abcde');
  assert.equal(replay.whole, false);
  assert.deepEqual(replay.chunks, []);
  replay.append('f');
  assert.deepEqual(replay.chunks, []);
});

test('while nothing has left, everything is kept', () => {
  const replay = new ReplayBuffer(4);
  replay.append('abcdefgh');
  assert.equal(replay.whole, true);
  replay.unpin(true);
  assert.equal(replay.whole, false, 'and given up when bytes begin to leave');
});

test('what could not be sent again is given up when bytes begin to leave, and only then', () => {
  const replay = new ReplayBuffer(4);
  replay.append('ab');
  assert.deepEqual([replay.whole, replay.holds], [true, true]);
  replay.unpin(false);
  assert.deepEqual([replay.whole, replay.holds, replay.chunks], [false, false, []]);
  replay.append('c');
  assert.equal(replay.holds, false);
});

test('once it is pinned again, everything is kept', () => {
  const replay = new ReplayBuffer(4);
  replay.unpin(true);
  replay.append('abcd');
  replay.pin();
  replay.append('ef');
  assert.deepEqual([replay.whole, replay.chunks], [true, ['abcd', 'ef']]);
  replay.unpin(true);
  assert.deepEqual([replay.whole, replay.chunks], [false, []]);
});
