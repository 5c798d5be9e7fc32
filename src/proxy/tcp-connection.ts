import type { Socket } from 'node:net';
import type { FailoverConfig } from '../model/config.ts';
import type { ClientPath } from './client-path.ts';
import type { ExchangeSurroundings } from './exchange-client.ts';
import { isOwnError } from './failure.ts';
import { ATTEMPTS, WAITING_BYTES } from './limits.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { RequestFailure } from './proxy-metrics.ts';
import { type Found, findFree, type Waiter } from './request-line.ts';
import { reset } from './reset.ts';
import { Tunnel } from './tunnel.ts';
import { Unsent } from './unsent.ts';
import type { Upstream } from './upstream.ts';
import type { ConnectionUser, UpstreamConnection } from './upstream-connection.ts';

/**
 * A client of a port of TCP, or of TLS that is passed on. Until a server is connected its first bytes stay here, so that another server can be
 * tried without any having left; from then on it is a tunnel to that server, come what may.
 */
export class TcpConnection implements ListenerConnection, ConnectionUser, Waiter {
  readonly #socket: Socket;
  readonly #path: ClientPath;
  readonly #in: ExchangeSurroundings;
  readonly #serverName: string | null;
  readonly #openedAt: number;
  #tried: readonly Upstream[] = [];
  #upstream: Upstream | null = null;
  #connection: UpstreamConnection | null = null;
  #connectingSince = 0;
  #tunnel: Tunnel | null = null;
  /** What the client has said, and whether that was all, before it has a server. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #earlyEnd = false;
  #over = false;
  #waiting = false;
  readonly #unsent = new Unsent();

  /** `serverName`: what the client asks for by TLS; null: nothing. */
  constructor(socket: Socket, path: ClientPath, surroundings: ExchangeSurroundings, serverName: string | null) {
    this.#socket = socket;
    this.#serverName = serverName;
    this.#path = path;
    this.#in = surroundings;
    this.#openedAt = surroundings.context.time.now();
    surroundings.metrics.active++;
    surroundings.context.sweep.wake();
    surroundings.context.budget.request(this.#openedAt);
    socket.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    socket.on('end', () => this.#clientEnded());
    socket.on('drain', () => this.#tunnel?.clientDrained());
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
    const found = surroundings.line.length > 0 && surroundings.route.limits.requestsPerServer > 0 ? 'Full' : this.find();
    this.#connect(found);
    // One that came behind a greeting stands still.
    socket.resume();
  }

  get idle(): boolean {
    return this.#over;
  }

  /** It takes nothing; else a tunnel looks at the time through its connection to the server; when that is gone, the client has so long to take the rest. */
  tickClient(now: number): void {
    const { writeTimeoutMs } = this.#in.route.limits;
    if (this.#unsent.socketStuckMs(this.#socket, now) >= writeTimeoutMs) {
      this.#in.metrics.failure('WriteTimeout');
      this.close();
    }
  }

  closeIfIdle(): void {}

  close(): void {
    reset(this.#socket);
    this.#gone();
  }

  // The connection to a server, while it is being made.

  connected(): void {
    const { context } = this.#in;
    if (!this.#connection || !this.#upstream) return;
    context.observer.completed(this.#upstream);
    for (const failed of this.#tried) context.observer.rescued(failed);
    this.#tunnel = new Tunnel(this.#socket, this.#connection, this.#in, () => this.#tunnelOver());
    this.#socket.resume();
    for (const chunk of this.#early) this.#tunnel.fromClient(chunk, null);
    this.#early = [];
    if (this.#earlyEnd) this.#tunnel.clientEnded();
  }

  #fromClient(chunk: Buffer): void {
    if (this.#tunnel) {
      this.#tunnel.fromClient(chunk, null);
    } else {
      this.#early.push(chunk);
      this.#earlyBytes += chunk.length;
      if (this.#earlyBytes >= WAITING_BYTES) this.#socket.pause();
    }
  }

  #clientEnded(): void {
    this.#earlyEnd = true;
    if (this.#tunnel) this.#tunnel.clientEnded();
    // In line without a word: it has given up. One that has said something may want the answer all the same.
    else if (this.#waiting && this.#earlyBytes === 0) this.#fail('ClientGone');
  }

  #tunnelOver(): void {
    this.#socket.destroySoon();
  }

  received(): void {}

  drained(): void {}

  ended(): void {
    this.#again('ConnectFailed');
  }

  closed(error: Error | null): void {
    this.#again(isOwnError(error) ? 'OutOfResources' : 'ConnectFailed');
  }

  suspected(): void {}

  condemned(): void {
    this.#again('Unhealthy');
  }

  expelled(): void {
    this.#again('Unhealthy');
  }

  tick(now: number, limits: FailoverConfig): void {
    if (now - this.#connectingSince >= limits.connectTimeoutMs) this.#again('ConnectTimeout');
  }

  // In line for a server.

  find(): Found {
    const { route } = this.#in;
    const picker = route.pickerFor(this.#serverName);
    const tried = this.#tried;
    return picker ? findFree(picker, route.limits.requestsPerServer, (each) => tried.includes(each), tried.length) : 'None';
  }

  proceed(upstream: Upstream | 'None'): void {
    this.#waiting = false;
    if (upstream === 'None') {
      this.#fail('NoServer');
      return;
    }
    this.#connectingSince = this.#in.context.time.now();
    upstream.requests++;
    upstream.active++;
    this.#upstream = upstream;
    this.#connection = upstream.connect(this, this.#path);
  }

  pendingTimeout(): void {
    this.#waiting = false;
    this.#fail('PendingTimeout');
  }

  #connect(found: Found): void {
    if (found !== 'Full') {
      this.proceed(found);
      return;
    }
    const { line, route, context } = this.#in;
    this.#waiting = line.enter(this, context.time.now(), this.#tried.length > 0, route.limits.pendingRequests);
    if (!this.#waiting) this.#fail('TooManyPending');
  }

  #again(failure: RequestFailure): void {
    const upstream = this.#upstream;
    if (this.#over || !upstream) return;
    this.#leave();
    if (failure === 'ConnectFailed' || failure === 'ConnectTimeout') this.#in.context.observer.failed(upstream);
    this.#tried = [...this.#tried, upstream];
    const next = this.#tried.length < ATTEMPTS ? this.find() : 'None';
    // Before the budget is asked, and with the reason why the last one was left: where there is no other one, nothing is tried again.
    if (next === 'None' || !this.#in.context.budget.take()) {
      this.#fail(failure);
      return;
    }
    this.#in.metrics.retries.inc();
    this.#connect(next);
  }

  /** Nothing can be said to the client but that it is over. */
  #fail(failure: RequestFailure): void {
    this.#in.metrics.failure(failure);
    for (const each of this.#tried) this.#in.context.observer.lost(each);
    this.close();
  }

  #leave(): void {
    if (!this.#upstream) return;
    this.#release();
    this.#connection?.destroy();
    this.#connection = null;
  }

  #release(): void {
    if (!this.#upstream) return;
    this.#upstream.active--;
    this.#upstream = null;
    this.#in.line.freed();
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#waiting) this.#in.line.leave(this);
    this.#waiting = false;
    const { context, metrics } = this.#in;
    metrics.active--;
    metrics.seconds.observe((context.time.now() - this.#openedAt) / 1000);
    const tunnel = this.#tunnel;
    if (tunnel) {
      tunnel.clientGone();
      this.#release();
    } else {
      this.#leave();
    }
  }
}
