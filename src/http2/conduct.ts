/** Streams that a client may cut, beyond those that it let us finish. */
const CUTS = 200;
/** Frames that ask for nothing but work (PING, SETTINGS, PRIORITY), while nothing else goes on. */
const CONTROL_FRAMES = 1_000;

/**
 * What a client of HTTP/2 makes us do, against what it lets us finish. A client that opens streams and cuts them (rapid reset,
 * CVE-2023-44487), or makes us cut them (MadeYouReset, CVE-2025-8671), costs us and the servers work at next to no cost of its own; a proxy
 * in front of many clients cuts streams too, but finishes more. So no rate is measured: each stream finished pays for one that was cut.
 */
export class Conduct {
  #cuts = 0;
  #controlFrames = 0;

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
  cut(): boolean {
    return ++this.#cuts <= CUTS;
  }

  /** A control frame has come. False: there have been too many. */
  control(): boolean {
    return ++this.#controlFrames <= CONTROL_FRAMES;
  }
}
