import { ProtocolError, type RequestHead, type ResponseHead } from '../http1/types.ts';
import type { FailoverConfig } from '../model/config.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { type AttemptFailure, isOwnError } from './failure.ts';
import { INTERIM_RESPONSES } from './limits.ts';
import type { LoopTime } from './loop-time.ts';
import type { TrafficObserver } from './traffic-observer.ts';
import type { Upstream } from './upstream.ts';
import type { ConnectionUser, UpstreamConnection } from './upstream-connection.ts';

/** The exchange that an attempt is made for. After `failed` and after the last `payload` the attempt is over. */
export interface AttemptOwner {
  connected(attempt: Attempt): void;
  drained(attempt: Attempt): void;
  interim(attempt: Attempt, head: ResponseHead): void;
  /** The final head, and what of the body came with it. `done`: the body is whole. */
  respond(attempt: Attempt, head: ResponseHead, payload: readonly Buffer[], done: boolean): void;
  payload(attempt: Attempt, payload: readonly Buffer[], done: boolean): void;
  /** The server has switched protocols; `rest` is the first of what it says in the new one. */
  switched(attempt: Attempt, head: ResponseHead, rest: Buffer): void;
  failed(attempt: Attempt, failure: AttemptFailure): void;
  /** Its server has one request less. */
  freed(): void;
  /** The endpoint that holds it is suspected. */
  suspected(attempt: Attempt): void;
}

/**
 * - `Connecting`: nothing of the request has left.
 * - `Sending`: it is connected, and the request is not whole yet.
 * - `Waiting`: the request was sent whole, and no final response has begun.
 * - `Streaming`: the response has begun.
 * - `Over`: whole, failed or aborted.
 */
export type AttemptPhase = 'Connecting' | 'Sending' | 'Waiting' | 'Streaming' | 'Over';

const NOTHING: readonly Buffer[] = [];

/** One try of one request on one server. */
export class Attempt implements ConnectionUser {
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  phase: AttemptPhase = 'Sending';
  /** LoopTime of its last step: begun, connected, sent, last byte received. */
  lastStepAt: number;
  readonly #owner: AttemptOwner;
  readonly #request: RequestHead;
  readonly #time: LoopTime;
  readonly #observer: TrafficObserver;
  readonly #reused: boolean;
  #left: boolean;
  #sentAt = 0;
  #keepAlive = false;
  #interims = 0;
  #received = false;
  #ended = false;
  #paused = false;

  /** `path`: the client's. */
  constructor(
    owner: AttemptOwner,
    upstream: Upstream,
    request: RequestHead,
    path: ProxiedPath,
    time: LoopTime,
    observer: TrafficObserver,
    now: number,
  ) {
    this.#owner = owner;
    this.upstream = upstream;
    this.#request = request;
    this.#time = time;
    this.#observer = observer;
    this.lastStepAt = now;
    upstream.requests++;
    upstream.active++;
    this.connection = upstream.acquire(this, path);
    this.#reused = this.connection.reused;
    this.connection.heads.expect(request.method);
    this.#left = this.connection.connected;
    if (!this.#left) this.phase = 'Connecting';
  }

  /** A byte of the request may have left for the server. */
  get requestLeft(): boolean {
    return this.#left;
  }

  /** It holds a request that has no answer yet. */
  get unanswered(): boolean {
    return this.phase === 'Connecting' || this.phase === 'Sending' || this.phase === 'Waiting';
  }

  /** The request has been handed over whole: from now on the server owes an answer. Also while it still connects. */
  sentWhole(now: number): void {
    this.#sentAt = now;
    this.upstream.sent(now);
    if (this.phase !== 'Sending') return;
    this.phase = 'Waiting';
    this.lastStepAt = now;
  }

  /** Ends it without a word to its owner: another attempt has won, or the client is gone. */
  abort(): void {
    if (this.phase === 'Over') return;
    if (this.#sentAt > 0 && this.unanswered) this.upstream.silence.withdrawn(this.#sentAt);
    this.#over();
    this.connection.destroy();
  }

  /** Ends it as failed. */
  fail(failure: AttemptFailure): void {
    if (this.phase === 'Over') return;
    const phase = this.phase;
    this.abort();
    if (failure === 'BadResponse' || failure === 'Cut' || (failure === 'ResponseTimeout' && phase === 'Streaming')) {
      this.#observer.cut(this.upstream);
    } else if (failure === 'ConnectFailed' || failure === 'ConnectTimeout' || failure === 'Broken') {
      this.#observer.failed(this.upstream);
    }
    this.#owner.failed(this, failure);
  }

  connected(): void {
    if (this.phase !== 'Connecting') return;
    this.#left = true;
    this.lastStepAt = this.#time.now();
    this.phase = this.#sentAt > 0 ? 'Waiting' : 'Sending';
    this.#owner.connected(this);
  }

  drained(): void {
    this.lastStepAt = this.#time.now();
    this.#owner.drained(this);
  }

  received(chunk: Buffer): void {
    const now = this.#time.now();
    this.lastStepAt = now;
    this.upstream.silence.received();
    this.#received = true;
    try {
      if (this.phase === 'Streaming') this.#bodyBytes(chunk);
      else this.#headBytes(chunk, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(this.phase === 'Streaming' ? 'Cut' : 'BadResponse');
    }
  }

  ended(): void {
    this.#ended = true;
    this.closed(null);
  }

  closed(error: Error | null): void {
    if (this.phase === 'Over') return;
    if (this.phase === 'Connecting') {
      this.fail(isOwnError(error) ? 'OutOfResources' : 'ConnectFailed');
    } else if (this.phase !== 'Streaming') {
      this.fail(this.#reused && !this.#received ? 'Stale' : 'Broken');
    } else if (this.#ended && error === null) {
      this.#endBody();
    } else {
      this.fail('Cut');
    }
  }

  suspected(): void {
    if (this.unanswered) this.#owner.suspected(this);
  }

  condemned(): void {
    if (this.unanswered) this.fail('Unhealthy');
  }

  expelled(): void {
    this.fail(this.phase === 'Streaming' ? 'Cut' : 'Unhealthy');
  }

  tick(now: number, limits: FailoverConfig): void {
    const age = now - this.lastStepAt;
    switch (this.phase) {
      case 'Connecting':
        if (age >= limits.connectTimeoutMs) this.fail('ConnectTimeout');
        return;
      case 'Sending':
        // Where nothing is left to write, it is the client that everybody waits for.
        if (age >= limits.responseTimeoutMs && this.connection.socket.writableLength > 0) this.fail('ResponseTimeout');
        return;
      case 'Waiting':
      case 'Streaming':
        if (age >= limits.responseTimeoutMs && !this.#paused) this.fail('ResponseTimeout');
        return;
    }
  }

  /** Reads no more until `resume`: the client does not take what came already. */
  pause(): void {
    if (this.phase !== 'Streaming' || this.#paused) return;
    this.#paused = true;
    this.connection.socket.pause();
  }

  resume(): void {
    if (!this.#paused || this.phase !== 'Streaming') return;
    this.#paused = false;
    this.lastStepAt = this.#time.now();
    this.connection.socket.resume();
  }

  #headBytes(chunk: Buffer, now: number): void {
    const { heads, body } = this.connection;
    let offset = 0;
    while (offset < chunk.length) {
      const head = heads.feed(chunk, offset);
      if (head === null) return;
      offset = heads.end;
      if (head.status === 101) {
        this.#switch(head, chunk.subarray(offset));
        return;
      }
      if (head.status >= 200) {
        if (this.#sentAt > 0) this.#observer.answered(this.upstream, now - this.#sentAt);
        this.phase = 'Streaming';
        this.#keepAlive = head.keepAlive;
        body.start(head.framing);
        this.#firstBytes(head, chunk, offset);
        return;
      }
      if (++this.#interims > INTERIM_RESPONSES) throw new ProtocolError(502, 'TooManyInterimResponses', 'the server does not stop its 1xx');
      this.#owner.interim(this, head);
      if (this.#isOver()) return;
    }
  }

  #firstBytes(head: ResponseHead, chunk: Buffer, offset: number): void {
    const payload: Buffer[] = [];
    const done = this.#feed(chunk, offset, payload);
    // Before the answer is passed on, so that a pipelined request behind this one finds the connection free.
    if (done) this.#leaveConnection();
    this.#owner.respond(this, head, payload, done);
    if (!this.#isOver()) this.connection.streamBody();
  }

  #bodyBytes(chunk: Buffer): void {
    const payload: Buffer[] = [];
    const done = this.#feed(chunk, 0, payload);
    if (done || payload.length > 0) this.#owner.payload(this, payload, done);
    if (done) this.#leaveConnection();
  }

  /** True when the body is whole, and the attempt with it. */
  #feed(chunk: Buffer, offset: number, payload: Buffer[]): boolean {
    const { body } = this.connection;
    // Bytes after the body answer nothing that was asked: the connection is not to be trusted any more.
    if (body.feed(chunk, offset, payload) < chunk.length) this.#keepAlive = false;
    if (!body.done) return false;
    this.#over();
    this.#observer.completed(this.upstream);
    return true;
  }

  #endBody(): void {
    try {
      this.connection.body.finish();
    } catch {
      this.fail('Cut');
      return;
    }
    this.#over();
    this.#observer.completed(this.upstream);
    this.#owner.payload(this, NOTHING, true);
    this.connection.destroy();
  }

  #switch(head: ResponseHead, rest: Buffer): void {
    if (this.#request.upgrade === null || head.upgrade === null) {
      throw new ProtocolError(502, 'UnaskedSwitch', 'the server switches to a protocol that nobody asked for');
    }
    this.#over();
    this.#observer.completed(this.upstream);
    this.#owner.switched(this, head, rest);
  }

  #over(): void {
    this.phase = 'Over';
    this.upstream.active--;
    this.#owner.freed();
  }

  #isOver(): boolean {
    return this.phase === 'Over';
  }

  /** For the next attempt, where it is fit for one: a request that was not sent whole leaves it in nobody knows what state. */
  #leaveConnection(): void {
    if (this.#keepAlive && this.#sentAt > 0 && !this.#ended) this.connection.release(this.lastStepAt);
    else this.connection.destroy();
  }
}
