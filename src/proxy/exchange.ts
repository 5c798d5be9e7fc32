import { viaNames } from '../http1/forwarding.ts';
import type { RequestHead, ResponseHead } from '../http1/types.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';
import type { BodyPiece } from './body-text.ts';
import type { ExchangeClient, ExchangeSurroundings } from './exchange-client.ts';
import { type AttemptFailure, FAILURE_ANSWERS, type FailureAnswer, NO_SERVER } from './failure.ts';
import { Http1Attempt } from './http1-attempt.ts';
import { Http2Attempt } from './http2-attempt.ts';
import { ATTEMPTS, OVERLOAD_FIELDS } from './limits.ts';
import type { RequestFailure } from './proxy-metrics.ts';
import { RequestBody } from './request-body.ts';
import type { TimedRequest } from './request-deadlines.ts';
import { type Found, findFree } from './request-line.ts';
import { Retries } from './retries.ts';
import { Turn, type TurnOwner } from './turn.ts';
import type { Upstream } from './upstream.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const NO_BODY: readonly BodyPiece[] = [];
/** As nginx counts them: the client left before it had an answer. Only in metrics and the access log. */
const CLIENT_GONE = 499;

/** One request of a client, with its attempts: usually one, another where that failed and the rule allows it, or beside it as a hedge. */
export class Exchange implements AttemptOwner, TurnOwner, TimedRequest {
  readonly #client: ExchangeClient;
  readonly #in: ExchangeSurroundings;
  readonly #head: RequestHead;
  readonly startedAt: number;
  readonly #turn: Turn;
  /** Null: it has none. */
  readonly #body: RequestBody | null;
  #continued = false;
  #current: Attempt | null = null;
  #hedge: Attempt | null = null;
  /** The attempt whose final response is being delivered. */
  #answering: Attempt | null = null;
  /** From the first server on that fails it, or is about to. */
  #retries: Retries | null = null;
  #attempts = 0;
  #status = 0;
  #over = false;
  /** Among the deadlines. */
  #timed = false;

  constructor(client: ExchangeClient, surroundings: ExchangeSurroundings, head: RequestHead, now: number) {
    this.#client = client;
    this.#in = surroundings;
    this.#head = head;
    this.startedAt = now;
    this.#turn = new Turn(this, surroundings);
    this.#body = head.framing.type === 'none' ? null : new RequestBody(client, head, surroundings.route);
    surroundings.metrics.active++;
  }

  /** Starts, with as much of the body as has come with the head. */
  begin(payload: readonly Buffer[], done: boolean): void {
    const body = this.#body;
    body?.open(payload, done);
    this.#start();
    body?.opened();
    if (body && payload.length > 0 && !this.#over) this.#keep(body, payload, done);
  }

  #start(): void {
    const { route, deadlines, context } = this.#in;
    if (viaNames(this.#head.via, context.pseudonym)) {
      this.refuse(508, 'the request has been through this balancer before', 'Loop');
      return;
    }
    if (route.limits.requestTimeoutMs > 0) {
      this.#timed = true;
      deadlines.add(this);
    }
    this.#turn.begin();
  }

  /** More of the request's body. */
  body(payload: readonly Buffer[], done: boolean): void {
    const body = this.#body;
    if (this.#over || !body) return;
    const pieces = this.#keep(body, payload, done);
    const attempt = this.#current;
    if (!attempt || attempt.phase === 'Over') return;
    if (pieces.length === 0 && !done) return;
    attempt.write(pieces, done);
    body.holdFor(attempt);
  }

  #keep(body: RequestBody, payload: readonly Buffer[], done: boolean): readonly BodyPiece[] {
    const pieces = body.keep(payload, done);
    if (this.#turn.waits) body.holdWhileWaiting();
    else if (this.#current?.phase === 'Connecting') body.holdWhileConnecting();
    return pieces;
  }

  /** What was handed over last is in use: for another attempt, or by a write that is not done. */
  get holdsPayload(): boolean {
    return (this.#body?.holds ?? false) || (this.#current?.hasUnsent ?? false);
  }

  /** Answers with a status of the proxy's own, where no answer has begun; cuts the connection where one has. */
  refuse(status: number, message: string, failure: RequestFailure): void {
    if (this.#over) return;
    this.#stopAttempts();
    if (this.#answering) {
      this.#cut(failure);
      return;
    }
    this.#status = status;
    const overload = failure === 'TooManyPending' || failure === 'PendingTimeout';
    const field = this.#responseField(this.#current?.upstream.id ?? '-', `; failure=${failure}`);
    this.#client.refuse(status, message, field + (overload ? OVERLOAD_FIELDS : ''));
    this.#in.metrics.failure(failure);
    this.#retries?.tellLost();
    this.#finish(failure);
    this.#client.finished();
  }

  /** The client has left, or was cut off: nobody waits for an answer any more. */
  clientGone(failure: RequestFailure = 'ClientGone'): void {
    if (this.#over) return;
    this.#stopAttempts();
    this.#in.metrics.failure(failure);
    this.#finish(failure);
  }

  /** The client has ended its half. In line that means that it has given up: most that do are gone. */
  inputEnded(): void {
    if (this.#turn.waitsInLine) this.refuse(503, 'no server had room before the client ended its half', 'ClientGone');
  }

  clientDrained(): void {
    this.#answering?.resume();
  }

  requestTimeout(): void {
    this.refuse(504, 'the request took too long', 'RequestTimeout');
  }

  // Its turn.

  find(): Found {
    const { picker, limits } = this.#in.route;
    return this.#current ? this.#failures.find(this.#current.upstream) : findFree(picker, limits.requestsPerServer);
  }

  waits(): void {
    this.#body?.waits();
  }

  proceed(found: Upstream | 'None'): void {
    if (found === 'None') this.#refuse(NO_SERVER, 'NoServer');
    else this.#attempt(found, false);
  }

  // What attempts report.

  freed(): void {
    this.#in.line.freed();
  }

  get trailers(): string {
    return this.#client.trailers;
  }

  get streams(): boolean {
    return this.#client.streams;
  }

  connected(attempt: Attempt): void {
    this.#body?.leaves(attempt);
    this.drained(attempt);
  }

  drained(attempt: Attempt): void {
    this.#body?.takeFor(attempt);
  }

  interim(_attempt: Attempt, head: ResponseHead): void {
    if (this.#over || this.#head.minor === 0 || this.#hedge) return;
    if (head.status === 100) {
      if (!this.#head.expectContinue || this.#continued) return;
      this.#continued = true;
    }
    this.#client.interim(head);
  }

  respond(attempt: Attempt, head: ResponseHead, payload: readonly Buffer[], done: boolean): void {
    if (this.#over) return;
    this.#settleOn(attempt, head);
    const extraFields = this.#responseField(attempt.upstream.id);
    this.#delivered(attempt, this.#client.respond(head, extraFields, payload, done, attempt.source), done);
  }

  payload(attempt: Attempt, payload: readonly Buffer[], done: boolean): void {
    if (!this.#over) this.#delivered(attempt, this.#client.payload(payload, done, attempt.source), done);
  }

  switched(attempt: Attempt, head: ResponseHead, connection: UpstreamConnection, rest: Buffer): void {
    if (this.#over) {
      connection.destroy();
      return;
    }
    this.#settleOn(attempt, head);
    const extraFields = this.#responseField(attempt.upstream.id);
    this.#finish('');
    this.#client.tunnel(head, extraFields, connection, rest);
  }

  suspected(attempt: Attempt): void {
    if (this.#over || this.#hedge || attempt !== this.#current) return;
    if (attempt.phase === 'Connecting') this.#move(attempt);
    else if (attempt.phase === 'Waiting') this.#hedgeBeside(attempt);
  }

  maySleep(attempt: Attempt, silentMs: number): boolean {
    // A server that is out may be frozen in the middle of it, and its client's own probes are answered by us.
    if (!this.#client.streams || attempt.upstream.health.state === 'Unhealthy') return false;
    if (silentMs >= this.#in.route.limits.tunnelIdleTimeoutMs) {
      this.#stopAttempts();
      this.#cut('TunnelIdleTimeout');
    }
    return true;
  }

  failed(attempt: Attempt, failure: AttemptFailure): void {
    if (this.#over) return;
    this.#failures.addVictim(attempt.upstream);
    if (attempt === this.#answering) {
      this.#cut(failure);
    } else if (attempt === this.#hedge) {
      this.#hedge = null;
    } else if (this.#hedge) {
      this.#current = this.#hedge;
      this.#hedge = null;
    } else {
      this.#again(attempt, failure);
    }
  }

  // Attempts.

  #attempt(upstream: Upstream, hedge: boolean): void {
    const { context } = this.#in;
    this.#attempts++;
    const { time, observer } = context;
    const terms = { owner: this, upstream, request: this.#head, path: this.#client.path, time, observer };
    const attempt = upstream.protocol === 'HTTP2' ? new Http2Attempt(terms) : new Http1Attempt(terms);
    if (hedge) this.#hedge = attempt;
    else this.#current = attempt;
    const options = {
      forwarding: this.#client.forwarding.lines(this.#head),
      authority: upstream.id,
      expectContinue: this.#head.expectContinue && !this.#continued && !this.#body?.begun,
    };
    // Before it may be given up as too large to be kept.
    const pieces = this.#body?.pieces ?? NO_BODY;
    if (attempt.requestLeft) this.#body?.leaves(attempt);
    attempt.begin(options, pieces, this.#body?.done ?? true);
    this.#body?.holdFor(attempt);
    // What the client was to wait for (its turn, another server's connection) may be over; where this one connects, it will say so.
    if (attempt.phase !== 'Connecting' && attempt.phase !== 'Over') this.drained(attempt);
  }

  /** One failed: another one, if the rule, the budget and the pool have one; else the client is told. */
  #again(attempt: Attempt, failure: AttemptFailure): void {
    const next = this.#failures.after(attempt.upstream, failure, this.mayRetry(attempt));
    if (next === 'None') this.#refuse(failure === 'Unhealthy' && !attempt.requestLeft ? NO_SERVER : FAILURE_ANSWERS[failure], failure);
    else if (next === 'Full') this.#turn.stand(true);
    else this.#attempt(next, false);
  }

  /** Nothing of it has left for a server that seems to be away: it goes to another one instead. */
  #move(attempt: Attempt): void {
    const next = this.mayRetry(attempt) ? this.#failures.instead(attempt.upstream) : null;
    if (!next) return;
    attempt.abort();
    this.#attempt(next, false);
  }

  #hedgeBeside(attempt: Attempt): void {
    if (this.#attempts >= ATTEMPTS || (this.#body && !(this.#body.done && this.#body.whole))) return;
    const next = this.#failures.beside(attempt.upstream);
    if (next) this.#attempt(next, true);
  }

  mayRetry(attempt: Attempt): boolean {
    if (this.#attempts >= ATTEMPTS) return false;
    const responseStarted = this.#answering !== null;
    return this.#failures.mayRetry({ responseStarted, requestLeft: attempt.requestLeft, bodyWhole: this.#body?.whole ?? true });
  }

  get #failures(): Retries {
    this.#retries ??= new Retries(this.#in, this.#head);
    return this.#retries;
  }

  /** The first final response wins, and the other attempt is dropped. */
  #settleOn(attempt: Attempt, head: ResponseHead): void {
    this.#answering = attempt;
    this.#status = head.status;
    this.#turn.answered();
    const hedge = this.#hedge;
    if (!hedge) return;
    this.#hedge = null;
    if (attempt === hedge && this.#current) {
      this.#failures.addVictim(this.#current.upstream);
      this.#current.abort();
      this.#current = attempt;
    } else {
      hedge.abort();
    }
  }

  #stopAttempts(): void {
    this.#current?.abort();
    this.#hedge?.abort();
  }

  // The answer.

  #delivered(attempt: Attempt, takesMore: boolean, done: boolean): void {
    if (done) {
      this.#retries?.tellRescued();
      this.#finish('');
      this.#client.finished();
    } else if (!takesMore) {
      attempt.pause();
    }
  }

  #refuse(answer: FailureAnswer, failure: RequestFailure): void {
    this.refuse(answer.status, answer.message, failure);
  }

  #cut(failure: RequestFailure): void {
    this.#in.metrics.failure(failure);
    this.#retries?.tellLost();
    this.#finish(failure);
    this.#client.abort();
  }

  #finish(failure: RequestFailure | ''): void {
    this.#over = true;
    const { context, metrics, route } = this.#in;
    this.#turn.end();
    if (this.#timed) this.#in.deadlines.delete(this);
    const durationMs = context.time.now() - this.startedAt;
    metrics.ended(this.#status, durationMs);
    if (route.telemetry.accessLog === 'None') return;
    context.accessLog.write({
      listener: route.listener.name,
      client: this.#client.address,
      method: this.#head.method,
      target: this.#head.target,
      status: this.#status === 0 ? CLIENT_GONE : this.#status,
      durationMs,
      endpoint: this.#answering?.upstream.id ?? '',
      attempts: this.#attempts,
      failure,
    });
  }

  #responseField(endpoint: string, failure = ''): string {
    const name = this.#in.route.telemetry.responseHeader;
    return name === null ? '' : `${name}: ${endpoint}; attempts=${this.#attempts}${failure}\r\n`;
  }
}
