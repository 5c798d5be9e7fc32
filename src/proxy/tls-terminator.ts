import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerTlsConfig } from '../model/config.ts';
import { logSecrets } from '../tls/secret-log.ts';
import { ServerCredentials } from '../tls/server-credentials.ts';
import type { ProxyContext, Route } from './context.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import { carry, reset } from './reset.ts';

export interface TlsTerminatorOptions {
  readonly context: ProxyContext;
  readonly metrics: ListenerMetrics;
  readonly route: Route;
  /** See ServerCredentialsOptions. */
  readonly applicationProtocols: readonly string[];
}

/** Makes clear connections of a listener's encrypted ones. */
export class TlsTerminator {
  readonly #options: TlsTerminatorOptions;
  readonly #credentials: ServerCredentials;
  /** Those under way, by the client's address and port: all that a connection that has become secure shares with what it came from. */
  readonly #handshakes = new Map<string, Handshake>();

  constructor(options: TlsTerminatorOptions) {
    const { context, route, applicationProtocols } = options;
    this.#options = options;
    this.#credentials = new ServerCredentials({
      applicationProtocols,
      onSecure: (socket) => this.#secured(socket),
      ...logSecrets(context.logger, { listener: route.listener.name }),
    });
  }

  /** It has a certificate to show, so handshakes can be made. */
  get ready(): boolean {
    return this.#credentials.engine !== null;
  }

  get problems(): readonly string[] {
    return this.#credentials.problems.map((problem) => `port ${this.#options.route.listener.name}: ${problem}`);
  }

  /** See ServerCredentials. */
  get shown(): ServerCredentials['shown'] {
    return this.#credentials.shown;
  }

  configure(config: ListenerTlsConfig): void {
    this.#credentials.configure(config, this.#options.context.time.now());
  }

  /** Looks for files that have changed. */
  look(): void {
    this.#credentials.look(this.#options.context.time.now());
  }

  /** Begins a client's handshake. `secured` is called when it is done, and never after the connection has gone. */
  begin(tcp: Socket, secured: (socket: TLSSocket) => void): ListenerConnection {
    const key = peerOf(tcp);
    const handshake = new Handshake(tcp, this.#options, secured, () => this.#handshakes.delete(key));
    const { engine } = this.#credentials;
    if (engine === null) {
      handshake.close();
    } else {
      this.#handshakes.set(key, handshake);
      // A client that ends its half before it is secure has nothing more to say; afterwards it may wait for an answer.
      tcp.allowHalfOpen = false;
      engine.emit('connection', tcp);
    }
    return handshake;
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#handshakes.get(peerOf(socket));
    if (handshake) handshake.done(socket);
    else socket.destroy(); // it has gone meanwhile, and its address with it
  }
}

/** A client's connection before it is secure. */
class Handshake implements ListenerConnection {
  readonly idle = false;
  readonly #tcp: Socket;
  readonly #options: TlsTerminatorOptions;
  readonly #secured: (socket: TLSSocket) => void;
  readonly #onOver: () => void;
  readonly #begunAt: number;
  #over = false;

  constructor(tcp: Socket, options: TlsTerminatorOptions, secured: (socket: TLSSocket) => void, onOver: () => void) {
    this.#tcp = tcp;
    this.#options = options;
    this.#secured = secured;
    this.#onOver = onOver;
    this.#begunAt = options.context.time.now();
    tcp.on('error', () => {});
    tcp.on('close', () => this.#failed());
  }

  tickClient(now: number): void {
    if (now - this.#begunAt >= this.#options.route.limits.headerTimeoutMs) this.#tcp.destroy();
  }

  closeIfIdle(): void {}

  close(): void {
    reset(this.#tcp);
  }

  done(socket: TLSSocket): void {
    this.#over = true;
    this.#onOver();
    carry(socket, this.#tcp);
    // Once it is secure, Node tells of what is no TLS and leaves the connection open.
    socket.on('error', () => socket.destroy());
    socket.allowHalfOpen = true;
    this.#secured(socket);
  }

  #failed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOver();
    this.#options.metrics.failure('HandshakeFailed');
  }
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
