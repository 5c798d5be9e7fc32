import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPicker } from '../../../../src/balancing/registry.ts';
import { policyConformance } from '../conformance.ts';
import { chiSquare, chiSquareLimit, picks, seeded, tally, targets } from '../fixtures.ts';

policyConformance('Random', { exact: false, serverWeights: false });

describe('Random', () => {
  it('pairs of picks in a row are as likely as each other: no pick tells the next', () => {
    const picker = createPicker('Random', targets('a1', 'a2', 'a3'), new Map(), seeded(7));
    const pairs = Array.from({ length: 9_000 }, () => picks(picker, 2).join('-'));
    const counts = Object.values(tally(pairs));
    assert.equal(counts.length, 9);
    assert.ok(
      chiSquare(
        counts,
        counts.map(() => 1_000),
      ) < chiSquareLimit(8),
    );
  });

  it('a retry falls on each of the others alike, even where nearly all are to be avoided', () => {
    const picker = createPicker('Random', targets('a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'), new Map(), seeded(3));
    const counts = tally(picks(picker, 2_000, ({ id }) => id !== 'a3' && id !== 'a8'));
    assert.deepEqual(Object.keys(counts), ['a3', 'a8']);
    assert.ok(chiSquare(Object.values(counts), [1_000, 1_000]) < chiSquareLimit(1));
  });
});
