import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Picker, PickTarget } from '../../../src/balancing/picker.ts';
import { createPicker } from '../../../src/balancing/registry.ts';
import type { StrategyType } from '../../../src/model/config.ts';
import { backendOf, chiSquare, chiSquareLimit, manyTargets, picks, seeded, tally, targets, windows } from './fixtures.ts';

const NO_WEIGHTS: ReadonlyMap<string, number | null> = new Map([
  ['a', null],
  ['b', null],
]);

/** What a strategy promises beyond what all of them do. */
export interface Promises {
  /** Exact proportions in every window of a whole round; where not, they hold by chi-square. */
  readonly exact: boolean;
  /** It heeds the weight of single servers. */
  readonly serverWeights: boolean;
}

/** What every strategy must do; each policy's test file runs it. */
export function policyConformance(strategy: StrategyType, promises: Promises): void {
  const picker = (members: PickTarget[], weights = NO_WEIGHTS, seed = 1, previous?: Picker<PickTarget>): Picker<PickTarget> =>
    createPicker(strategy, members, weights, seeded(seed), previous);

  /** Asserts that `names` holds each key of `shares` in that proportion. */
  const inProportion = (names: readonly string[], shares: Record<string, number>, by?: (name: string) => string): void => {
    const sum = Object.values(shares).reduce((a, b) => a + b, 0);
    const keys = Object.keys(shares);
    const expected = keys.map((key) => ((shares[key] ?? 0) * names.length) / sum);
    const counts = tally(names, by);
    assert.deepEqual(
      Object.keys(counts).filter((key) => !keys.includes(key)),
      [],
      'somebody was picked who should not be',
    );
    const observed = keys.map((key) => counts[key] ?? 0);
    if (promises.exact || keys.length === 1) assert.deepEqual(observed, expected);
    else assert.ok(chiSquare(observed, expected) < chiSquareLimit(keys.length - 1), `${observed} for ${expected}`);
  };

  describe(`${strategy} conforms`, () => {
    it('an empty pool gives null', () => {
      assert.equal(picker([]).pick(), null);
      assert.equal(
        picker([]).pick(() => false),
        null,
      );
    });

    it('a single member is always picked, and null once it is to be avoided', () => {
      const only = picker(targets('a1'));
      assert.deepEqual(picks(only, 3), ['a1', 'a1', 'a1']);
      assert.equal(
        only.pick(() => true),
        null,
      );
      assert.equal(only.pick()?.id, 'a1');
    });

    it('gives back the very object that it was given', () => {
      const members = targets('a1', 'a2');
      const target = picker(members).pick();
      assert.ok(target && members.includes(target));
    });

    it('only members are picked, and each of them is', () => {
      assert.deepEqual(Object.keys(tally(picks(picker(targets('a1', 'a2', 'b1')), 300))), ['a1', 'a2', 'b1']);
    });

    it('no weights: all servers alike, whatever their backend', () => {
      inProportion(picks(picker(targets('a1', 'a2', 'a3', 'b1')), 4_000), { a1: 1, a2: 1, a3: 1, b1: 1 });
    });

    const shares: Record<string, { weights: [string, number | null][]; members: string[]; expected: Record<string, number> }> = {
      '9:1 between backends of unequal size': {
        weights: [
          ['a', 9],
          ['b', 1],
        ],
        members: ['a1', 'b1', 'b2', 'b3', 'b4'],
        expected: { a: 9, b: 1 },
      },
      'where one backend has a weight, a backend without counts as 1': {
        weights: [
          ['a', 4],
          ['b', null],
        ],
        members: ['a1', 'a2', 'b1'],
        expected: { a: 4, b: 1 },
      },
      'a backend of weight 0 gets nothing': {
        weights: [
          ['a', 0],
          ['b', 1],
        ],
        members: ['a1', 'a2', 'b1'],
        expected: { b: 1 },
      },
      'the share of a backend without servers goes to the others in proportion': {
        weights: [
          ['a', 3],
          ['b', 1],
          ['c', 6],
        ],
        members: ['a1', 'b1', 'b2'],
        expected: { a: 3, b: 1 },
      },
      'three backends, 5:3:2': {
        weights: [
          ['a', 5],
          ['b', 3],
          ['c', 2],
        ],
        members: ['a1', 'b1', 'b2', 'c1', 'c2', 'c3'],
        expected: { a: 5, b: 3, c: 2 },
      },
    };
    for (const [name, { weights, members, expected }] of Object.entries(shares)) {
      it(`${name}`, () => {
        const names = picks(picker(targets(...members), new Map(weights)), 4_000);
        inProportion(names, expected, backendOf);
        if (!promises.exact) return;
        const round = Object.values(expected).reduce((a, b) => a + b, 0);
        for (const window of windows(names.slice(0, 5 * round), round)) inProportion(window, expected, backendOf);
      });
    }

    it('weights of 0 everywhere: nobody', () => {
      const nobody = picker(
        targets('a1', 'b1'),
        new Map([
          ['a', 0],
          ['b', 0],
        ]),
      );
      assert.equal(nobody.pick(), null);
      assert.equal(
        nobody.pick(() => false),
        null,
      );
    });

    it('server weights count, or not, as the strategy says', () => {
      const names = picks(picker(targets('a1*5', 'a2*1', 'a3*2')), 4_000);
      if (promises.serverWeights) inProportion(names, { a1: 5, a2: 1, a3: 2 });
      else inProportion(names.slice(0, 3_999), { a1: 1, a2: 1, a3: 1 });
    });

    for (const method of ['pick', 'pickOther'] as const) {
      it(`${method}: avoid is honoured until none is left`, () => {
        const members = picker(
          targets('a1', 'a2', 'b1', 'b2'),
          new Map([
            ['a', 9],
            ['b', 1],
          ]),
        );
        const tried = new Set<string>();
        for (let i = 0; i < 4; i += 1) {
          const target = members[method](({ id }) => tried.has(id));
          assert.ok(target && !tried.has(target.id));
          tried.add(target.id);
        }
        assert.equal(
          members[method](({ id }) => tried.has(id)),
          null,
        );
      });
    }

    it('a retry does not put the spread off', () => {
      const members = picker(targets('a1', 'a2', 'a3', 'a4'));
      const names: string[] = [];
      for (let i = 0; i < 1_000; i += 1)
        names.push(members.pick()?.id ?? 'none', members.pick(({ id }) => id === names.at(-1))?.id ?? 'none');
      if (promises.exact) assert.deepEqual(tally(names), { a1: 500, a2: 500, a3: 500, a4: 500 });
      else inProportion(names, { a1: 1, a2: 1, a3: 1, a4: 1 });
    });

    it('those that are drawn leave backends their shares', () => {
      const members = picker(
        targets('a1', 'a2', 'b1', 'b2', 'b3'),
        new Map([
          ['a', 3],
          ['b', 1],
        ]),
      );
      const names = Array.from({ length: 4_000 }, () => members.pickOther(() => false)?.id ?? 'none');
      inProportion(names, { a: 3, b: 1 }, backendOf);
    });

    it('asking in vain changes nothing', () => {
      const [asked, left] = [1, 2].map(() =>
        picker(
          targets('a1*3', 'a2', 'b1'),
          new Map([
            ['a', 2],
            ['b', 1],
          ]),
        ),
      );
      if (!promises.exact) return;
      assert.equal(
        asked?.pick(() => true),
        null,
      );
      assert.equal(
        asked?.pickOther(() => true),
        null,
      );
      assert.deepEqual(picks(asked as Picker<PickTarget>, 12), picks(left as Picker<PickTarget>, 12));
    });

    it('being replaced at every pick, by one with the same members, changes no spread', () => {
      const weights = new Map([
        ['a', 2],
        ['b', 1],
      ]);
      const members = (): PickTarget[] => targets('a1', 'a2', 'b1');
      let current = picker(members(), weights);
      const names: string[] = [];
      for (let i = 0; i < 3_000; i += 1) {
        names.push(current.pick()?.id ?? 'none');
        current = picker(members(), weights, i, current);
      }
      inProportion(names, { a1: 1, a2: 1, b1: 1 });
    });

    it('a member that comes and goes all the time leaves the others alike', () => {
      let current = picker(targets('a1', 'a2', 'a3', 'a4'));
      const names: string[] = [];
      for (let i = 0; i < 4_000; i += 1) {
        names.push(current.pick()?.id ?? 'none');
        current = picker(i % 2 === 0 ? targets('a1', 'a2', 'a3') : targets('a1', 'a2', 'a3', 'a4'), NO_WEIGHTS, i, current);
      }
      const { a1 = 0, a2 = 0, a3 = 0 } = tally(names);
      const mean = (a1 + a2 + a3) / 3;
      for (const count of [a1, a2, a3]) assert.ok(Math.abs(count - mean) < mean * 0.1, `${count} of ${mean}`);
    });

    it('a replaced picker goes on working on its own', () => {
      const old = picker(targets('a1', 'a2'));
      picker(targets('a1'), NO_WEIGHTS, 2, old);
      assert.deepEqual(Object.keys(tally(picks(old, 50))), ['a1', 'a2']);
    });

    it('another start for another balancer', () => {
      const firsts = Array.from({ length: 40 }, (_, seed) => picker(targets('a1', 'a2', 'a3'), NO_WEIGHTS, seed).pick()?.id ?? 'none');
      assert.deepEqual(Object.keys(tally(firsts)), ['a1', 'a2', 'a3']);
      const weights = new Map([
        ['a', 1],
        ['b', 1],
      ]);
      const backends = Array.from({ length: 40 }, (_, seed) => picker(targets('a1', 'b1'), weights, seed).pick()?.id ?? 'none');
      assert.deepEqual(Object.keys(tally(backends)), ['a1', 'b1']);
    });

    it('5,000 members, two weights, two backends', () => {
      const members = [...manyTargets('a', 4_000), ...manyTargets('b', 1_000, 2)];
      const names = picks(
        picker(
          members,
          new Map([
            ['a', 3],
            ['b', 1],
          ]),
        ),
        20_000,
      );
      inProportion(names, { a: 3, b: 1 }, backendOf);
    });
  });
}
