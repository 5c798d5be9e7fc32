import type { Candidate } from '../balancing/pool.ts';
import { discovered, type HealthRecord } from '../health/record.ts';
import { Pace } from '../health/slowness.ts';
import { FirstByteTime, Silence } from '../health/suspicion.ts';
import type { FailoverConfig, ServerProtocol } from '../model/config.ts';
import { type Endpoint, endpointKey } from '../model/endpoint.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import { HTTP2_UPSTREAM_IDLE_MS, STREAMS_PER_SERVER_CONNECTION, UPSTREAM_IDLE_CONNECTIONS, UPSTREAM_IDLE_MS } from './limits.ts';
import { type ConnectionOwner, type ConnectionUser, UpstreamConnection } from './upstream-connection.ts';
import { type SessionOwner, UpstreamSession } from './upstream-session.ts';

/**
 * One endpoint at run time: its health, what its traffic tells, its connections. It lives as long as the endpoint does, whatever else
 * changes in the configuration.
 */
export class Upstream implements Candidate, ConnectionOwner, SessionOwner {
  readonly id: string;
  endpoint: Endpoint;
  /** What requests are sent in; a change counts from the next attempt on. */
  protocol: ServerProtocol = 'HTTP1';
  /** Clients bring their own TLS, so that none is spoken by us. */
  bringsTls = false;
  health: HealthRecord;
  readonly firstByteTime = new FirstByteTime();
  readonly silence = new Silence();
  readonly pace = new Pace();
  /** Attempts made here, ever; and those under way. */
  requests = 0;
  active = 0;
  /** Idle ones, the most recently used last: LIFO keeps few connections warm, and the warmest is the least likely to be stale. */
  readonly #idle: UpstreamConnection[] = [];
  readonly #open = new Set<UpstreamConnection>();
  readonly #sessions = new Set<UpstreamSession>();
  streamLimit = STREAMS_PER_SERVER_CONNECTION;
  readonly #talkOf: (backend: string) => BackendTalk;
  #retired = false;

  constructor(endpoint: Endpoint, at: number, talkOf: (backend: string) => BackendTalk) {
    this.#talkOf = talkOf;
    this.id = endpoint.id;
    this.endpoint = endpoint;
    this.health = discovered(at);
  }

  /** Unique among all endpoints, where its id may be there once for each listener. */
  get key(): string {
    return endpointKey(this.endpoint);
  }

  get backend(): string {
    return this.endpoint.backend;
  }

  get talk(): BackendTalk {
    const talk = this.#talkOf(this.endpoint.backend);
    return this.bringsTls ? { ...talk, tls: null } : talk;
  }

  get weight(): number {
    return this.endpoint.weight;
  }

  get lifecycle(): 'Ready' | 'Draining' {
    return this.endpoint.lifecycle;
  }

  /** Open connections, idle ones included. */
  get connections(): number {
    return this.#open.size + this.#sessions.size;
  }

  /** A request was sent whole at `now` (LoopTime), here and below. */
  sent(now: number): void {
    this.silence.sent(now);
    this.pace.sent(now);
  }

  /** A request that was sent at `sentAt` was given up, for a reason that is not the endpoint's. */
  withdrawn(sentAt: number): void {
    this.silence.withdrawn(sentAt);
    this.pace.withdrawn();
  }

  /** A response began `firstByteMs` after its request was sent. */
  answered(firstByteMs: number): void {
    this.firstByteTime.observe(firstByteMs);
    this.pace.answered(firstByteMs);
  }

  /** A heartbeat was answered. */
  checked(now: number): void {
    this.silence.received(now);
    this.pace.checked(now);
  }

  /** A kept-alive connection, or a new one that begins to connect. `path`: of the client that it is for. */
  acquire(user: ConnectionUser, path: ProxiedPath): UpstreamConnection {
    const { talk } = this;
    if (talk.proxyProtocol !== null) return this.#acquireFor(user, path, talk);
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.talk === talk) {
        idle.passTo(user);
        return idle;
      }
      idle.destroy();
    }
    return this.connect(user, path);
  }

  /** A connection that has told its server whose it is belongs to that client alone. */
  #acquireFor(user: ConnectionUser, path: ProxiedPath, talk: BackendTalk): UpstreamConnection {
    const index = this.#idle.findLastIndex((idle) => idle.path === path && idle.talk === talk);
    const [own] = index < 0 ? [] : this.#idle.splice(index, 1);
    own?.passTo(user);
    return own ?? this.connect(user, path);
  }

  /** A new connection. */
  connect(user: ConnectionUser, path: ProxiedPath): UpstreamConnection {
    const connection = new UpstreamConnection(this, user, path);
    this.#open.add(connection);
    return connection;
  }

  /** An HTTP/2 connection that takes another stream, connected or about to be. `path`: of the client that it is for. */
  session(path: ProxiedPath, now: number): UpstreamSession {
    const { talk } = this;
    for (const session of this.#sessions) if (session.takesMore && session.serves(path, talk)) return session;
    const session = new UpstreamSession(this, path, now);
    this.#sessions.add(session);
    return session;
  }

  /** Keeps `connection`, which nobody uses now, for the next attempt. */
  release(connection: UpstreamConnection, now: number): void {
    if (this.#retired || this.health.state === 'Unhealthy' || this.#idle.length >= UPSTREAM_IDLE_CONNECTIONS) {
      connection.destroy();
      return;
    }
    connection.idleSince = now;
    this.#idle.push(connection);
  }

  /** `connection` is gone. */
  forget(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  forgetSession(session: UpstreamSession): void {
    this.#sessions.delete(session);
  }

  /** Looks at the time of each connection; `now` is LoopTime. */
  tick(now: number, limits: FailoverConfig): void {
    while (this.#idle[0] && now - this.#idle[0].idleSince >= UPSTREAM_IDLE_MS) this.#idle.shift()?.destroy();
    for (const session of [...this.#sessions]) {
      // One that is for a single client is of no use when that has gone.
      session.tick(now, session.talk.proxyProtocol === null ? HTTP2_UPSTREAM_IDLE_MS : UPSTREAM_IDLE_MS);
    }
    if (this.#sessions.size > 0 || this.#open.size > this.#idle.length) this.#eachUser((user) => user.tick(now, limits));
  }

  /** It is suspected: requests that it holds may be tried elsewhere too. */
  suspect(): void {
    this.#eachUser((user) => user.suspected());
  }

  /** It gets no new requests any more: connections end with what they are at. */
  retire(retired: boolean): void {
    this.#retired = retired;
    if (retired) this.closeIdle();
  }

  /** It is marked down: what it holds unanswered is tried elsewhere, or fails at once. */
  condemn(refuses: boolean): void {
    this.closeIdle();
    this.#eachUser((user) => user.condemned(refuses));
  }

  /** Its time is over: everything that it still has ends. */
  expel(): void {
    this.closeIdle();
    this.#eachUser((user) => user.expelled());
    // One that is retired waits for the server's end of it, for which a frozen server has no time.
    for (const session of [...this.#sessions]) session.destroy();
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
    for (const session of [...this.#sessions]) session.retire();
  }

  /** Over a copy: what is called may close connections and open others. */
  #eachUser(call: (user: ConnectionUser) => void): void {
    for (const { user } of [...this.#open]) if (user) call(user);
    for (const session of [...this.#sessions]) for (const user of [...session.users]) call(user);
  }
}
