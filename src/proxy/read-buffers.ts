/** Of what is read from a server in one go while a body streams. */
export const STREAM_READ_BYTES = 65_536;
/** So many are kept for the next stream; what is over it is left to the garbage collector. 8 MiB in all. */
const KEPT = 128;

const kept: Buffer[] = [];

/** A buffer that nobody else reads into or holds views of. Back with `giveReadBuffer`, or never. */
export function takeReadBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(STREAM_READ_BYTES);
}

export function giveReadBuffer(buffer: Buffer): void {
  if (kept.length < KEPT) kept.push(buffer);
}

/**
 * One write of views of a read buffer. `returned` is the write's callback. Where the write cannot be done at once, `keep` has the buffer
 * belong to the write, and `returned` then gives it back.
 */
export class BufferLoan {
  readonly #buffer: Buffer;
  #kept = false;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  readonly returned = (): void => {
    if (!this.#kept) return;
    this.#kept = false;
    giveReadBuffer(this.#buffer);
  };

  keep(): void {
    this.#kept = true;
  }
}
