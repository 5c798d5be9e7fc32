/** Streams that a client may cut, beyond those that it let us finish. */
const CUTS = 200;
/** Frames that ask for nothing but work (PING, SETTINGS, PRIORITY), while nothing else goes on. */
const CONTROL_FRAMES = 1_000;
/** So much time pays for one of each. */
const PAID_BY_MS = 1_000;

/**
 * What a client of HTTP/2 makes us do, against what it lets us finish. A client that opens streams and cuts them (rapid reset,
 * CVE-2023-44487), or makes us cut them (MadeYouReset, CVE-2025-8671), costs us and the servers work at next to no cost of its own; a proxy
 * in front of many clients cuts streams too, but finishes more. So each stream finished pays for one that was cut. Time pays too, slowly: a call
 * that stands still for a day is asked after every few seconds (gRPC's keepalive), and a client that watches something ends each of its calls itself.
 */
export class Conduct {
  #cuts = 0;
  #controlFrames = 0;
  /** Up to where time has paid. */
  #paidUntil: number;

  /** `now`, here and below: milliseconds of any clock that goes on. */
  constructor(now: number) {
    this.#paidUntil = now;
  }

  /** A stream was answered whole. */
  finished(): void {
    if (this.#cuts > 0) this.#cuts--;
    this.#controlFrames = 0;
  }

  /** Bytes of a body went either way. */
  moved(): void {
    this.#controlFrames = 0;
  }

  /** A stream ended before it was answered, and not by our own choice. False: there have been too many. */
  cut(now: number): boolean {
    this.#pay(now);
    return ++this.#cuts <= CUTS;
  }

  /** A control frame has come. False: there have been too many. */
  control(now: number): boolean {
    this.#pay(now);
    return ++this.#controlFrames <= CONTROL_FRAMES;
  }

  #pay(now: number): void {
    const paid = Math.floor((now - this.#paidUntil) / PAID_BY_MS);
    if (paid <= 0) return;
    this.#paidUntil += paid * PAID_BY_MS;
    this.#cuts = Math.max(0, this.#cuts - paid);
    this.#controlFrames = Math.max(0, this.#controlFrames - paid);
  }
}
