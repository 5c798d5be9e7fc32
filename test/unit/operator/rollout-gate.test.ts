import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RolloutGate } from '../../../src/operator/rollout-gate.ts';

function setUp(max = 2) {
  const clock = { now: 0 };
  const underWay = new Set<string>();
  const woken: string[] = [];
  const gate = new RolloutGate({ max, underWay: () => underWay, wake: (key) => woken.push(key), now: () => clock.now });
  return { clock, underWay, woken, gate };
}

test('a grant counts for the others before the cache shows it, and only once when it does', () => {
  const { gate, underWay } = setUp();
  gate.grant('a');
  assert.deepEqual([gate.others('a').all, gate.others('b').all], [0, 1]);
  underWay.add('a');
  assert.equal(gate.others('b').all, 1);
});

test('a grant that led to nothing counts no more after a while, which begins with the write', () => {
  const { gate, clock } = setUp();
  gate.grant('a');
  clock.now = 60_000;
  assert.deepEqual([gate.others('b').all, gate.isGranted('a')], [1, true], 'its write is yet to come');
  gate.written('a');
  clock.now = 70_000;
  assert.equal(gate.others('b').all, 1);
  clock.now = 70_001;
  assert.deepEqual([gate.others('b').all, gate.isGranted('a')], [0, false]);
});

test('a turn that is not used is given back, and one that was used is not', () => {
  const { gate } = setUp();
  gate.grant('a');
  gate.giveBack('a');
  assert.equal(gate.others('b').all, 0);
  gate.grant('a');
  gate.written('a');
  gate.giveBack('a');
  assert.equal(gate.others('b').all, 1);
});

test('one that wants no turn any more still counts where it has had one', () => {
  const { gate } = setUp();
  gate.grant('a');
  gate.written('a');
  gate.wait('b');
  gate.stopWaiting('a');
  gate.stopWaiting('b');
  assert.deepEqual([gate.others('c').all, gate.waiting], [1, 0]);
});

test('those that are left half-way are told apart while they wait, and are woken first', () => {
  const { gate, underWay, woken } = setUp();
  for (const key of ['a', 'b', 'c']) underWay.add(key);
  gate.wait('d');
  gate.wait('b');
  gate.wait('c');
  assert.deepEqual(gate.others('d'), { all: 3, atWork: 1 });
  gate.next();
  assert.deepEqual(woken, ['b'], 'a is at work, and one more may be; d is not to come before all that are under way');
  gate.grant('b');
  gate.written('b');
  gate.next();
  assert.deepEqual(woken, ['b']);
  underWay.delete('a');
  gate.next();
  assert.deepEqual(woken, ['b', 'c']);
});

test('one that is not ready keeps its place for as long as it takes', () => {
  const { gate, clock, underWay, woken } = setUp(1);
  gate.grant('a');
  underWay.add('a');
  gate.wait('b');
  clock.now = 3_600_000;
  gate.next();
  assert.deepEqual([gate.others('b').all, woken.length], [1, 0]);
});

test('as many are woken as there is room for, in the order in which they came', () => {
  const { gate, underWay, woken } = setUp();
  underWay.add('a').add('b');
  for (const key of ['c', 'd', 'e']) gate.wait(key);
  gate.next();
  assert.deepEqual(woken, []);
  underWay.delete('a');
  gate.next();
  assert.deepEqual(woken, ['c']);
  gate.grant('c');
  underWay.delete('b');
  gate.leave('d');
  gate.next();
  assert.deepEqual(woken, ['c', 'e']);
  assert.equal(gate.waiting, 1);
});
