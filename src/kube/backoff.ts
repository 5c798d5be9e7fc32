import type { Random } from '../model/clock.ts';

export interface BackoffLimits {
  /** Upper end of the first wait. */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row (1 for the first): doubles from `baseMs` to `capMs`, and is drawn from the
 * upper half of that, so that many clients that failed together do not come back together.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: Random): number {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}
