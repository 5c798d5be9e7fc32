import type { Socket } from 'node:net';
import { CLOSING_ERROR, errorText } from '../http1/response-text.ts';
import type { ListenerConfig } from '../model/config.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { readProxyHeader } from '../preamble/proxy-header.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import { ClientPath } from './client-path.ts';
import type { ProxyContext, Route } from './context.ts';
import { Greeting } from './greeting.ts';
import { OVERLOAD_FIELDS } from './limits.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { PortSockets } from './port-sockets.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import { RequestDeadlines } from './request-deadlines.ts';
import { RequestLine } from './request-line.ts';
import { type Place, Roster } from './roster.ts';
import { SecureReads } from './secure-reads.ts';
import { TlsTerminator } from './tls-terminator.ts';

const TICK_MS = 500;
/** What single requests wait for is looked at more often. */
const REQUESTS_TICK_MS = 20;
/** Between requests, a connection that is not used for this long while we go down is closed. */
const DRAIN_IDLE_MS = 1_000;

/** Another connection is on the same socket from now on. */
export type Follow = (connection: ListenerConnection) => void;

/** One port that clients connect to. What its protocol is, `accept` knows. */
export abstract class Listener {
  readonly context: ProxyContext;
  readonly route: Route;
  readonly metrics: ListenerMetrics;
  readonly line: RequestLine;
  readonly deadlines = new RequestDeadlines();
  readonly #sockets: PortSockets;
  readonly #connections = new Roster<ListenerConnection>();
  readonly #tls: TlsTerminator | null;
  readonly #stopTicking: readonly (() => void)[];
  #draining = false;
  #closed = false;

  /** `applicationProtocols`: what a client may agree on by ALPN, where it speaks TLS. */
  constructor(context: ProxyContext, route: Route, applicationProtocols: readonly string[] = []) {
    const { name, tls } = route.listener;
    this.context = context;
    this.route = route;
    this.metrics = context.metrics.listener(name);
    // Of TLS, one may wait for the servers of another host than the next one does.
    this.line = new RequestLine(this.metrics, route.listener.protocol !== 'TLS');
    this.#tls = tls && new TlsTerminator({ context, route, metrics: this.metrics, applicationProtocols });
    this.#sockets = new PortSockets({
      onConnection: (socket, reads) => this.#accepted(socket, reads),
      onError: (error) => context.logger.error('listener failed', { listener: route.listener.name, error }),
      direct: () => this.readsDirectly && !route.listener.proxyProtocol,
    });
    this.#stopTicking = [
      context.sweep.every(TICK_MS, (now) => this.#tick(now)),
      context.sweep.every(REQUESTS_TICK_MS, (now) => this.#tickRequests(now)),
    ];
  }

  /**
   * `socket` is the clear side of the connection: a TLSSocket where the listener speaks TLS. `reads`: where its bytes come, if not from itself.
   * `follow`, later on: for what the connection turns out to be.
   */
  protected abstract accept(socket: Socket, path: ClientPath, reads: AcceptedReads | null, follow: Follow): ListenerConnection;

  /** What clients send is read without a stream in between. */
  protected get readsDirectly(): boolean {
    return false;
  }

  /** Going down: connections end with what they are at. */
  get draining(): boolean {
    return this.#draining;
  }

  /** The port that it is bound to; 0 before it is. */
  get port(): number {
    return this.#sockets.port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** It has what it needs to serve a client that connects. */
  get ready(): boolean {
    return this.#tls?.ready ?? true;
  }

  /** What of its Secrets cannot be used, a sentence each. */
  get problems(): readonly string[] {
    return this.#tls?.problems ?? [];
  }

  /** The certificates that clients are shown, by Secret, with their end in epoch milliseconds. */
  get certificates(): TlsTerminator['shown'] {
    return this.#tls?.shown ?? [];
  }

  /** A change that needs no other port. */
  configure(config: ListenerConfig): void {
    this.route.listener = config;
    if (config.tls) this.#tls?.configure(config.tls);
  }

  /** Looks for Secrets that have changed. */
  lookAtSecrets(): void {
    this.#tls?.look();
  }

  /** Rejects with the system's error where the address cannot be listened on. `shared`: other workers listen there too. */
  listen(address: string, shared: boolean): Promise<void> {
    return this.#sockets.listen(address, this.route.listener.bindPort, shared);
  }

  /** From now on each connection ends with what it is at. New ones are still taken. */
  drain(): void {
    this.#draining = true;
  }

  /** Takes no more connections. */
  stopAccepting(): void {
    if (!this.#closed) this.#sockets.close();
    this.#closed = true;
  }

  /** Cuts what is left. */
  close(): void {
    this.stopAccepting();
    for (const stop of this.#stopTicking) stop();
    for (const connection of this.#connections.members()) connection.close();
  }

  #accepted(socket: Socket, reads: AcceptedReads | null): void {
    this.metrics.connectionsTotal.inc();
    if (this.#connections.size >= this.route.limits.connectionsPerPort) {
      this.metrics.failure('TooManyConnections');
      if (this.route.listener.protocol === 'HTTP') {
        this.metrics.response(503);
        socket.write(errorText(503, 'too many connections', { ...CLOSING_ERROR, extraFields: OVERLOAD_FIELDS }), 'latin1');
      }
      socket.on('error', () => {});
      socket.destroySoon();
      return;
    }
    const follow: Follow = (connection) => {
      place.member = connection;
    };
    const place: Place<ListenerConnection> = this.#connections.add(this.#begin(socket, reads, follow));
    this.metrics.connections++;
    socket.on('close', () => {
      this.#connections.delete(place);
      this.metrics.connections--;
    });
  }

  /** The PROXY header, if one is wanted; then TLS, if that is spoken; then what the port is for. */
  #begin(socket: Socket, reads: AcceptedReads | null, follow: Follow): ListenerConnection {
    if (!this.route.listener.proxyProtocol) return this.#greeted(socket, new ClientPath(socket, null), reads, follow);
    const { context, route, metrics } = this;
    const greeted = (told: ProxiedPath | null) => {
      follow(this.#greeted(socket, new ClientPath(socket, told), null, follow));
      // A TCP connection reads when it has a server, and TLS by itself.
      if (this.route.listener.protocol === 'HTTP') socket.resume();
    };
    return new Greeting<ProxiedPath | null>(socket, { context, route, metrics, read: proxiedPath, greeted });
  }

  #greeted(socket: Socket, path: ClientPath, reads: AcceptedReads | null, follow: Follow): ListenerConnection {
    if (this.#tls === null) return this.accept(socket, path, reads, follow);
    return this.#tls.begin(socket, (secure) => follow(this.accept(secure, path, SecureReads.of(secure), follow)));
  }

  #tick(now: number): void {
    for (const connection of this.#connections.members()) {
      connection.tickClient(now);
      if (this.#draining && this.#closed) connection.closeIfIdle(now, DRAIN_IDLE_MS);
    }
  }

  #tickRequests(now: number): void {
    const { limits } = this.route;
    if (this.line.length > 0) this.line.tick(now, limits.pendingTimeoutMs);
    if (this.deadlines.size > 0) this.deadlines.tick(now, limits.requestTimeoutMs);
    if (this.line.length > 0 || this.deadlines.size > 0) this.context.sweep.wake();
  }
}

function proxiedPath(bytes: Buffer): { readonly value: ProxiedPath | null; readonly size: number } | null {
  const header = readProxyHeader(bytes);
  return header && { value: header.path, size: header.size };
}
