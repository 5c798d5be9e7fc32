import { COLON, CR, FIELD_VALUE, HTAB, LF, refusal, SP, TOKEN } from './bytes.ts';
import type { ProtocolError, Side } from './types.ts';

/** RFC 9112 §7.1: at most 15 digits, 60 bits; what it may be besides is bounded by Number.MAX_SAFE_INTEGER. */
const SIZE_DIGITS = 15;
/** Of all chunks of a body together; they carry nothing that anybody uses, and are dropped [CVE-2024-22019]. */
const EXTENSION_BYTES = 16_384;
const TRAILER_BYTES = 16_384;
const SEMICOLON = 0x3b;

/** What the next byte belongs to. Each state accepts few bytes, so that nothing is left for two readers to disagree on. */
const State = {
  SizeStart: 0,
  Size: 1,
  /** White space between the size and the semicolon of an extension. */
  SizeBlank: 2,
  Extension: 3,
  SizeLf: 4,
  Data: 5,
  DataCr: 6,
  DataLf: 7,
  TrailerStart: 8,
  TrailerName: 9,
  TrailerValue: 10,
  TrailerLf: 11,
  EndLf: 12,
  Done: 13,
} as const;

/**
 * The chunked transfer coding (RFC 9112 §7.1), strictly: sizes are plain hexadecimal digits, every line ends in CRLF, chunk extensions
 * and trailers are checked and bounded; they are never merged into a head (RFC 9110 §6.5.1): those of responses are kept apart, for clients whose
 * protocol has a place for them, those of requests are dropped.
 */
export class ChunkedDecoder {
  readonly #side: Side;
  #state: number = State.SizeStart;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailers = '';

  constructor(side: Side) {
    this.#side = side;
  }

  reset(): void {
    this.#state = State.SizeStart;
    this.#size = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.#trailers = '';
  }

  /** The trailer lines of a response, each ending in CRLF; those of requests are dropped. */
  get trailers(): string {
    return this.#trailers;
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /** As BodyReader.feed. */
  feed(chunk: Buffer, offset: number, payload: Buffer[]): number {
    let at = offset;
    while (at < chunk.length && this.#state !== State.Done) {
      if (this.#state === State.Data) {
        const end = Math.min(chunk.length, at + this.#size);
        payload.push(chunk.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#state = State.DataCr;
      } else {
        this.#state = this.#next(chunk[at++] as number);
      }
    }
    return at;
  }

  #next(byte: number): number {
    switch (this.#state) {
      case State.SizeStart:
      case State.Size:
        return this.#inSize(byte);
      case State.SizeBlank:
      case State.Extension:
        return this.#inExtension(byte);
      case State.SizeLf:
        this.#expect(byte, LF);
        this.#digits = 0;
        return this.#size === 0 ? State.TrailerStart : State.Data;
      case State.DataCr:
        this.#expectDataEnd(byte, CR);
        return State.DataLf;
      case State.DataLf:
        this.#expectDataEnd(byte, LF);
        return State.SizeStart;
      default:
        return this.#inTrailer(byte);
    }
  }

  #inSize(byte: number): number {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > SIZE_DIGITS) throw this.#refuse('BadChunkSize', `a chunk size has more than ${SIZE_DIGITS} digits`);
      this.#size = this.#size * 16 + digit;
      if (this.#size > Number.MAX_SAFE_INTEGER) throw this.#refuse('BadChunkSize', 'a chunk size is too large');
      return State.Size;
    }
    if (this.#digits > 0) {
      if (byte === CR) return State.SizeLf;
      if (byte === SEMICOLON || byte === SP || byte === HTAB) return this.#inExtension(byte);
    }
    throw this.#refuse('BadChunkSize', `byte 0x${byte.toString(16)} in a chunk size`);
  }

  #inExtension(byte: number): number {
    if (++this.#extensionBytes > EXTENSION_BYTES) {
      throw this.#refuse('ChunkExtensionsTooLarge', `chunk extensions have more than ${EXTENSION_BYTES} bytes`);
    }
    if (this.#state !== State.Extension) {
      if (byte === SEMICOLON) return State.Extension;
      if (byte === SP || byte === HTAB) return State.SizeBlank;
      throw this.#refuse('BadChunkExtension', 'a chunk size is followed by something other than an extension');
    }
    if (byte === CR) return State.SizeLf;
    if (FIELD_VALUE[byte] !== 1) throw this.#refuse('BadChunkExtension', `byte 0x${byte.toString(16)} in a chunk extension`);
    return State.Extension;
  }

  #inTrailer(byte: number): number {
    if (++this.#trailerBytes > TRAILER_BYTES) throw this.#refuse('TrailersTooLarge', `trailers have more than ${TRAILER_BYTES} bytes`, 431);
    if (this.#side === 'response' && (this.#state !== State.TrailerStart || byte !== CR) && this.#state !== State.EndLf) {
      this.#trailers += String.fromCharCode(byte);
    }
    switch (this.#state) {
      case State.TrailerStart:
        if (byte === CR) return State.EndLf;
        if (TOKEN[byte] === 1) return State.TrailerName;
        break;
      case State.TrailerName:
        if (TOKEN[byte] === 1) return State.TrailerName;
        if (byte === COLON) return State.TrailerValue;
        break;
      case State.TrailerValue:
        if (FIELD_VALUE[byte] === 1) return State.TrailerValue;
        if (byte === CR) return State.TrailerLf;
        break;
      case State.TrailerLf:
        if (byte === LF) return State.TrailerStart;
        break;
      case State.EndLf:
        if (byte === LF) return State.Done;
        break;
    }
    throw this.#refuse('BadTrailer', `byte 0x${byte.toString(16)} in the trailers`);
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw this.#refuse('BadChunkSize', 'a chunk size line does not end in CRLF');
  }

  #expectDataEnd(byte: number, wanted: number): void {
    if (byte !== wanted) throw this.#refuse('BadChunkEnd', 'the data of a chunk do not end in CRLF');
  }

  #refuse(code: string, message: string, status = 400): ProtocolError {
    return refusal(this.#side, status, code, message);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
