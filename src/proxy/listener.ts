import type { Socket } from 'node:net';
import { CLOSING_ERROR, errorText } from '../http1/response-text.ts';
import type { ListenerConfig } from '../model/config.ts';
import type { ProxyContext, Route } from './context.ts';
import { OVERLOAD_FIELDS } from './limits.ts';
import { PortSockets } from './port-sockets.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import { RequestDeadlines } from './request-deadlines.ts';
import { RequestLine } from './request-line.ts';

const TICK_MS = 500;
/** What single requests wait for is looked at more often. */
const REQUESTS_TICK_MS = 20;
/** Between requests, a connection that is not used for this long while we go down is closed. */
const DRAIN_IDLE_MS = 1_000;

/** A client's connection, of whatever protocol. */
export interface ListenerConnection {
  /** Nothing is under way on it. */
  readonly idle: boolean;
  tickClient(now: number): void;
  closeIfIdle(now: number, idleMs: number): void;
  close(): void;
}

/** One port that clients connect to. What its protocol is, `accept` knows. */
export abstract class Listener {
  readonly context: ProxyContext;
  readonly route: Route;
  readonly metrics: ListenerMetrics;
  readonly line: RequestLine;
  readonly deadlines = new RequestDeadlines();
  readonly #sockets: PortSockets;
  readonly #connections = new Map<Socket, ListenerConnection>();
  readonly #stopTicking: readonly (() => void)[];
  #draining = false;
  #closed = false;

  constructor(context: ProxyContext, route: Route) {
    this.context = context;
    this.route = route;
    this.metrics = context.metrics.listener(route.listener.name);
    this.line = new RequestLine(this.metrics);
    this.#sockets = new PortSockets(
      (socket) => this.#accepted(socket),
      (error) => context.logger.error('listener failed', { listener: route.listener.name, error }),
    );
    this.#stopTicking = [
      context.sweep.every(TICK_MS, (now) => this.#tick(now)),
      context.sweep.every(REQUESTS_TICK_MS, (now) => this.#tickRequests(now)),
    ];
  }

  protected abstract accept(socket: Socket): ListenerConnection;

  /** `socket` is another connection's from now on. */
  protected replace(socket: Socket, connection: ListenerConnection): void {
    this.#connections.set(socket, connection);
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

  /** A change that needs no other port. */
  configure(config: ListenerConfig): void {
    this.route.listener = config;
  }

  /** Rejects with the system's error where the address cannot be listened on. */
  listen(address: string): Promise<void> {
    return this.#sockets.listen(address, this.route.listener.bindPort);
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
    for (const connection of [...this.#connections.values()]) connection.close();
  }

  #accepted(socket: Socket): void {
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
    this.#connections.set(socket, this.accept(socket));
    this.metrics.connections++;
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.metrics.connections--;
    });
  }

  #tick(now: number): void {
    for (const connection of this.#connections.values()) {
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
