import type { OnReadOpts } from 'node:net';
import { ReadWindow } from './read-buffers.ts';

/** What is read of a client, handed on in the call that reads it, without a stream in between. */
export class AcceptedReads implements OnReadOpts {
  /** A read that does not fill its buffer took all that the client had sent. */
  readonly takesAll: boolean = true;
  readonly window = new ReadWindow();
  readonly buffer = this.window.next;
  #taker: ((chunk: Buffer) => void) | null = null;

  /** `taker` gets what is read from now on. A chunk is valid during the call only, unless its buffer is lent or left to somebody. */
  passTo(taker: (chunk: Buffer) => void): void {
    this.#taker = taker;
  }

  readonly callback = (bytes: number, buffer: Uint8Array): boolean =>
    this.received((bytes === buffer.length ? buffer : buffer.subarray(0, bytes)) as Buffer);

  /** False: no more for now. */
  protected received(chunk: Buffer): boolean {
    this.handOn(chunk);
    return true;
  }

  protected handOn(chunk: Buffer): void {
    this.#taker?.(chunk);
  }
}
