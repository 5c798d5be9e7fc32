import type { TLSSocket } from 'node:tls';
import { AcceptedReads } from './accepted-reads.ts';

/** The properties of a socket in which Node keeps what its option `onread` says. */
interface Place {
  readonly buffer: symbol;
  readonly next: symbol;
  readonly callback: symbol;
}

/** A socket, as Node sees it. */
interface Internals {
  readonly _handle?: { useUserBuffer?: (buffer: Uint8Array) => unknown } | null;
  [place: symbol]: unknown;
}

/**
 * What is read of a client that speaks TLS. A TLSSocket has `onread` only if it makes its connection itself; for one that was accepted
 * we put it where that option would have put it. Unlike a clear socket, one that is paused goes on until all that has been received
 * is decrypted: that waits in the stream, and comes from there, in order and before the end.
 */
export class SecureReads extends AcceptedReads {
  /** A read takes one record, and more may have come. */
  override readonly takesAll = false;
  readonly #socket: TLSSocket;
  readonly #place: Place;
  #placed = false;

  private constructor(socket: TLSSocket, place: Place) {
    super();
    this.#socket = socket;
    this.#place = place;
  }

  /** Null: this Node has no such place. Until `passTo`, `socket` is an ordinary stream. */
  static of(socket: TLSSocket): SecureReads | null {
    place ??= placeIn(socket);
    const internals = socket as unknown as Internals;
    return place && place.callback in internals && internals._handle?.useUserBuffer ? new SecureReads(socket, place) : null;
  }

  override passTo(taker: (chunk: Buffer) => void): void {
    super.passTo(taker);
    if (this.#placed) return;
    this.#placed = true;
    const socket = this.#socket as unknown as Internals;
    const buffer = this.buffer();
    socket[this.#place.buffer] = buffer;
    socket[this.#place.next] = this.buffer;
    socket[this.#place.callback] = this.callback;
    socket._handle?.useUserBuffer?.(buffer);
    this.#socket.on('data', (chunk: Buffer) => this.window.beside(() => this.handOn(chunk)));
  }

  protected override received(chunk: Buffer): boolean {
    const socket = this.#socket;
    if (socket.readableLength === 0 && !socket.isPaused()) return super.received(chunk);
    return socket.push(Buffer.from(chunk));
  }
}

/** The same for all sockets. */
let place: Place | null = null;

function placeIn(socket: TLSSocket): Place | null {
  const named = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]));
  const [buffer, next, callback] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map((name) => named.get(name));
  return buffer && next && callback ? { buffer, next, callback } : null;
}
