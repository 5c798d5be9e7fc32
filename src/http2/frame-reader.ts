import { ConnectionError, ErrorCode, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './codes.ts';

/** Takes a whole frame: its payload is `bytes` from `start` to `end`, a view that is valid during the call. */
export type FrameTaker = (type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number) => void;

/** Cuts what comes into frames (RFC 9113 §4.1). What they mean, it does not know; one that is too large it refuses as soon as its header is there. */
export class FrameReader {
  readonly #take: FrameTaker;
  /** The beginning of a frame that is not whole yet. */
  #begun: Buffer | null = null;
  #begunBytes = 0;

  constructor(take: FrameTaker) {
    this.#take = take;
  }

  /** A frame has begun that is not whole, and is no DATA so far as is known. */
  get controlBegun(): boolean {
    const begun = this.#begun;
    return begun !== null && (begun.length === FRAME_HEADER_BYTES || begun[3] !== FrameType.Data);
  }

  /** Reads `bytes` from `at` on, to their end. Throws ConnectionError, as `take` may. */
  feed(bytes: Buffer, at: number): void {
    let from = this.#begun === null ? at : this.#complete(this.#begun, bytes, at);
    while (bytes.length - from >= FRAME_HEADER_BYTES) {
      const end = from + FRAME_HEADER_BYTES + lengthOf(bytes, from);
      if (end > bytes.length) break;
      this.#give(bytes, from, end);
      from = end;
    }
    if (from < bytes.length) this.#begin(bytes, from);
  }

  /** Keeps what is there of a frame: where its length is known, in a buffer that will take all of it. */
  #begin(bytes: Buffer, from: number): void {
    const known = bytes.length - from >= FRAME_HEADER_BYTES;
    this.#begun = Buffer.allocUnsafeSlow(known ? FRAME_HEADER_BYTES + lengthOf(bytes, from) : FRAME_HEADER_BYTES);
    this.#begunBytes = bytes.copy(this.#begun, 0, from);
  }

  /** Adds to the frame that has begun; where the rest of `bytes` begins. */
  #complete(begun: Buffer, bytes: Buffer, at: number): number {
    let from = at + this.#add(begun, bytes, at);
    if (this.#begunBytes < begun.length) return from;
    let whole = begun;
    if (begun.length === FRAME_HEADER_BYTES && lengthOf(begun, 0) > 0) {
      whole = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + lengthOf(begun, 0));
      begun.copy(whole);
      this.#begun = whole;
      from += this.#add(whole, bytes, from);
      if (this.#begunBytes < whole.length) return from;
    }
    this.#begun = null;
    this.#give(whole, 0, whole.length);
    return from;
  }

  #add(begun: Buffer, bytes: Buffer, at: number): number {
    const copied = bytes.copy(begun, this.#begunBytes, at);
    this.#begunBytes += copied;
    return copied;
  }

  #give(bytes: Buffer, from: number, end: number): void {
    const type = bytes[from + 3] as number;
    const flags = bytes[from + 4] as number;
    this.#take(type, flags, uint31(bytes, from + 5), bytes, from + FRAME_HEADER_BYTES, end);
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (length > MAX_FRAME_BYTES) throw new ConnectionError(ErrorCode.FrameSizeError, `a frame of ${length} bytes`);
  return length;
}

/** Of four bytes, all but the first bit, which is reserved and to be ignored. */
export function uint31(bytes: Buffer, at: number): number {
  return uint32(bytes, at) & 0x7fff_ffff;
}

export function uint32(bytes: Buffer, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return high * 0x1_0000 + low;
}
