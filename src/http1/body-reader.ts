import { refusal } from './bytes.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import type { Framing, Side } from './types.ts';

/**
 * Cuts the payload of one message after the other out of a stream of chunks, without copying: payload comes as views of the chunks
 * that were fed, so whoever reuses a chunk must be done with them first.
 */
export class BodyReader {
  readonly #side: Side;
  #framing: Framing = { type: 'none' };
  #left = 0;
  #done = true;
  #chunked: ChunkedDecoder | null = null;

  constructor(side: Side) {
    this.#side = side;
  }

  /** Begins the body of the next message. */
  start(framing: Framing): void {
    this.#framing = framing;
    this.#done = framing.type === 'none' || (framing.type === 'length' && framing.length === 0);
    this.#left = framing.type === 'length' ? framing.length : 0;
    if (framing.type !== 'chunked') return;
    if (this.#chunked === null) this.#chunked = new ChunkedDecoder(this.#side);
    else this.#chunked.reset();
  }

  /** The body is whole. */
  get done(): boolean {
    return this.#done;
  }

  /** Of a response in chunks that is whole: its trailer lines, each ending in CRLF; empty: none. */
  get trailers(): string {
    return this.#framing.type === 'chunked' && this.#chunked !== null ? this.#chunked.trailers : '';
  }

  /**
   * Takes `chunk` from `offset` and appends its payload to `payload`. Where the first byte lies that does not belong to this body
   * (`chunk.length`, unless the body is done). Throws ProtocolError.
   */
  feed(chunk: Buffer, offset: number, payload: Buffer[]): number {
    if (this.#done || offset >= chunk.length) return offset;
    if (this.#framing.type === 'chunked') {
      const decoder = this.#chunked as ChunkedDecoder;
      const end = decoder.feed(chunk, offset, payload);
      this.#done = decoder.done;
      return end;
    }
    const end = this.#framing.type === 'close' ? chunk.length : Math.min(chunk.length, offset + this.#left);
    this.#left -= end - offset;
    this.#done = this.#framing.type === 'length' && this.#left === 0;
    payload.push(offset === 0 && end === chunk.length ? chunk : chunk.subarray(offset, end));
    return end;
  }

  /** The connection has ended. Throws ProtocolError (`BodyCut`) unless that is how this body ends, or it was whole. */
  finish(): void {
    if (this.#done) return;
    if (this.#framing.type !== 'close') throw refusal(this.#side, 400, 'BodyCut', 'the connection ended before the body did');
    this.#done = true;
  }
}
