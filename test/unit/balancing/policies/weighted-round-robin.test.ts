import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPicker } from '../../../../src/balancing/registry.ts';
import { policyConformance } from '../conformance.ts';
import { picks, tally, targets, windows } from '../fixtures.ts';

policyConformance('WeightedRoundRobin', { exact: true, serverWeights: true });

describe('WeightedRoundRobin', () => {
  const fromFirst = () => 0;
  const pickerOf = (...names: string[]) => createPicker('WeightedRoundRobin', targets(...names), new Map(), fromFirst);

  const sequences: Record<string, { servers: string[]; turns: string }> = {
    'equal weights: as round robin': { servers: ['a1*3', 'a2*3'], turns: 'a1 a2 a1 a2 a1 a2' },
    '3:1 is spread out, not a burst': { servers: ['a1*3', 'a2'], turns: 'a1 a1 a2 a1 a1 a1 a2 a1' },
    '5 and five of 1: every other pick': { servers: ['a1*5', 'a2', 'a3', 'a4', 'a5', 'a6'], turns: 'a1 a2 a1 a3 a1 a4 a1 a5 a1 a6 a1 a2' },
    '2:1:1 as two classes': { servers: ['a1*2', 'a2', 'a3'], turns: 'a1 a2 a1 a3 a1 a2 a1 a3' },
  };
  for (const [name, { servers, turns }] of Object.entries(sequences)) {
    it(name, () => {
      const expected = turns.split(' ');
      assert.deepEqual(picks(pickerOf(...servers), expected.length), expected);
    });
  }

  it('in every window of one round each server comes up exactly as often as its weight says', () => {
    const names = picks(pickerOf('a1*5', 'a2*3', 'a3*3', 'a4*1', 'a5*7'), 100);
    for (const window of windows(names, 19)) assert.deepEqual(tally(window), { a1: 5, a2: 3, a3: 3, a4: 1, a5: 7 });
  });

  it('server weights hold within a backend, backend weights between them', () => {
    const servers = targets('a1*3', 'a2*1', 'b1*1', 'b2*4');
    const picker = createPicker(
      'WeightedRoundRobin',
      servers,
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
      fromFirst,
    );
    assert.deepEqual(tally(picks(picker, 40)), { a1: 15, a2: 5, b1: 4, b2: 16 });
  });

  it('a server that leaves gives its turns to the others by weight, and the round goes on', () => {
    const before = pickerOf('a1*2', 'a2*1', 'a3*1');
    const first = picks(before, 2);
    const after = createPicker('WeightedRoundRobin', targets('a1*2', 'a2*1'), new Map(), fromFirst, before);
    assert.deepEqual(first, ['a1', 'a2']);
    assert.deepEqual(tally(picks(after, 300)), { a1: 200, a2: 100 });
  });
});
