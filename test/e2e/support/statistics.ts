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

/**
 * Takes samples until one is spread as expected; after five it fails with the last. A server that is suspected for a moment, on a machine
 * that has other things to do, misses its turn, and then no strategy can be exact; one that never is, never gets there.
 */
export async function spreadExactly(expected: unknown, sample: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; tries < 5; tries++) if (isDeepStrictEqual(await sample(), expected)) return;
  assert.deepEqual(await sample(), expected);
}
