import { ConnectionError, ErrorCode } from './codes.ts';
import { keepCopy } from './keep-copy.ts';

/** The block of a head that comes in several frames (RFC 9113 §4.3), of which no other frame may come in between. */
export class HeaderBlock {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Whose head it is; 0: none is under way. */
  stream = 0;
  /** The head ends its side of the stream. */
  ends = false;

  /** `maxBytes`: more than any head that is taken has. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  begin(stream: number, ends: boolean, bytes: Buffer, from: number, to: number): void {
    this.stream = stream;
    this.ends = ends;
    this.add(bytes, from, to);
  }

  /** Throws ConnectionError where it has become too large: it could not be decoded, and all later heads rest on it. */
  add(bytes: Buffer, from: number, to: number): void {
    this.#bytes += to - from;
    if (this.#bytes > this.#maxBytes) throw new ConnectionError(ErrorCode.EnhanceYourCalm, 'a head without end');
    keepCopy(this.#parts, bytes.subarray(from, to));
  }

  /** The whole block. */
  take(): Buffer {
    const whole = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    this.stream = 0;
    return whole;
  }
}
