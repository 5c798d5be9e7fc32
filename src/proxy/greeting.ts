import type { Socket } from 'node:net';
import { PreambleError } from '../preamble/preamble-error.ts';
import type { ProxyContext, Route } from './context.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { ListenerMetrics, RequestFailure } from './proxy-metrics.ts';
import { reset } from './reset.ts';

export interface GreetingOptions<T> {
  readonly context: ProxyContext;
  readonly route: Route;
  readonly metrics: ListenerMetrics;
  /** What a connection begins with, and how many bytes of it are for nobody else; null: there is more to come. Throws PreambleError. */
  readonly read: (bytes: Buffer) => { readonly value: T; readonly size: number } | null;
  /** It was read: the connection is as if it, where it is for nobody else, had not been, paused, with the rest to be read. */
  readonly greeted: (value: T) => void;
}

/** A client's connection before its first bytes have said where it comes from, or where it is to go. */
export class Greeting<T> implements ListenerConnection {
  readonly idle = false;
  readonly #socket: Socket;
  readonly #options: GreetingOptions<T>;
  readonly #begunAt: number;
  readonly #read = (chunk: Buffer): void => this.#received(chunk);
  readonly #gone = (): void => this.#refuse('Refused');
  #bytes: Buffer = Buffer.alloc(0);
  #over = false;

  constructor(socket: Socket, options: GreetingOptions<T>) {
    this.#socket = socket;
    this.#options = options;
    this.#begunAt = options.context.time.now();
    socket.on('error', () => {});
    socket.on('data', this.#read);
    socket.on('end', this.#gone);
    socket.on('close', this.#gone);
    // One that came behind another greeting stands still.
    socket.resume();
  }

  tickClient(now: number): void {
    if (now - this.#begunAt >= this.#options.route.limits.headerTimeoutMs) this.#refuse('HeadTimeout');
  }

  closeIfIdle(): void {}

  close(): void {
    this.#refuse('GoingDown');
  }

  #received(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      const read = this.#options.read(this.#bytes);
      if (read) this.#done(read.value, this.#bytes.subarray(read.size));
    } catch (error) {
      if (!(error instanceof PreambleError)) throw error;
      this.#options.context.logger.debug('connection refused', { error: error.message });
      this.#refuse('Refused');
    }
  }

  #done(value: T, rest: Buffer): void {
    this.#end();
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#options.greeted(value);
  }

  #refuse(reason: RequestFailure): void {
    if (this.#over) return;
    this.#end();
    this.#options.metrics.failure(reason);
    reset(this.#socket);
  }

  #end(): void {
    this.#over = true;
    this.#socket.off('data', this.#read).off('end', this.#gone).off('close', this.#gone);
  }
}
