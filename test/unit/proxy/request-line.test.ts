import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPicker } from '../../../src/balancing/registry.ts';
import { ATTEMPTS } from '../../../src/proxy/limits.ts';
import { type Found, findFree } from '../../../src/proxy/request-line.ts';
import type { Upstream } from '../../../src/proxy/upstream.ts';
import { manyTargets, seeded } from '../balancing/fixtures.ts';

const NO_WEIGHTS = new Map([['a', null]]);

/** What is asked of an upstream here; `a1`, `a2` and so on. */
function upstreams(count: number): Upstream[] {
  return manyTargets('a', count).map((target) => ({ ...target, active: 0 })) as unknown as Upstream[];
}

describe('findFree', () => {
  for (const strategy of ['RoundRobin', 'WeightedRoundRobin', 'Random'] as const) {
    it(`of 5,000 servers 300 neighbours are dead, and each request finds another within its attempts: ${strategy}`, () => {
      const all = upstreams(5_000);
      const dead = new Set<Found>(all.slice(1_000, 1_300));
      const picker = createPicker(strategy, all, NO_WEIGHTS, seeded(1));
      let unlucky = 0;
      for (let request = 0; request < 20_000; request++) {
        const tried: Found[] = [findFree(picker, 0)];
        if (dead.has(tried[0] as Found)) unlucky++;
        while (dead.has(tried.at(-1) as Found) && tried.length < ATTEMPTS) {
          tried.push(findFree(picker, 0, (each) => tried.includes(each), tried.length));
        }
        assert.ok(!dead.has(tried.at(-1) as Found), `request ${request}, ${unlucky} that began at a dead one`);
      }
      assert.ok(unlucky > 500, `only ${unlucky} began at a dead one`);
    });
  }

  it('the second attempt is in turn, and the third is not', () => {
    const all = upstreams(1_000);
    const picker = createPicker('RoundRobin', all, NO_WEIGHTS, seeded(1));
    const first = all.indexOf(findFree(picker, 0) as Upstream);
    const after = (failed: number): number => all.indexOf(findFree(picker, 0, () => false, failed) as Upstream) - first;
    assert.equal(after(1), 1);
    assert.notEqual(after(2), 2);
  });

  it('servers that are full are told from none', () => {
    const all = upstreams(3);
    const picker = createPicker('RoundRobin', all, NO_WEIGHTS, seeded(1));
    for (const each of all) each.active = 2;
    for (const failed of [0, 1, 2]) {
      assert.equal(findFree(picker, 2, undefined, failed), 'Full');
      assert.equal(
        findFree(picker, 2, () => true, failed),
        'None',
      );
      assert.notEqual(findFree(picker, 3, undefined, failed), 'Full');
    }
  });
});
