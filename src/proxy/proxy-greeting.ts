import type { Socket } from 'node:net';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { ProxyHeaderError, readProxyHeader } from '../preamble/proxy-header.ts';
import type { ProxyContext, Route } from './context.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import { reset } from './reset.ts';

export interface ProxyGreetingOptions {
  readonly context: ProxyContext;
  readonly route: Route;
  readonly metrics: ListenerMetrics;
}

/** A connection from a proxy in front, before that has said whose it is. */
export class ProxyGreeting implements ListenerConnection {
  readonly idle = false;
  readonly #socket: Socket;
  readonly #options: ProxyGreetingOptions;
  readonly #begunAt: number;
  readonly #read = (chunk: Buffer): void => this.#received(chunk);
  readonly #gone = (): void => this.#refuse();
  readonly #greeted: (path: ProxiedPath | null) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #over = false;

  /** `greeted` gets what the header tells, and the connection as if the header had not been: paused, with what came behind it to be read. */
  constructor(socket: Socket, options: ProxyGreetingOptions, greeted: (path: ProxiedPath | null) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#greeted = greeted;
    this.#begunAt = options.context.time.now();
    socket.on('error', () => {});
    socket.on('data', this.#read);
    socket.on('end', this.#gone);
    socket.on('close', this.#gone);
  }

  tickClient(now: number): void {
    if (now - this.#begunAt >= this.#options.route.limits.headerTimeoutMs) this.#refuse();
  }

  closeIfIdle(): void {}

  close(): void {
    this.#refuse();
  }

  #received(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    try {
      const header = readProxyHeader(this.#bytes);
      if (header) this.#done(header.path, this.#bytes.subarray(header.size));
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.#options.context.logger.debug('connection refused', { error: error.message });
      this.#refuse();
    }
  }

  #done(path: ProxiedPath | null, rest: Buffer): void {
    this.#end();
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#greeted(path);
  }

  #refuse(): void {
    if (this.#over) return;
    this.#end();
    this.#options.metrics.failure('Refused');
    reset(this.#socket);
  }

  #end(): void {
    this.#over = true;
    this.#socket.off('data', this.#read).off('end', this.#gone).off('close', this.#gone);
  }
}
