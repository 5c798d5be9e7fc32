import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Pace, Round, type Visited } from '../../../src/heartbeat/round.ts';
import { seeded } from '../balancing/fixtures.ts';

interface Member extends Visited {
  readonly name: string;
  visits: number[];
}

const member = (name: string, now: number): Member => ({ name, lastStartedAt: now, visits: [] });
const members = (count: number, now = 0): Member[] => Array.from({ length: count }, (_, i) => member(`m${i}`, now));

/** Makes every visit when it is due, `lateMs` late, until `until`; the times of all of them. */
function go(round: Round<Member>, until: number, lateMs: (due: number) => number = () => 0): number[] {
  const times: number[] = [];
  let now = 0;
  for (;;) {
    now = Math.max(now, round.dueAt + lateMs(round.dueAt));
    if (now > until) return times;
    const visited = round.take(now);
    if (!visited) return times;
    visited.lastStartedAt = now;
    visited.visits.push(now);
    times.push(now);
  }
}

/** From the members `before` to the members `after`. */
function change(round: Round<Member>, before: readonly Member[], after: readonly Member[], now: number): void {
  const removed = new Set(before.filter((member) => !after.includes(member)));
  round.change(
    after.filter((member) => !before.includes(member)),
    removed,
    now,
  );
}

function roundOf(all: Member[], pace: Pace, seed = 1, now = 0): Round<Member> {
  const round = new Round<Member>(seeded(seed));
  round.setPace(pace);
  change(round, [], all, now);
  return round;
}

const waits = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] ?? 0));
const mostInOneSecond = (times: readonly number[]): number =>
  Math.max(...times.map((from, i) => times.slice(i).findIndex((at) => at >= from + 1_000)).map((n) => (n < 0 ? 0 : n)));

const anyPace = fc.record({
  servers: fc.integer({ min: 1, max: 60 }),
  intervalMs: fc.integer({ min: 50, max: 5_000 }),
  jitterPercent: fc.integer({ min: 0, max: 50 }),
  seed: fc.nat(),
});

describe('a round of heartbeats', () => {
  it('of nobody is never due', () => {
    const round = roundOf([], { intervalMs: 100, jitterPercent: 10, leastSpacingMs: 0 });
    assert.equal(round.dueAt, Number.POSITIVE_INFINITY);
    assert.equal(round.take(5), null);
  });

  it('visits each in turn', () => {
    const all = members(5);
    go(roundOf(all, { intervalMs: 1_000, jitterPercent: 10, leastSpacingMs: 0 }), 10_500);
    for (const { visits } of all) assert.ok(visits.length >= 9 && visits.length <= 11, `${visits.length}`);
  });

  it('every wait lies within T x (1 ± jitter), the first one at most there', () => {
    fc.assert(
      fc.property(anyPace, ({ servers, intervalMs, jitterPercent, seed }) => {
        const all = members(servers);
        go(roundOf(all, { intervalMs, jitterPercent, leastSpacingMs: 0 }, seed), intervalMs * 6);
        const [least, most] = [intervalMs * (1 - jitterPercent / 100) - 1e-6, intervalMs * (1 + jitterPercent / 100) + 1e-6];
        for (const { visits } of all) {
          assert.ok((visits[0] ?? Number.NaN) <= most, `first after ${visits[0]}`);
          for (const wait of waits(visits)) assert.ok(wait >= least && wait <= most, `${wait} of ${intervalMs}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('visits are spread over T: no second holds more than N / T, give or take the one at its edge', () => {
    fc.assert(
      fc.property(anyPace, ({ servers, intervalMs, jitterPercent, seed }) => {
        const times = go(roundOf(members(servers), { intervalMs, jitterPercent, leastSpacingMs: 0 }, seed), intervalMs * 4 + 2_000);
        assert.ok(mostInOneSecond(times) <= Math.ceil((servers * 1_000) / intervalMs) + 1);
      }),
      { numRuns: 60 },
    );
  });

  it('jitter puts visits off their grid, so that balancers do not go in step', () => {
    const times = go(roundOf(members(3), { intervalMs: 300, jitterPercent: 20, leastSpacingMs: 0 }), 30_000);
    const offsets = new Set(waits(times).map((wait) => Math.round(wait)));
    assert.ok(offsets.size > 5, `${[...offsets]}`);
  });

  it('two balancers begin at different times, in different orders', () => {
    const starts = [1, 2, 3, 4, 5, 6].map((seed) => {
      const all = members(4);
      const [first = 0] = go(roundOf(all, { intervalMs: 400, jitterPercent: 0, leastSpacingMs: 0 }, seed), 400);
      return { at: Math.round(first), name: all.find(({ visits }) => visits[0] === first)?.name };
    });
    assert.ok(new Set(starts.map(({ at }) => at)).size > 3);
    assert.ok(new Set(starts.map(({ name }) => name)).size > 1);
  });

  it('members that come and go: nobody who stays waits longer than T x (1 + jitter) and a quarter', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1_500 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), fc.nat(), (changes, seed) => {
        const all = members(40);
        const round = roundOf(all, { intervalMs: 1_000, jitterPercent: 10, leastSpacingMs: 0 }, seed);
        let now = 0;
        let present: Member[] = all;
        for (const [count, forMs] of changes) {
          const kept = all.slice(0, count);
          for (const newcomer of kept) if (!present.includes(newcomer)) Object.assign(newcomer, { lastStartedAt: now, visits: [now] });
          change(round, present, kept, now);
          present = kept;
          now += forMs;
          go(round, now);
          for (const { visits, lastStartedAt } of present) {
            assert.ok(now - lastStartedAt <= 1_351, `waits since ${now - lastStartedAt}`);
            for (const wait of waits(visits)) assert.ok(wait <= 1_351, `${wait}`);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a declared budget holds however members come and go', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 1_500 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), fc.nat(), (changes, seed) => {
        const all = members(60);
        const round = new Round<Member>(seeded(seed));
        const times: number[] = [];
        let now = 0;
        let present: Member[] = [];
        for (const [count, forMs] of changes) {
          round.setPace({ intervalMs: Math.max((count / 20) * 1_000, 250), jitterPercent: 10, leastSpacingMs: 50 });
          change(round, present, all.slice(0, count), now);
          present = all.slice(0, count);
          now += forMs;
          times.push(...go(round, now));
        }
        assert.ok(mostInOneSecond(times) <= 22, `${mostInOneSecond(times)}`);
      }),
      { numRuns: 100 },
    );
  });

  it('a shorter T is caught up with in a hurry, not in a burst', () => {
    const all = members(20);
    const round = roundOf(all, { intervalMs: 10_000, jitterPercent: 0, leastSpacingMs: 0 });
    go(round, 15_000);
    round.setPace({ intervalMs: 1_000, jitterPercent: 0, leastSpacingMs: 0 });
    const times = go(round, 17_000);
    assert.ok(Math.min(...waits(times)) >= 12.5 - 1e-6, `${Math.min(...waits(times))}`);
    for (const { lastStartedAt } of all) assert.ok(lastStartedAt > 15_900, `${lastStartedAt}`);
  });

  it('visits missed in a standstill are not made up for, but the next round is made in a hurry', () => {
    const round = roundOf(members(100), { intervalMs: 1_000, jitterPercent: 0, leastSpacingMs: 0 });
    const times = go(round, 6_000, (due) => (due > 2_000 && due < 5_000 ? 5_000 - due : 0));
    const burst = times.filter((at) => at >= 5_000 && at < 5_010).length;
    assert.ok(burst <= 8, `${burst} at once`);
    const after = times.filter((at) => at >= 5_000).length;
    assert.ok(after > 150 && after <= 180, `${after} in the second after it`);
  });
});
