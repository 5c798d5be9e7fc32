import type { Clock } from '../model/clock.ts';

const WINDOW_SECONDS = 10;
const FLOOR_PER_SECOND = 10;

/**
 * How many attempts may be made again, so that retries never multiply an outage: ten in any second of the clock, or a share of the
 * requests of the last ten seconds, whichever is more. One budget for a balancer, as its retries meet in the same servers; where it has
 * several workers each has its share of the ten, and its own requests to count.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #floor: number;
  readonly #requests = new Float64Array(WINDOW_SECONDS);
  readonly #retries = new Float64Array(WINDOW_SECONDS);
  #percent: number;
  #second = 0;

  constructor(percent: number, clock: Clock, workers = 1) {
    this.#percent = percent;
    this.#clock = clock;
    this.#floor = Math.ceil(FLOOR_PER_SECOND / workers);
  }

  set percent(percent: number) {
    this.#percent = percent;
  }

  /** Counts a client's request; `now` in Clock milliseconds, which the caller has at hand. */
  request(now: number): void {
    const slot = this.#slot(now);
    this.#requests[slot] = (this.#requests[slot] ?? 0) + 1;
  }

  /** Draws one retry; false when there is none left. */
  take(): boolean {
    const slot = this.#slot(this.#clock());
    const retries = this.#retries[slot] ?? 0;
    if (retries >= this.#floor && sum(this.#retries) >= (sum(this.#requests) * this.#percent) / 100) return false;
    this.#retries[slot] = retries + 1;
    return true;
  }

  #slot(now: number): number {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#forget(second);
    return second % WINDOW_SECONDS;
  }

  #forget(second: number): void {
    const first = Math.max(this.#second + 1, second - WINDOW_SECONDS + 1);
    for (let each = first; each <= second; each++) {
      this.#requests[each % WINDOW_SECONDS] = 0;
      this.#retries[each % WINDOW_SECONDS] = 0;
    }
    this.#second = second;
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
