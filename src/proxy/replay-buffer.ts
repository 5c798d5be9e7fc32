import type { BodyPiece } from './body-text.ts';

/**
 * The payload of a request, kept so that it can be sent again. While it is `pinned` (no byte of the request has left)
 * everything is kept, and the exchange stops reading from the client instead; after that it is given up once it is over its limit.
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

  /** Bytes have begun to leave: what does not fit from now on cannot be sent again. */
  unpin(): void {
    this.#pinned = false;
    this.#giveUpOverLimit();
  }

  #giveUpOverLimit(): void {
    if (this.#pinned || this.#bytes <= this.#limit) return;
    this.#whole = false;
    this.#chunks = [];
  }
}
