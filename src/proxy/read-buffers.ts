import type { Writable } from 'node:stream';
import { ONE_STRING_BYTES } from './limits.ts';

/** Of what is read in one go while a body streams. */
const STREAM_READ_BYTES = 65_536;
/** So many are kept for the next stream; what is over it is left to the garbage collector. 8 MiB in all. */
const KEPT = 128;

const kept: Buffer[] = [];

/**
 * All connections read into this one, since a read is handed on in one synchronous call. A body that streams has buffers of its own, as
 * whoever takes it slowly makes its bytes outlive the call. Small enough for what it holds to be written on as one string (see body-text.ts).
 */
const SHARED = Buffer.allocUnsafeSlow(ONE_STRING_BYTES);

/** A buffer that nobody else reads into or holds views of. Back with `giveReadBuffer`, or never. */
function takeReadBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(STREAM_READ_BYTES);
}

function giveReadBuffer(buffer: Buffer): void {
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

/** One write that is put together of parts, as a copy that nobody waits for. Text is latin1. */
export class ComposedWrite {
  /** What fits into one. */
  static readonly maxBytes = STREAM_READ_BYTES;
  readonly buffer = takeReadBuffer();
  length = 0;

  add(part: Buffer | string): void {
    this.length += typeof part === 'string' ? this.buffer.write(part, this.length, 'latin1') : part.copy(this.buffer, this.length);
  }

  /** Once. `sent` is called when the system has all of it. */
  send(socket: Writable, sent?: () => void): void {
    const loan = new BufferLoan(this.buffer);
    socket.write(this.buffer.subarray(0, this.length), () => {
      loan.returned();
      sent?.();
    });
    if (socket.writableLength > 0) loan.keep();
    else giveReadBuffer(this.buffer);
  }
}

/** What one connection reads into: it goes over to another buffer between two reads only, as the system has been told of one beforehand. */
export class ReadWindow {
  #buffer: Buffer = SHARED;
  /** Views of it are in others' hands: nothing may be read into it again. */
  #left = false;
  #streams = false;
  #closed = false;

  /** The buffer for the next read; called once after each. */
  readonly next = (): Buffer => {
    const own = this.#streams && !this.#closed;
    if (own ? this.#buffer !== SHARED && !this.#left : this.#buffer === SHARED) return this.#buffer;
    this.#giveBack();
    this.#buffer = own ? takeReadBuffer() : SHARED;
    return this.#buffer;
  };

  /** From the next read on, bytes come in a buffer of this connection's own: they may be written on without a copy. */
  stream(): void {
    this.#streams = true;
  }

  /** From the next read on, they come in the one that all share. */
  share(): void {
    this.#streams = false;
  }

  /** For a write of views of what was just read; null: they lie in a buffer that will be read into again, and have to be copied. */
  lend(): BufferLoan | null {
    return this.#buffer === SHARED || this.#left ? null : new BufferLoan(this.#buffer);
  }

  /** After that write: where it is not done (`pending`), the buffer is left to it. */
  lent(loan: BufferLoan, pending: boolean): void {
    if (!pending) return;
    loan.keep();
    this.#left = true;
  }

  /** Leaves what was just read to whoever holds views of it, for good. */
  leave(): void {
    if (this.#buffer !== SHARED) this.#left = true;
  }

  /** What `take` gets was not read into this window: nothing of it is lent, or has to be left. */
  beside(take: () => void): void {
    const left = this.#left;
    this.#left = true;
    take();
    this.#left = left;
  }

  /** Nothing will be read any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveBack();
    this.#buffer = SHARED;
  }

  #giveBack(): void {
    if (this.#buffer !== SHARED && !this.#left) giveReadBuffer(this.#buffer);
    this.#left = false;
  }
}
