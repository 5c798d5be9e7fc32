import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Interleave, type Share } from '../../../src/balancing/interleave.ts';
import { seeded, tally, windows } from './fixtures.ts';

const shares = (weights: readonly number[]): Share[] => weights.map((weight, i) => ({ key: `k${i}`, weight }));
const turns = (interleave: Interleave<Share>, count: number): string[] =>
  Array.from({ length: count }, () => interleave.take(({ key }) => key) ?? 'none');
const weightsOf = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });

describe('Interleave', () => {
  it('any weights, any start: exact in every window of one round', () => {
    fc.assert(
      fc.property(weightsOf, fc.nat(), (weights, seed) => {
        const round = weights.reduce((a, b) => a + b, 0);
        const names = turns(new Interleave(shares(weights), seeded(seed)), 3 * round);
        const expected = Object.fromEntries(weights.map((weight, i) => [`k${i}`, weight]));
        for (const window of windows(names, round)) assert.deepEqual(tally(window), expected);
      }),
    );
  });

  it('never further than one turn from where the weights would have it', () => {
    fc.assert(
      fc.property(weightsOf, (weights) => {
        const round = weights.reduce((a, b) => a + b, 0);
        const names = turns(new Interleave(shares(weights), () => 0), round);
        const taken = weights.map(() => 0);
        names.forEach((name, n) => {
          const i = Number(name.slice(1));
          taken[i] = (taken[i] ?? 0) + 1;
          weights.forEach((weight, j) => {
            const due = ((n + 1) * weight) / round;
            // Known of smooth weighted round robin: behind by less than the number of choices, ahead by less than one turn and a bit.
            assert.ok(Math.abs((taken[j] ?? 0) - due) < Math.max(2, weights.length / 2), `${weights} after ${n + 1}: ${taken}`);
          });
        });
      }),
    );
  });

  it('a choice that refuses passes its turn to the next best, and keeps its credit', () => {
    const interleave = new Interleave(shares([3, 1]), () => 0);
    assert.equal(
      interleave.take(({ key }) => (key === 'k0' ? null : key)),
      'k1',
    );
    assert.deepEqual(tally(turns(interleave, 3)), { k0: 3 });
  });

  it('when all refuse, nothing has happened', () => {
    const [asked, left] = [new Interleave(shares([5, 1, 1]), () => 0), new Interleave(shares([5, 1, 1]), () => 0)];
    assert.equal(
      asked.take(() => null),
      null,
    );
    assert.deepEqual(turns(asked, 7), turns(left, 7));
  });

  it('replaced after every turn, with weights that double and halve: still in proportion', () => {
    let interleave = new Interleave(shares([9, 1]), () => 0);
    const names: string[] = [];
    for (let i = 0; i < 1_000; i += 1) {
      names.push(...turns(interleave, 1));
      interleave = new Interleave(shares(i % 2 === 0 ? [18, 2] : [9, 1]), () => 0, interleave);
    }
    assert.deepEqual(tally(names), { k0: 900, k1: 100 });
  });
});
