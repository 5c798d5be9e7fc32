import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

/** Pearson's chi-square of observed counts against equal shares; degrees of freedom: one less than there are counts. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/**
 * The range in which chi-square lies for truly random picks, but for one time in 500,000 at each end (4.6 standard deviations), by the
 * cube-root approximation of Wilson and Hilferty. Below it the picks are too even to be random, above it they are too uneven.
 */
export function chiSquareRange(degrees: number): { readonly low: number; readonly high: number } {
  const at = (z: number) => degrees * Math.max(0, 1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
  return { low: at(-4.6), high: at(4.6) };
}

/** A sample during which the pool was at rest is exact, at once. So often the pool may have been disturbed instead. */
const DISTURBED = 1;

export interface Sampling {
  /** Counts whatever may have changed who gets a request. */
  readonly changes: () => Promise<number>;
  /** Where it is told how many samples were taken. */
  readonly tell: (message: string) => void;
}

/**
 * Takes a sample, which has to be spread as expected. One in which an endpoint changed its state says nothing: a server that is suspected for
 * a moment, on a machine that has other things to do, misses its turns, and then no strategy can be exact. That one is taken again.
 */
export async function spreadExactly(expected: unknown, sample: () => Promise<unknown>, { changes, tell }: Sampling): Promise<void> {
  for (let taken = 1; ; taken++) {
    const before = await changes();
    const found = await sample();
    const changed = (await changes()) - before;
    const exact = isDeepStrictEqual(found, expected);
    tell(`sample ${taken}: ${exact ? 'exact' : JSON.stringify(found)}; state changes of endpoints meanwhile: ${changed}`);
    if (exact || changed === 0 || taken > DISTURBED) return assert.deepEqual(found, expected);
  }
}
