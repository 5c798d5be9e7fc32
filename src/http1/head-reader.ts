import { parseRequestHead } from './request-head.ts';
import { parseResponseHead } from './response-head.ts';
import type { HeadLimits, RequestHead, ResponseHead } from './types.ts';

const CR = 0x0d;
const LF = 0x0a;
const FIRST_HOLD_BYTES = 1_024;

/**
 * Turns a stream of chunks into message heads. A head that lies whole in one chunk is read from it in place; otherwise its bytes
 * are copied together (so the caller may reuse a chunk as soon as `feed` returns), never more than `headerBytes`.
 *
 * The bytes held are parsed again only when a line end could have made the head whole or wrong, or when they have doubled, so that
 * a head that drips in byte by byte costs time in proportion to its length.
 */
abstract class HeadReader<H extends { readonly size: number }> {
  #limits: HeadLimits;
  #capacity: number;
  #held: Buffer | null = null;
  #length = 0;
  #parsedAt = 0;
  #lastLineEnd = -1;
  #end = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#capacity = capacityOf(limits);
  }

  get limits(): HeadLimits {
    return this.#limits;
  }

  /** For the heads from here on: not to be changed while one is pending. */
  set limits(limits: HeadLimits) {
    this.#limits = limits;
    this.#capacity = capacityOf(limits);
  }

  protected abstract parse(buffer: Buffer, start: number, end: number): H | null;

  /**
   * Takes `chunk` from `offset`. The head once it is whole, after which the reader is ready for the next one; null: all of the chunk
   * was taken and more is needed. Throws ProtocolError, after which the reader is of no more use.
   */
  feed(chunk: Buffer, offset = 0): H | null {
    this.#end = chunk.length;
    if (offset >= chunk.length) return null;
    if (this.#length === 0) {
      const head = this.parse(chunk, offset, chunk.length);
      if (head !== null) this.#end = offset + head.size;
      else {
        this.#hold(chunk, offset);
        this.#parsedAt = this.#length;
      }
      return head;
    }
    const before = this.#length;
    const held = this.#hold(chunk, offset);
    if (!this.#worthParsing(held, before)) return null;
    const head = this.parse(held, 0, this.#length);
    this.#parsedAt = this.#length;
    if (head === null) return null;
    this.#end = offset + head.size - before;
    this.#release();
    return head;
  }

  /** Where, in the chunk last fed, the first byte lies that does not belong to the head. */
  get end(): number {
    return this.#end;
  }

  /** A head has begun and is not whole yet (an empty line in front of one is not a beginning). */
  get pending(): boolean {
    return this.#length > 2 || (this.#length > 0 && this.#held?.[0] !== CR);
  }

  #hold(chunk: Buffer, offset: number): Buffer {
    const length = Math.min(this.#length + chunk.length - offset, this.#capacity);
    let held = this.#held;
    if (held === null || held.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#capacity, Math.max(FIRST_HOLD_BYTES, length * 2)));
      if (held !== null) held.copy(grown, 0, 0, this.#length);
      this.#held = held = grown;
    }
    chunk.copy(held, this.#length, offset, offset + length - this.#length);
    if (this.#length === 0) this.#lastLineEnd = held.lastIndexOf(LF, length - 1);
    this.#length = length;
    return held;
  }

  #worthParsing(held: Buffer, from: number): boolean {
    let worth = this.#length >= this.#capacity || this.#length >= this.#parsedAt * 2;
    for (let i = from; i < this.#length; i++) {
      if (held[i] !== LF) continue;
      if (i === this.#lastLineEnd + 2 || held[i - 1] !== CR) worth = true;
      this.#lastLineEnd = i;
    }
    return worth;
  }

  #release(): void {
    this.#held = null;
    this.#length = 0;
    this.#parsedAt = 0;
    this.#lastLineEnd = -1;
  }
}

/** Reads a client's request heads, one after the other; tolerates one empty line in front of each (RFC 9112 §2.2). */
export class RequestHeadReader extends HeadReader<RequestHead> {
  protected override parse(buffer: Buffer, start: number, end: number): RequestHead | null {
    return parseRequestHead(buffer, start, end, this.limits);
  }
}

/** Reads an upstream's response heads, interim ones included. */
export class ResponseHeadReader extends HeadReader<ResponseHead> {
  #requestMethod = 'GET';

  /** The method of the request that the coming heads answer: it decides whether they have bodies. */
  expect(requestMethod: string): void {
    this.#requestMethod = requestMethod;
  }

  protected override parse(buffer: Buffer, start: number, end: number): ResponseHead | null {
    return parseResponseHead(buffer, start, end, this.limits, this.#requestMethod);
  }
}

/** One byte over the limit is what tells a head that fits exactly from one that does not. */
function capacityOf({ headerBytes }: HeadLimits): number {
  return headerBytes + 1;
}
