import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPicker } from '../../../../src/balancing/registry.ts';
import { policyConformance } from '../conformance.ts';
import { picks, targets } from '../fixtures.ts';

policyConformance('RoundRobin', { exact: true, serverWeights: false });

describe('RoundRobin', () => {
  const fromFirst = () => 0;
  const sequence = (...numbers: number[]) => {
    return () => numbers.shift() ?? 0;
  };
  const alike = new Map([['a', null]]);

  it('goes round in the order given', () => {
    assert.deepEqual(picks(createPicker('RoundRobin', targets('a1', 'a2', 'a3'), alike, fromFirst), 7), [
      'a1',
      'a2',
      'a3',
      'a1',
      'a2',
      'a3',
      'a1',
    ]);
  });

  it('starts where its random number says', () => {
    assert.equal(createPicker('RoundRobin', targets('a1', 'a2', 'a3'), alike, () => 0.5).pick()?.id, 'a2');
  });

  it('one that was passed over gets its turn later in the same round', () => {
    const picker = createPicker('RoundRobin', targets('a1', 'a2', 'a3', 'a4'), alike, fromFirst);
    assert.deepEqual([...picks(picker, 1, ({ id }) => id === 'a1' || id === 'a2'), ...picks(picker, 3)], ['a3', 'a2', 'a1', 'a4']);
  });

  it('one that was drawn has had its turn', () => {
    const picker = createPicker('RoundRobin', targets('a1', 'a2', 'a3', 'a4'), alike, sequence(0, 0, 0.75));
    assert.deepEqual(picks(picker, 1), ['a1']);
    assert.equal(picker.pickOther(({ id }) => id === 'a1')?.id, 'a4');
    assert.deepEqual(picks(picker, 6), ['a3', 'a2', 'a1', 'a4', 'a3', 'a2']);
  });

  it('goes on where the picker before it stood, newcomers last', () => {
    const before = createPicker('RoundRobin', targets('a1', 'a2', 'a3', 'a4'), alike, fromFirst);
    picks(before, 2);
    const after = createPicker('RoundRobin', targets('a5', 'a1', 'a2', 'a4'), alike, fromFirst, before);
    assert.deepEqual(picks(after, 4), ['a4', 'a1', 'a2', 'a5']);
  });

  it('interleaves 9:1 so that the one lies apart', () => {
    const picker = createPicker(
      'RoundRobin',
      targets('a1', 'b1'),
      new Map([
        ['a', 9],
        ['b', 1],
      ]),
      fromFirst,
    );
    assert.equal(picks(picker, 20).join(' ').replaceAll('1', ''), 'a a a a a b a a a a a a a a a b a a a a');
  });

  it('a change of strategy starts afresh and picks members only', () => {
    const before = createPicker('Random', targets('a1', 'a2'), alike, fromFirst);
    assert.deepEqual(picks(createPicker('RoundRobin', targets('a2', 'a3'), alike, fromFirst, before), 2), ['a2', 'a3']);
  });
});
