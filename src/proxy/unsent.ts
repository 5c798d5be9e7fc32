/** Notices that the other side takes nothing of what is there for it. */
export class Unsent {
  #bytes = 0;
  #since = 0;

  /** For how many milliseconds the same `bytes` have been waiting to be taken, at `now` (LoopTime), as far as anybody has looked. */
  stuckMs(bytes: number, now: number): number {
    if (bytes === 0 || bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#since = now;
    }
    return now - this.#since;
  }
}
