import type { Socket } from 'node:net';
import { BodyReader } from '../http1/body-reader.ts';
import { ResponseHeadReader } from '../http1/head-reader.ts';
import { DEFAULT_HEAD_LIMITS } from '../http1/types.ts';
import type { FailoverConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { proxyHeader } from '../preamble/proxy-header-text.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import { dial } from '../tls/dial.ts';
import { type BufferLoan, ReadWindow } from './read-buffers.ts';

/** Whoever has the use of a connection to a server: an attempt, or a tunnel. */
export interface ConnectionUser {
  connected(): void;
  /** `chunk` is valid during this call only, unless the connection owns it and its buffer is surrendered. */
  received(chunk: Buffer): void;
  drained(): void;
  /** The server has ended its half. */
  ended(): void;
  /** The connection is gone. Called once, and not after `destroy`. */
  closed(error: Error | null): void;
  /** Its endpoint is suspected of having stopped answering. */
  suspected(): void;
  /** Its endpoint was marked Unhealthy. `refuses`: it breaks or refuses connections, where another is silent. */
  condemned(refuses: boolean): void;
  /** Its endpoint has been draining for too long, or does not exist any more. */
  expelled(): void;
  /** Looks at the time; `now` is LoopTime. */
  tick(now: number, limits: FailoverConfig): void;
}

/** The endpoint's side of a connection. */
export interface ConnectionOwner {
  readonly endpoint: Endpoint;
  /** How it is spoken to. */
  readonly talk: BackendTalk;
  /** `connection` is free for the next attempt. */
  release(connection: UpstreamConnection, now: number): void;
  /** `connection` is gone. */
  forget(connection: UpstreamConnection): void;
}

export const KEEP_ALIVE_PROBE_MS = 30_000;

/** One connection to a server, used by one attempt after the other. */
export class UpstreamConnection {
  readonly socket: Socket;
  /** What it was made with: another setting needs another connection. */
  readonly talk: BackendTalk;
  /** Of the client that it was made for, where the server was told of it; null: it is anybody's. */
  readonly path: ProxiedPath | null;
  readonly heads = new ResponseHeadReader(DEFAULT_HEAD_LIMITS);
  readonly body = new BodyReader('response');
  readonly reads = new ReadWindow();
  connected = false;
  /** It has served an attempt before: the server may close it just as we write. */
  reused = false;
  idleSince = 0;
  readonly #owner: ConnectionOwner;
  #user: ConnectionUser | null;
  #closed = false;

  constructor(owner: ConnectionOwner, user: ConnectionUser, path: ProxiedPath) {
    this.#owner = owner;
    this.#user = user;
    this.talk = owner.talk;
    const { tls, proxyProtocol, lookup } = this.talk;
    this.path = proxyProtocol && path;
    const preface = proxyProtocol && proxyHeader(proxyProtocol, path);
    const { host, port } = owner.endpoint;
    const onread = { buffer: this.reads.next, callback: (bytes: number, buffer: Uint8Array) => this.#read(bytes, buffer as Buffer) };
    this.socket = dial({ host, port, lookup, preface, allowHalfOpen: true, keepAliveMs: KEEP_ALIVE_PROBE_MS, onread }, tls, () => {
      this.connected = true;
      this.#user?.connected();
    });
    this.socket.on('drain', () => this.#user?.drained());
    this.socket.on('end', () => (this.#user ? this.#user.ended() : this.destroy()));
    this.socket.on('error', (error) => this.#gone(error));
    this.socket.on('close', () => this.#gone(null));
  }

  get user(): ConnectionUser | null {
    return this.#user;
  }

  /** Hands the connection to its next user: an attempt, or the tunnel that follows one. */
  passTo(user: ConnectionUser): void {
    this.#user = user;
  }

  /** Gives it back for the next attempt. */
  release(now: number): void {
    this.#user = null;
    this.reads.share();
    // TLS hands on what it has read already, pause or not: the answer may have become whole meanwhile.
    if (this.socket.isPaused()) this.socket.resume();
    this.reused = true;
    this.#owner.release(this, now);
  }

  destroy(): void {
    this.#user = null;
    if (this.#closed) return;
    this.#closed = true;
    this.reads.close();
    this.#owner.forget(this);
    this.socket.destroy();
  }

  lend(): BufferLoan | null {
    return this.reads.lend();
  }

  lent(loan: BufferLoan, pending: boolean): void {
    this.reads.lent(loan, pending);
  }

  get trailers(): string {
    return this.body.trailers;
  }

  #read(bytes: number, buffer: Buffer): boolean {
    if (this.#user === null) {
      // Nobody asked: whatever it is, the next answer on this connection could not be told from it.
      this.destroy();
      return false;
    }
    this.#user.received(bytes === buffer.length ? buffer : buffer.subarray(0, bytes));
    return true;
  }

  #gone(error: Error | null): void {
    if (this.#closed) return;
    const user = this.#user;
    this.destroy();
    user?.closed(error);
  }
}
