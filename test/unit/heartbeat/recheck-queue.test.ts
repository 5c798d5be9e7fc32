import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecheckQueue } from '../../../src/heartbeat/recheck-queue.ts';

function queue(perSecond: number): RecheckQueue<string> {
  const made = new RecheckQueue<string>();
  made.setBudget(perSecond, 0);
  return made;
}

function takeAll(from: RecheckQueue<string>, now: number): string[] {
  const taken: string[] = [];
  for (let entry = from.take(now); entry !== null; entry = from.take(now)) taken.push(entry);
  return taken;
}

describe('checks outside of the round', () => {
  it('empty: never due', () => {
    assert.equal(queue(10).dueAt(0), Number.POSITIVE_INFINITY);
    assert.equal(queue(10).take(0), null);
  });

  it('one is due at once', () => {
    const checks = queue(10);
    checks.addSuspect('a');
    assert.equal(checks.dueAt(5), 5);
    assert.deepEqual(takeAll(checks, 5), ['a']);
  });

  it('each at most once, first come first served, suspects before newcomers', () => {
    const checks = queue(20);
    checks.addNewcomer('new');
    checks.addSuspect('b');
    checks.addSuspect('a');
    checks.addSuspect('b');
    checks.addNewcomer('a');
    assert.deepEqual(takeAll(checks, 0), ['b', 'a', 'new']);
  });

  it('a newcomer that becomes suspect goes ahead', () => {
    const checks = queue(20);
    checks.addNewcomer('a');
    checks.addNewcomer('b');
    checks.addSuspect('b');
    assert.deepEqual(takeAll(checks, 0), ['b', 'a']);
  });

  it('those that were taken out are not checked', () => {
    const checks = queue(20);
    checks.addSuspect('a');
    checks.addNewcomer('b');
    checks.delete('a');
    assert.deepEqual(takeAll(checks, 0), ['b']);
  });

  it('half of the budget at once, the rest over the second', () => {
    const checks = queue(4);
    for (const name of ['a', 'b', 'c', 'd', 'e']) checks.addSuspect(name);
    assert.deepEqual(takeAll(checks, 0), ['a', 'b']);
    assert.equal(checks.dueAt(0), 500);
    assert.deepEqual(takeAll(checks, 500), ['c']);
    assert.deepEqual(takeAll(checks, 1_000), ['d']);
  });

  it('the smallest budget still allows one', () => {
    const checks = queue(0.1);
    checks.addSuspect('a');
    checks.addSuspect('b');
    assert.deepEqual(takeAll(checks, 0), ['a']);
    assert.equal(checks.dueAt(0), 20_000);
  });

  it('a new budget brings no new tokens with it', () => {
    const checks = queue(10);
    for (let i = 0; i < 50; i += 1) checks.addSuspect(`${i}`);
    assert.equal(takeAll(checks, 0).length, 5);
    for (let i = 0; i < 10; i += 1) checks.setBudget(i % 2 === 0 ? 5 : 10, 0);
    assert.equal(takeAll(checks, 0).length, 0);
  });

  it('never more than the budget in a second, however they come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.array(fc.tuple(fc.nat(400), fc.nat(30)), { maxLength: 40 }),
        (perSecond, arrivals) => {
          const checks = queue(perSecond);
          const taken: number[] = [];
          let now = 0;
          let named = 0;
          for (const [afterMs, count] of arrivals) {
            now += afterMs;
            for (let i = 0; i < count; i += 1) checks.addSuspect(`${(named += 1)}`);
            taken.push(...takeAll(checks, now).map(() => now));
          }
          for (const from of taken) assert.ok(taken.filter((at) => at >= from && at < from + 1_000).length <= perSecond);
        },
      ),
    );
  });
});
