import type { Socket } from 'node:net';
import { ONE_STRING_BYTES } from './limits.ts';

/** Whether one client is read from, and what was read of it too early. */
export class ClientFlow {
  readonly #socket: Socket;
  readonly #takesAll: boolean;
  /** What came behind the request under way. Nothing is read while there is any, so it is one read at most. */
  #stash: Buffer | null = null;
  #bodyHeld = false;
  #paused = false;
  #caughtUp = false;
  #ended = false;

  /** `takesAll`: see AcceptedReads. */
  constructor(socket: Socket, takesAll: boolean) {
    this.#socket = socket;
    this.#takesAll = takesAll;
  }

  /** What was read is `bytes` long. */
  received(bytes: number): void {
    this.#caughtUp = this.#takesAll && bytes < ONE_STRING_BYTES;
  }

  /** The last read took all that the client had sent, and reading has not been stopped since. Not known of what comes from a stream, or over TLS. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** The client has ended its half. */
  end(): void {
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Something that was read waits here. */
  get stashed(): boolean {
    return this.#stash !== null;
  }

  /** Nobody takes the body under way for now. */
  get bodyHeld(): boolean {
    return this.#bodyHeld;
  }

  holdBody(): void {
    this.#bodyHeld = true;
    this.update();
  }

  /** No body is held any more; whoever says so calls `update`. */
  releaseBody(): void {
    this.#bodyHeld = false;
  }

  /** For later. */
  stash(bytes: Buffer): void {
    this.#stash = this.#stash ? Buffer.concat([this.#stash, bytes]) : bytes;
    this.update();
  }

  /** What waits here is the caller's, who calls `update` once it is used up. */
  unstash(): Buffer | null {
    const bytes = this.#stash;
    this.#stash = null;
    return bytes;
  }

  /** Reads, or reads no more. */
  update(): void {
    const pause = this.#bodyHeld || this.#stash !== null;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#caughtUp = false;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }
}
