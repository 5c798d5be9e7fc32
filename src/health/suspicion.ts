/*
 * When has an endpoint kept a request waiting for too long? Traffic is a heartbeat too, far more frequent than the scheduled ones.
 *
 * Silence: an endpoint owes an answer since the oldest request that was sent to it after anything was last received from it. A request older
 * than that does not count: the endpoint was alive after it, so it is slow by nature (a long poll, a report, 1 % that take 100 times the median).
 *
 * Threshold: THRESHOLD_FACTOR x the time to first byte that 95 % of the endpoint's requests stay under, at least SUSPICION_FLOOR_MS.
 * The quantile is a running estimate that moves by a fixed proportion: up by STEP x 0.95 for a sample over it, down by STEP x 0.05 for one
 * under it, so that in balance 1 of 20 samples lies over it, however far (Tierney 1983, in logarithms). An outlier moves it by 10 % at most,
 * where it would drag a mean along. 10 ms servers give 3 x 10 ms = 30 ms, so the floor of 40 ms; 200 ms servers give 600 ms.
 * An endpoint with few samples of its own takes the estimate of the pool; without that, nobody is suspected.
 */

export const SUSPICION_FLOOR_MS = 40;
export const THRESHOLD_FACTOR = 3;
/** Before this many samples an estimate says nothing. */
export const ENOUGH_SAMPLES = 20;
const QUANTILE = 0.95;
const STEP = 0.1;
/** Early samples move the estimate faster: the first sets it, then steps shrink to STEP. */
const FIRST_STEP = 1;

/** Running estimate of the time to first byte, in milliseconds. O(1) a sample, a few bytes of state; of one endpoint, or of a pool. */
export class FirstByteTime {
  #estimate = 0;
  #samples = 0;

  /** `milliseconds`: from the last byte of a request sent to the first byte of its response received. */
  observe(milliseconds: number): void {
    const sample = Math.max(milliseconds, 0.1);
    this.#samples += 1;
    if (this.#samples === 1) {
      this.#estimate = sample;
      return;
    }
    const step = Math.max(STEP, FIRST_STEP / this.#samples);
    this.#estimate *= sample > this.#estimate ? 1 + step * QUANTILE : 1 - step * (1 - QUANTILE);
  }

  /** The 95 % quantile; null while there are too few samples. */
  get estimate(): number | null {
    return this.#samples < ENOUGH_SAMPLES ? null : this.#estimate;
  }
}

/** For how long an endpoint may owe an answer before it is suspected; Infinity where nothing is known. */
export function suspicionThreshold(endpoint: FirstByteTime, pool: FirstByteTime): number {
  const normal = endpoint.estimate ?? pool.estimate;
  return normal === null ? Number.POSITIVE_INFINITY : Math.max(THRESHOLD_FACTOR * normal, SUSPICION_FLOOR_MS);
}

/**
 * What one endpoint owes. O(1) in everything. The shell reports each request when it has been sent whole (an upload that goes on is nobody's
 * silence), anything that is received, and each request that ends without an answer (the client left, the attempt was given up).
 */
export class Silence {
  /** When the first request was sent after anything was last received: those before it do not count. */
  #first = 0;
  #oldest = 0;
  #newest = 0;
  #owed = 0;
  /** When anything was last received. */
  heardAt = Number.NEGATIVE_INFINITY;

  sent(at: number): void {
    if (this.#owed === 0) this.#first = this.#oldest = at;
    this.#newest = at;
    this.#owed += 1;
  }

  /** Any byte, on any of its connections, or an answered check. */
  received(at: number): void {
    this.#owed = 0;
    this.heardAt = at;
  }

  /** A request that was sent at `sentAt` will not be answered any more, for a reason that is not the endpoint's. */
  withdrawn(sentAt: number): void {
    if (this.#owed === 0 || sentAt < this.#first) return;
    this.#owed -= 1;
    // Which one is the oldest now is not kept; taking the newest for it only makes suspicion later, never wrong.
    if (sentAt === this.#oldest) this.#oldest = this.#newest;
  }

  /** When the oldest request that counts was sent; null: nothing is owed. */
  get since(): number | null {
    return this.#owed === 0 ? null : this.#oldest;
  }
}

/**
 * Whether an endpoint that has owed an answer since `since` is to be suspected at `now`. Time in which our own loop stood still
 * (`standstillMs`, since `since`) does not count: we would not have heard.
 */
export function isOverdue(since: number | null, now: number, thresholdMs: number, standstillMs: number): boolean {
  return since !== null && now - since - standstillMs > thresholdMs;
}
