/*
 * Is one endpoint much slower than its peers, though its heartbeats are quick? Suspicion (suspicion.ts) does not last then: each answered
 * check clears it, and the endpoint goes on taking its share of requests and keeping them waiting.
 *
 * Pace: geometric mean of an endpoint's last few times to first byte (a running mean of logarithms: an outlier of 100 times the rest moves it
 * by a factor of 1.6, where it would make an ordinary mean 11 times as large). While it owes answers to several requests and has answered
 * nothing but a check, the age of the oldest counts as its pace: it will not be quicker than that. (Without the check it may be frozen, which
 * is not slow: that is for suspicion and heartbeats to find out.)
 *
 * Slow: SLOW_FACTOR times the median pace of its backend, and SLOW_MARGIN_MS above it. The lower median, so that of two the quicker is the
 * measure; where most are slow, slow is normal, and nobody is judged. A backend of one has no peers.
 */

export const SLOW_FACTOR = 5;
export const SLOW_MARGIN_MS = 50;
/** Before this many responses a pace says nothing. */
export const PACE_SAMPLES = 10;
/** So many requests must go unanswered before their age says anything: a single one may be a long poll. */
export const OWED_REQUESTS = 8;
const GAIN = 1 / 10;

/** An endpoint's recent time to first byte, in milliseconds. O(1) a sample. */
export class Pace {
  #logarithm = 0;
  #samples = 0;
  #owedSince = 0;
  #owed = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** A check was answered. */
  checked(at: number): void {
    this.#checkedAt = at;
  }

  /** A request was sent whole. */
  sent(at: number): void {
    if (this.#owed === 0) this.#owedSince = at;
    this.#owed += 1;
  }

  /** A request will not be answered any more, for a reason that is not the endpoint's. */
  withdrawn(): void {
    if (this.#owed > 0) this.#owed -= 1;
  }

  /** A response began, `milliseconds` after its request was sent. What is owed begins anew: it does answer. */
  answered(milliseconds: number): void {
    this.#owed = 0;
    this.#samples += 1;
    const sample = Math.log(Math.max(milliseconds, 0.1));
    this.#logarithm += (sample - this.#logarithm) * Math.max(GAIN, 1 / this.#samples);
  }

  /** Forgets everything, so that an endpoint that is given another chance is not judged by its past. */
  restart(): void {
    this.#samples = 0;
    this.#logarithm = 0;
    this.#owed = 0;
  }

  /** At `now`; null while there is too little to say. */
  at(now: number): number | null {
    const usual = this.#samples < PACE_SAMPLES ? null : Math.exp(this.#logarithm);
    if (this.#owed < OWED_REQUESTS || this.#checkedAt < this.#owedSince) return usual;
    return Math.max(usual ?? 0, now - this.#owedSince);
  }
}

/** Those among `peers`, all endpoints of one backend that get traffic, that are much slower than the others at `now`. O(n log n). */
export function slowAmong<T extends { readonly pace: Pace }>(peers: readonly T[], now: number): T[] {
  const paces = peers.map((peer) => peer.pace.at(now));
  const known = paces.filter((pace) => pace !== null).sort((a, b) => a - b);
  const median = known[Math.floor((known.length - 1) / 2)];
  if (median === undefined || known.length < 2) return [];
  const limit = Math.max(median * SLOW_FACTOR, median + SLOW_MARGIN_MS);
  return peers.filter((_, i) => (paces[i] ?? 0) > limit);
}
