import type { RequestTextOptions } from '../http1/request-text.ts';
import type { RequestHead, ResponseHead } from '../http1/types.ts';
import { ProtocolError } from '../http1/types.ts';
import type { FailoverConfig } from '../model/config.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import type { BodyPiece, PayloadSource } from './body-text.ts';
import type { AttemptFailure } from './failure.ts';
import { INTERIM_RESPONSES } from './limits.ts';
import type { LoopTime } from './loop-time.ts';
import type { TrafficObserver } from './traffic-observer.ts';
import type { Upstream } from './upstream.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** The exchange that an attempt is made for. After `failed` and after the last `payload` the attempt is over. */
export interface AttemptOwner {
  /** See ExchangeClient. */
  readonly trailers: string;
  readonly streams: boolean;
  connected(attempt: Attempt): void;
  drained(attempt: Attempt): void;
  interim(attempt: Attempt, head: ResponseHead): void;
  /** The final head, and what of the body came with it. `done`: the body is whole. */
  respond(attempt: Attempt, head: ResponseHead, payload: readonly Buffer[], done: boolean): void;
  payload(attempt: Attempt, payload: readonly Buffer[], done: boolean): void;
  /** The server has switched protocols on `connection`; `rest` is the first of what it says in the new one. */
  switched(attempt: Attempt, head: ResponseHead, connection: UpstreamConnection, rest: Buffer): void;
  failed(attempt: Attempt, failure: AttemptFailure): void;
  /** Its server has one request less. */
  freed(): void;
  /** Whether it could be made again on another server. */
  mayRetry(attempt: Attempt): boolean;
  /** Its response has begun, and no byte of it has come for `silentMs`, as long as one that waits for an answer may: whether it goes on. */
  maySleep(attempt: Attempt, silentMs: number): boolean;
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

/** What an attempt is made of. */
export interface AttemptTerms {
  readonly owner: AttemptOwner;
  readonly upstream: Upstream;
  readonly request: RequestHead;
  /** The client's. */
  readonly path: ProxiedPath;
  readonly time: LoopTime;
  readonly observer: TrafficObserver;
}

/** One try of one request on one server: its phases, and what they mean for the server's health. How the bytes go is its subclasses' business. */
export abstract class Attempt {
  readonly upstream: Upstream;
  phase: AttemptPhase = 'Connecting';
  /** LoopTime of its last step: begun, connected, sent, last byte received. */
  lastStepAt: number;
  protected readonly owner: AttemptOwner;
  protected readonly request: RequestHead;
  protected readonly time: LoopTime;
  protected readonly observer: TrafficObserver;
  #sentAt = 0;
  #interims = 0;
  #paused = false;

  constructor({ owner, upstream, request, time, observer }: AttemptTerms) {
    this.owner = owner;
    this.upstream = upstream;
    this.request = request;
    this.time = time;
    this.observer = observer;
    this.lastStepAt = time.now();
    upstream.requests++;
    upstream.active++;
  }

  /** A byte of the request may have left for the server. */
  abstract get requestLeft(): boolean;
  /** Where the response's bytes come from. */
  abstract get source(): PayloadSource;
  /** The server may yet say that it has not acted upon what has left, after which `requestLeft` is false. */
  abstract get mayBeDisowned(): boolean;
  /** The server has yet to take some of what was written: views of the body are in use. */
  abstract get hasUnsent(): boolean;
  /** The server takes no more of the body for now; `drained` will follow. */
  abstract get needsDrain(): boolean;
  /**
   * Sends the head, and what there is of the body; `done`: that is all of it. Where `body` is small (see ONE_STRING_BYTES), buffers in it are
   * valid during the call only.
   */
  abstract begin(options: RequestTextOptions, body: readonly BodyPiece[], done: boolean): void;
  /** Sends more of the body, as above. */
  abstract write(body: readonly BodyPiece[], done: boolean): void;
  /** Gives up what carries it, without ceremony. */
  protected abstract drop(): void;
  /** Reads no more from the server, or reads on. */
  protected abstract holdReading(hold: boolean): void;

  /** It holds a request that has no answer yet. */
  get unanswered(): boolean {
    return this.phase === 'Connecting' || this.phase === 'Sending' || this.phase === 'Waiting';
  }

  /** Ends it without a word to its owner: another attempt has won, or the client is gone. */
  abort(): void {
    if (this.phase === 'Over') return;
    if (this.#sentAt > 0 && this.unanswered) this.upstream.withdrawn(this.#sentAt);
    this.over();
    this.drop();
  }

  /** Ends it as failed. */
  fail(failure: AttemptFailure): void {
    if (this.phase === 'Over') return;
    const phase = this.phase;
    this.abort();
    if (failure === 'BadResponse' || failure === 'Cut' || (failure === 'ResponseTimeout' && phase === 'Streaming')) {
      this.observer.cut(this.upstream);
    } else if (failure === 'ConnectFailed' || failure === 'ConnectTimeout' || failure === 'Broken') {
      this.observer.failed(this.upstream);
    }
    this.owner.failed(this, failure);
  }

  suspected(): void {
    if (this.unanswered) this.owner.suspected(this);
  }

  condemned(refuses: boolean): void {
    if (!this.unanswered) return;
    // A server that ends well refuses what is new and finishes what it has; if it were dead this connection would have been reset.
    if (refuses && this.phase !== 'Connecting' && !this.owner.mayRetry(this)) return;
    this.fail('Unhealthy');
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
        if (age >= limits.responseTimeoutMs && this.hasUnsent) this.fail('ResponseTimeout');
        return;
      case 'Waiting':
        if (age >= limits.responseTimeoutMs) this.fail('ResponseTimeout');
        return;
      case 'Streaming':
        if (age >= limits.responseTimeoutMs && !this.#paused && !this.owner.maySleep(this, age)) this.fail('ResponseTimeout');
        return;
    }
  }

  /** Reads no more until `resume`: the client does not take what came already. */
  pause(): void {
    if (this.phase !== 'Streaming' || this.#paused) return;
    this.#paused = true;
    this.holdReading(true);
  }

  resume(): void {
    if (!this.#paused || this.phase !== 'Streaming') return;
    this.#paused = false;
    this.lastStepAt = this.time.now();
    this.holdReading(false);
  }

  // For subclasses.

  /** The request has been handed over whole. */
  protected get sent(): boolean {
    return this.#sentAt > 0;
  }

  /** The request has been handed over whole: from now on the server owes an answer. Also while it still connects. */
  protected sentWhole(): void {
    const now = this.time.now();
    this.#sentAt = now;
    // A server that answers already owes nothing.
    if (this.unanswered) this.upstream.sent(now);
    if (this.phase !== 'Sending') return;
    this.phase = 'Waiting';
    this.lastStepAt = now;
  }

  protected nowConnected(): void {
    this.lastStepAt = this.time.now();
    this.phase = this.#sentAt > 0 ? 'Waiting' : 'Sending';
  }

  protected bytesCame(now: number): void {
    this.lastStepAt = now;
    this.upstream.silence.received(now);
  }

  /** Throws ProtocolError where there have been too many. */
  protected interimCame(head: ResponseHead): void {
    if (++this.#interims > INTERIM_RESPONSES) throw new ProtocolError(502, 'TooManyInterimResponses', 'the server does not stop its 1xx');
    this.owner.interim(this, head);
  }

  /** The final head has come. */
  protected finalCame(now: number): void {
    if (this.#sentAt > 0) this.observer.answered(this.upstream, now - this.#sentAt);
    this.phase = 'Streaming';
  }

  /** The response is whole. */
  protected completed(): void {
    this.over();
    this.observer.completed(this.upstream);
  }

  protected over(): void {
    this.phase = 'Over';
    this.upstream.active--;
    this.owner.freed();
  }

  protected get isOver(): boolean {
    return this.phase === 'Over';
  }
}
