import type { Socket } from 'node:net';

/** Notices that the other side takes nothing of what is there for it. */
export class Unsent {
  #taken = -1;
  #since = 0;

  /**
   * For how many milliseconds nothing of what waits has been taken, at `now` (LoopTime), as far as anybody has looked. `waiting`: bytes;
   * `taken`: all bytes so far. What waits tells nothing by itself: where as much follows as was taken, it is always the same.
   */
  stuckMs(waiting: number, taken: number, now: number): number {
    if (waiting === 0 || taken !== this.#taken) {
      this.#taken = taken;
      this.#since = now;
    }
    return now - this.#since;
  }

  /** The same, of what was written to `socket`, and `more` bytes that wait behind that. */
  socketStuckMs(socket: Socket, now: number, more = 0): number {
    const written = socket.writableLength;
    const waiting = written + more;
    return this.stuckMs(waiting, waiting === 0 ? 0 : socket.bytesWritten - written, now);
  }
}
