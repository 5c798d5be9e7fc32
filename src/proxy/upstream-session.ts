import type { ClientHttp2Session, ClientHttp2Stream, ClientSessionOptions } from 'node:http2';
import type { Socket } from 'node:net';
import { DEFAULT_HEAD_LIMITS } from '../http1/types.ts';
import { ErrorCode } from '../http2/codes.ts';
import type { FieldList } from '../http2/field-list.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { proxyHeader } from '../preamble/proxy-header-text.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import { dial } from '../tls/dial.ts';
import {
  HTTP2_CONNECTION_WINDOW_BYTES,
  HTTP2_MEMORY_MB,
  HTTP2_STREAM_WINDOW_BYTES,
  LINGER_MS,
  STREAMS_PER_SERVER_CONNECTION,
} from './limits.ts';
import { type ConnectionUser, KEEP_ALIVE_PROBE_MS } from './upstream-connection.ts';

/** `strictSingleValueFields` is missing in the types: what a client may repeat is not for us to say. */
const OPTIONS: ClientSessionOptions & { readonly strictSingleValueFields: boolean } = {
  peerMaxConcurrentStreams: STREAMS_PER_SERVER_CONNECTION,
  maxHeaderListPairs: DEFAULT_HEAD_LIMITS.headerCount + 1,
  maxSessionMemory: HTTP2_MEMORY_MB,
  strictSingleValueFields: false,
  settings: { enablePush: false, initialWindowSize: HTTP2_STREAM_WINDOW_BYTES, maxHeaderListSize: DEFAULT_HEAD_LIMITS.headerBytes },
};

/** The endpoint's side of a session. */
export interface SessionOwner {
  readonly endpoint: Endpoint;
  /** How it is spoken to. */
  readonly talk: BackendTalk;
  /** Streams that the server allowed when it last said so: what it allows on a new connection comes too late for the first ones. */
  streamLimit: number;
  /** `session` is gone. */
  forgetSession(session: UpstreamSession): void;
}

/** One HTTP/2 connection to a server (by ALPN over TLS, else by prior knowledge, RFC 9113 §3.2, 3.3), with as many attempts at a time as it has streams. */
export class UpstreamSession {
  readonly users = new Set<ConnectionUser>();
  /** What it was made with: another setting needs another connection. */
  readonly talk: BackendTalk;
  /** Of the client that it was made for, where the server was told of it; null: it is anybody's. */
  readonly path: ProxiedPath | null;
  connected = false;
  /** A stream has been answered on it: the server may close it just as we write. */
  reused = false;
  /** LoopTime since which it has no stream. */
  idleSince: number;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #owner: SessionOwner;
  /** Above it the server has looked at no stream; null: it has not said so. */
  #lastStream: number | null = null;
  #retired = false;
  /** LoopTime since which it has retired and has no stream, as far as anybody has looked. */
  #leavingSince: number | null = null;
  #gone = false;

  constructor(owner: SessionOwner, path: ProxiedPath, now: number) {
    const { endpoint, talk } = owner;
    const { host, port, id } = endpoint;
    this.#owner = owner;
    this.talk = talk;
    this.path = talk.proxyProtocol && path;
    this.idleSince = now;
    const preface = talk.proxyProtocol && proxyHeader(talk.proxyProtocol, path);
    const options = { host, port, lookup: talk.lookup, preface, keepAliveMs: KEEP_ALIVE_PROBE_MS, applicationProtocol: 'h2' } as const;
    this.#socket = dial(options, talk.tls, () => {});
    const http2 = process.getBuiltinModule('node:http2');
    this.#session = http2.connect(`${this.scheme}://${id}`, { ...OPTIONS, createConnection: () => this.#socket });
    this.#listen();
  }

  get scheme(): 'http' | 'https' {
    return this.talk.tls === null ? 'http' : 'https';
  }

  /** Requests of the client of `path` may go over it, spoken as `talk` says. */
  serves(path: ProxiedPath, talk: BackendTalk): boolean {
    return this.talk === talk && (this.path === null || this.path === path);
  }

  /** Another attempt may begin on it. */
  get takesMore(): boolean {
    return !this.#retired && !this.#session.closed && !this.#session.destroyed && this.users.size < this.#owner.streamLimit;
  }

  /** Opens a stream for `user`; `takesMore` must hold. `waitForTrailers`: it says `wantTrailers` behind the body. */
  request(user: ConnectionUser, fields: FieldList, endStream: boolean, waitForTrailers: boolean): ClientHttp2Stream {
    const stream = this.#session.request(fields, { endStream, waitForTrailers });
    this.users.add(user);
    return stream;
  }

  /** The server has said that it has not looked at `stream` (RFC 9113 §6.8). */
  refused(stream: ClientHttp2Stream): boolean {
    return this.#lastStream !== null && stream.id !== undefined && stream.id > this.#lastStream;
  }

  leave(user: ConnectionUser, now: number): void {
    if (!this.users.delete(user) || this.users.size > 0) return;
    this.idleSince = now;
    if (this.#retired) this.#session.close();
  }

  /** Takes no more attempts, and ends with those that it has. */
  retire(): void {
    this.#retired = true;
    if (this.users.size === 0) this.#session.close();
  }

  /** Looks at the time; `now` is LoopTime. Without a stream for `idleMs` it retires. */
  tick(now: number, idleMs: number): void {
    if (this.users.size > 0) return;
    if (!this.#retired) {
      if (now - this.idleSince >= idleMs) this.retire();
      return;
    }
    // What is left is the server's end of it, for which a frozen server has no time.
    this.#leavingSince ??= now;
    if (now - this.#leavingSince >= LINGER_MS) this.destroy();
  }

  destroy(): void {
    this.#session.destroy();
    // One that was closed before has ended its half only, and waits for the server's.
    this.#socket.destroy();
  }

  #listen(): void {
    let failure: Error | null = null;
    const session = this.#session;
    session.on('connect', () => {
      this.connected = true;
      session.setLocalWindowSize(HTTP2_CONNECTION_WINDOW_BYTES);
      for (const user of [...this.users]) user.connected();
    });
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#owner.streamLimit = Math.min(STREAMS_PER_SERVER_CONNECTION, maxConcurrentStreams ?? STREAMS_PER_SERVER_CONNECTION);
    });
    session.on('goaway', (code, lastStream) => {
      this.#lastStream = lastStream ?? null;
      if (code !== ErrorCode.NoError) this.#retired = true;
    });
    session.on('error', (error) => {
      failure = error;
    });
    session.on('close', () => this.#ended(failure));
  }

  #ended(failure: Error | null): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#owner.forgetSession(this);
    for (const user of [...this.users]) user.closed(failure);
    this.users.clear();
  }
}
