import type { BodyPiece } from './body-text.ts';

/**
 * The payload of a request, kept so that it can be sent again. While it is pinned (no byte of the request has left, or none is on its way
 * any more) everything is kept, and the exchange stops reading from the client instead; else it is given up once it is over its limit.
 */
export class ReplayBuffer {
  readonly #limit: number;
  #chunks: BodyPiece[] = [];
  #bytes = 0;
  #pinned = true;
  #whole = true;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Every byte appended so far is still here. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#limit;
  }

  get chunks(): readonly BodyPiece[] {
    return this.#chunks;
  }

  /** `chunk` (a string is latin1) is kept as it is: the caller must not write into it again. */
  append(chunk: BodyPiece): void {
    if (!this.#whole) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#giveUpOverLimit();
  }

  /** Something of it is here. */
  get holds(): boolean {
    return this.#chunks.length > 0;
  }

  /** No attempt is under way, and one will be: whatever comes meanwhile, it needs all of it. */
  pin(): void {
    this.#pinned = true;
  }

  /** Bytes have begun to leave: what does not fit from now on cannot be sent again; nothing can where it is not `repeatable`. */
  unpin(repeatable: boolean): void {
    this.#pinned = false;
    if (repeatable) this.#giveUpOverLimit();
    else this.#giveUp();
  }

  #giveUpOverLimit(): void {
    if (!this.#pinned && this.#bytes > this.#limit) this.#giveUp();
  }

  #giveUp(): void {
    this.#whole = false;
    this.#chunks = [];
  }
}
