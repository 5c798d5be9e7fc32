import type { Socket } from 'node:net';
import type { ClientFlow } from './client-flow.ts';
import { LINGER_BYTES, LINGER_MS } from './limits.ts';
import { sendNow } from './turn-writes.ts';

/** The end of a client's connection, after its last answer: what still comes is thrown away. */
export class Ending {
  readonly #socket: Socket;
  readonly #flow: ClientFlow;
  /** LoopTime; 0: it has not begun. */
  #since = 0;
  #bytes = 0;

  constructor(socket: Socket, flow: ClientFlow) {
    this.#socket = socket;
    this.#flow = flow;
  }

  get begun(): boolean {
    return this.#since > 0;
  }

  /** Both halves end as soon as the answer has left: waiting for the client's end would make up a quarter of what a connection costs. */
  endBoth(now: number): void {
    this.#since = Math.max(now, 1);
    sendNow(this.#socket);
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** Our half ends; for a moment what comes is read on, since a reset for unread bytes could destroy the answer. */
  endOutput(now: number): void {
    if (this.begun) return;
    this.#flow.unstash();
    this.#socket.end();
    if (this.#flow.ended) return;
    this.#since = Math.max(now, 1);
    this.#flow.update();
  }

  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > LINGER_BYTES) this.#socket.destroy();
  }

  tick(now: number): void {
    if (this.#socket.writableLength === 0 && now - this.#since >= LINGER_MS) this.#socket.destroy();
  }
}
