import type { Socket } from 'node:net';
import type { FailoverConfig } from '../model/config.ts';
import type { ExchangeSurroundings } from './exchange-client.ts';
import type { ReadWindow } from './read-buffers.ts';
import { reset } from './reset.ts';
import type { ConnectionUser, UpstreamConnection } from './upstream-connection.ts';

/**
 * Bytes both ways between a client and a server, until both have ended: an upgraded connection, or one of a TCP port. Each half ends on its own
 * (half-close), and a side that does not take its bytes stops the reading from the other.
 */
export class Tunnel implements ConnectionUser {
  readonly #client: Socket;
  readonly #connection: UpstreamConnection;
  readonly #in: ExchangeSurroundings;
  readonly #onOver: () => void;
  #lastByteAt: number;
  #clientEnded = false;
  #serverEnded = false;
  #over = false;

  /** Takes over `connection`, which is connected. The client's side is fed in by whoever listens to it. `onOver`: both sides are closed. */
  constructor(client: Socket, connection: UpstreamConnection, surroundings: ExchangeSurroundings, onOver: () => void) {
    this.#client = client;
    this.#connection = connection;
    this.#in = surroundings;
    this.#onOver = onOver;
    this.#lastByteAt = surroundings.context.time.now();
    connection.passTo(this);
  }

  // The client's side.

  /** `reads`: what the client is read into; null: `chunk` is nobody else's. */
  fromClient(chunk: Buffer, reads: ReadWindow | null): void {
    if (this.#over) return;
    this.#lastByteAt = this.#in.context.time.now();
    const { socket } = this.#connection;
    if (!(reads ? pass(chunk, reads, socket) : socket.write(chunk))) this.#client.pause();
  }

  clientEnded(): void {
    this.#clientEnded = true;
    this.#connection.socket.end();
    if (this.#serverEnded) this.#close();
  }

  clientDrained(): void {
    this.#connection.socket.resume();
  }

  clientGone(): void {
    this.close();
  }

  // The server's side.

  connected(): void {}

  received(chunk: Buffer): void {
    if (this.#over) return;
    this.#lastByteAt = this.#in.context.time.now();
    if (!pass(chunk, this.#connection.reads, this.#client)) this.#connection.socket.pause();
  }

  drained(): void {
    this.#client.resume();
  }

  ended(): void {
    this.#serverEnded = true;
    this.#client.end();
    if (this.#clientEnded) this.#close();
  }

  closed(error: Error | null): void {
    if (this.#over) return;
    if (error) this.close();
    else if (!this.#serverEnded) this.ended();
  }

  /** A slow tunnel is no sign: it is long-lived by nature. */
  suspected(): void {}

  condemned(): void {}

  expelled(): void {
    if (this.#over) this.#connection.destroy();
    else this.close();
  }

  tick(now: number, _limits: FailoverConfig): void {
    const { limits } = this.#in.route;
    if (this.#over) {
      // What is left for the server goes out first, but not for as long as it likes: a frozen one never takes it.
      if (now - this.#lastByteAt >= limits.tunnelHalfOpenTimeoutMs) this.#connection.destroy();
      return;
    }
    const halfOpen = this.#clientEnded || this.#serverEnded;
    if (now - this.#lastByteAt < (halfOpen ? limits.tunnelHalfOpenTimeoutMs : limits.tunnelIdleTimeoutMs)) return;
    this.#in.metrics.failure(halfOpen ? 'TunnelHalfOpenTimeout' : 'TunnelIdleTimeout');
    this.close();
  }

  /** Cuts both sides. */
  close(): void {
    if (this.#over) return;
    reset(this.#client);
    this.#close();
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#lastByteAt = this.#in.context.time.now();
    this.#connection.socket.destroySoon();
    this.#onOver();
  }
}

/** Writes what was just read into `reads`; false: `to` takes no more for now. */
function pass(chunk: Buffer, reads: ReadWindow, to: Socket): boolean {
  const loan = reads.lend();
  if (loan === null) {
    reads.stream();
    return to.write(Buffer.from(chunk));
  }
  const flows = to.write(chunk, loan.returned);
  reads.lent(loan, to.writableLength > 0);
  return flows;
}
