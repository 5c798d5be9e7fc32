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
  assert.deepEqual([gate.others('a'), gate.others('b')], [0, 1]);
  underWay.add('a');
  assert.equal(gate.others('b'), 1);
});

test('a grant that led to nothing counts no more after a while', () => {
  const { gate, clock } = setUp();
  gate.grant('a');
  clock.now = 10_001;
  assert.equal(gate.others('b'), 0);
});

test('one that is not ready keeps its place for as long as it takes', () => {
  const { gate, clock, underWay, woken } = setUp(1);
  gate.grant('a');
  underWay.add('a');
  gate.wait('b');
  clock.now = 3_600_000;
  gate.next();
  assert.deepEqual([gate.others('b'), woken.length], [1, 0]);
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
