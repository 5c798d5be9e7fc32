import { viaNames } from '../http1/forwarding.ts';
import type { RequestHead, ResponseHead } from '../http1/types.ts';
import type { Applicant } from './admission.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';
import { type BodyPiece, bodyPieces } from './body-text.ts';
import type { ExchangeClient, ExchangeSurroundings } from './exchange-client.ts';
import { type AttemptFailure, FAILURE_ANSWERS, type FailureAnswer, NO_SERVER } from './failure.ts';
import { Http1Attempt } from './http1-attempt.ts';
import { Http2Attempt } from './http2-attempt.ts';
import { ATTEMPTS, OVERLOAD_FIELDS, WAITING_BYTES } from './limits.ts';
import type { RequestFailure } from './proxy-metrics.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import type { TimedRequest } from './request-deadlines.ts';
import { type Found, findFree, type Waiter } from './request-line.ts';
import { mayHedge, mayRetry, methodMayRetry } from './retry-rule.ts';
import type { Upstream } from './upstream.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const NO_ENDPOINTS: readonly Upstream[] = [];
const NO_BODY: readonly BodyPiece[] = [];
const NO_PAYLOAD: readonly Buffer[] = [];
/** As nginx counts them: the client left before it had an answer. Only in metrics and the access log. */
const CLIENT_GONE = 499;

/** One request of a client, with its attempts: usually one, another where that failed and the rule allows it, or beside it as a hedge. */
export class Exchange implements AttemptOwner, Applicant, Waiter, TimedRequest {
  readonly #client: ExchangeClient;
  readonly #in: ExchangeSurroundings;
  readonly #head: RequestHead;
  readonly startedAt: number;
  readonly #replay: ReplayBuffer | null;
  /** What of the body has come with the head, while `begin` runs: of little of it, views that are valid during that call only. */
  #fresh: readonly Buffer[] = NO_PAYLOAD;
  #bodyDone = false;
  #bodyBegun = false;
  #continued = false;
  #current: Attempt | null = null;
  #hedge: Attempt | null = null;
  /** The attempt whose final response is being delivered. */
  #answering: Attempt | null = null;
  #tried: readonly Upstream[] = NO_ENDPOINTS;
  /** Endpoints that held this request, or that it failed on. */
  #victims: readonly Upstream[] = NO_ENDPOINTS;
  #attempts = 0;
  #rescued = false;
  #staleRetried = false;
  #status = 0;
  #over = false;
  #waitsFor: 'Nothing' | 'Turn' | 'Server' = 'Nothing';
  /** Among those without an answer that admission counts. */
  #counted = false;
  /** Among the deadlines. */
  #timed = false;

  constructor(client: ExchangeClient, surroundings: ExchangeSurroundings, head: RequestHead, now: number) {
    this.#client = client;
    this.#in = surroundings;
    this.#head = head;
    this.startedAt = now;
    this.#replay = head.framing.type === 'none' ? null : new ReplayBuffer(surroundings.route.failover.replayBufferBytes);
    surroundings.metrics.active++;
  }

  /** Starts, with as much of the body as has come with the head. */
  begin(payload: readonly Buffer[], done: boolean): void {
    this.#bodyDone = done;
    this.#bodyBegun = payload.length > 0;
    this.#fresh = payload;
    this.#start();
    this.#fresh = NO_PAYLOAD;
    if (payload.length > 0 && !this.#over) this.#keepBody(payload, done);
  }

  #start(): void {
    const { route, line, deadlines, context } = this.#in;
    const { limits } = route;
    if (viaNames(this.#head.via, context.pseudonym)) {
      this.refuse(508, 'the request has been through this balancer before', 'Loop');
      return;
    }
    if (limits.requestTimeoutMs > 0) {
      this.#timed = true;
      deadlines.add(this);
    }
    if (limits.requestsPerServer > 0) {
      const found = line.length > 0 ? 'Full' : this.find();
      if (found === 'Full') this.#wait(false);
      else this.proceed(found);
    } else if (context.admission.ask(this)) {
      this.admitted();
    } else {
      this.#waitsFor = 'Turn';
      this.#holdWhileWaiting();
    }
  }

  admitted(): boolean {
    if (this.#over) return false;
    this.#counted = true;
    this.proceed(this.#in.route.picker.pick() ?? 'None');
    return true;
  }

  /** More of the request's body. */
  body(payload: readonly Buffer[], done: boolean): void {
    if (this.#over) return;
    const pieces = this.#keepBody(payload, done);
    const attempt = this.#current;
    if (!attempt || attempt.phase === 'Over') return;
    if (pieces.length === 0 && !done) return;
    attempt.write(pieces, done);
    this.#holdFor(attempt);
  }

  /** What was handed over last is in use: for another attempt, or by a write that is not done. */
  get holdsPayload(): boolean {
    return (this.#replay?.holds ?? false) || (this.#current?.hasUnsent ?? false);
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
    this.#client.refuse(status, message, this.#responseField('-') + (overload ? OVERLOAD_FIELDS : ''));
    this.#in.metrics.failure(failure);
    for (const victim of this.#victims) this.#in.context.observer.lost(victim);
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
    if (this.#waitsFor === 'Server') this.refuse(503, 'no server had room before the client ended its half', 'ClientGone');
  }

  clientDrained(): void {
    this.#answering?.resume();
  }

  requestTimeout(): void {
    this.refuse(504, 'the request took too long', 'RequestTimeout');
  }

  // In line for a server.

  find(): Found {
    const { picker, limits } = this.#in.route;
    const failed = this.#current?.upstream;
    if (!failed) return findFree(picker, limits.requestsPerServer);
    const tried = this.#tried;
    const other = findFree(picker, limits.requestsPerServer, (each) => each === failed || tried.includes(each));
    // Where the only one left is the one whose kept-alive connection was stale, nothing speaks against a new connection to it.
    const same = typeof other === 'string' ? findFree(picker, limits.requestsPerServer, (each) => tried.includes(each)) : other;
    return same === 'None' ? other : same;
  }

  proceed(found: Upstream | 'None'): void {
    const waited = this.#waitsFor !== 'Nothing';
    this.#waitsFor = 'Nothing';
    if (found === 'None') {
      this.#refuse(NO_SERVER, 'NoServer');
      return;
    }
    const attempt = this.#attempt(found, false);
    if (waited && attempt.phase !== 'Connecting') this.drained(attempt);
  }

  pendingTimeout(): void {
    this.#waitsFor = 'Nothing';
    this.refuse(503, 'no server had room in time', 'PendingTimeout');
  }

  /** `ahead`: a server has failed it. */
  #wait(ahead: boolean): void {
    const { line, route, context } = this.#in;
    if (!line.enter(this, context.time.now(), ahead, route.limits.pendingRequests)) {
      this.refuse(503, 'too many requests are waiting for a server', 'TooManyPending');
      return;
    }
    this.#waitsFor = 'Server';
    this.#holdWhileWaiting();
  }

  /** What waits takes up no more memory than its first bytes. Until then it is read, since a client that leaves is seen by that alone. */
  #holdWhileWaiting(): void {
    if (!this.#bodyDone && this.#replay && this.#replay.bytes >= WAITING_BYTES) this.#client.holdBody();
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
    this.#bytesLeft(attempt);
    this.drained(attempt);
  }

  drained(attempt: Attempt): void {
    if (!this.#bodyDone && !attempt.needsDrain) this.#client.takeBody();
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
    this.#settleOn(attempt);
    this.#status = head.status;
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
    this.#settleOn(attempt);
    this.#status = head.status;
    const extraFields = this.#responseField(attempt.upstream.id);
    this.#finish('');
    this.#client.tunnel(head, extraFields, connection, rest);
  }

  suspected(attempt: Attempt): void {
    if (this.#over || this.#hedge || attempt !== this.#current) return;
    if (attempt.phase === 'Connecting') this.#move(attempt);
    else if (attempt.phase === 'Waiting' && this.#mayHedge()) this.#startHedge(attempt);
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
    this.#victims = [...this.#victims, attempt.upstream];
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

  #attempt(upstream: Upstream, hedge: boolean): Attempt {
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
      expectContinue: this.#head.expectContinue && !this.#continued && !this.#bodyBegun,
    };
    // Before it may be given up as too large to be kept.
    const chunks = this.#fresh.length > 0 ? this.#fresh : (this.#replay?.chunks ?? NO_BODY);
    if (attempt.requestLeft) this.#bytesLeft(attempt);
    attempt.begin(options, chunks, this.#bodyDone);
    this.#holdFor(attempt);
    return attempt;
  }

  /** One failed: another one, if the rule, the budget and the pool have one; else the client is told. */
  #again(attempt: Attempt, failure: AttemptFailure): void {
    const stale = failure === 'Stale' && !this.#staleRetried;
    if (stale) this.#staleRetried = true;
    else this.#tried = [...this.#tried, attempt.upstream];
    const next = failure !== 'ResponseTimeout' && this.mayRetry(attempt) ? this.find() : 'None';
    const rescue = failure === 'Unhealthy' && !this.#rescued;
    if (next === 'None' || !(stale || rescue || this.#draw())) {
      this.#refuse(failure === 'Unhealthy' && !attempt.requestLeft ? NO_SERVER : FAILURE_ANSWERS[failure], failure);
      return;
    }
    if (rescue) this.#rescued = true;
    (rescue ? this.#in.metrics.rescues : this.#in.metrics.retries).inc();
    if (next === 'Full') this.#wait(true);
    else this.#attempt(next, false);
  }

  /** Nothing of it has left for a server that seems to be away: it goes to another one instead. */
  #move(attempt: Attempt): void {
    const next = this.mayRetry(attempt) ? this.#pickHealthy(attempt.upstream) : null;
    if (!next || !this.#draw()) return;
    this.#tried = [...this.#tried, attempt.upstream];
    this.#victims = [...this.#victims, attempt.upstream];
    attempt.abort();
    this.#in.metrics.retries.inc();
    this.#attempt(next, false);
  }

  #startHedge(attempt: Attempt): void {
    const next = this.#pickHealthy(attempt.upstream);
    if (!next || !this.#draw()) return;
    this.#in.metrics.hedges.inc();
    this.#attempt(next, true);
  }

  #mayHedge(): boolean {
    return (
      this.#bodyDone &&
      this.#attempts < ATTEMPTS &&
      (this.#replay?.whole ?? true) &&
      mayHedge(this.#head.method, this.#in.route.failover.retryMethods)
    );
  }

  mayRetry(attempt: Attempt): boolean {
    if (this.#attempts >= ATTEMPTS) return false;
    return mayRetry({
      responseStarted: this.#answering !== null,
      requestLeft: attempt.requestLeft,
      bodyWhole: this.#replay?.whole ?? true,
      method: this.#head.method,
      hasIdempotencyKey: this.#head.hasIdempotencyKey,
      retryMethods: this.#in.route.failover.retryMethods,
    });
  }

  #pickHealthy(avoid: Upstream): Upstream | null {
    const { picker, limits } = this.#in.route;
    const tried = this.#tried;
    const unfit = (each: Upstream) => each === avoid || each.health.state !== 'Healthy' || tried.includes(each);
    const found = findFree(picker, limits.requestsPerServer, unfit);
    return typeof found === 'string' ? null : found;
  }

  #draw(): boolean {
    if (this.#in.context.budget.take()) return true;
    this.#in.metrics.budgetExhausted.inc();
    return false;
  }

  /** The first final response wins, and the other attempt is dropped. */
  #settleOn(attempt: Attempt): void {
    this.#answering = attempt;
    this.#noLongerCounted();
    const hedge = this.#hedge;
    if (!hedge) return;
    this.#hedge = null;
    if (attempt === hedge && this.#current) {
      this.#victims = [...this.#victims, this.#current.upstream];
      this.#current.abort();
      this.#current = attempt;
    } else {
      hedge.abort();
    }
  }

  #noLongerCounted(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#in.context.admission.answered();
  }

  #stopAttempts(): void {
    this.#current?.abort();
    this.#hedge?.abort();
  }

  // The request's body.

  #keepBody(payload: readonly Buffer[], done: boolean): readonly BodyPiece[] {
    this.#bodyDone = done;
    const replay = this.#replay;
    if (!replay) return NO_BODY;
    if (payload.length > 0) this.#bodyBegun = true;
    // What has left and may not be sent again needs no copy.
    if (!replay.whole) return payload;
    const pieces = bodyPieces(payload);
    for (const piece of pieces) replay.append(piece);
    if (this.#waitsFor !== 'Nothing') this.#holdWhileWaiting();
    else if (!done && replay.full && this.#current?.phase === 'Connecting') this.#client.holdBody();
    return pieces;
  }

  /** A server that takes no more of the body stops the reading from the client. */
  #holdFor(attempt: Attempt): void {
    if (!this.#bodyDone && attempt.needsDrain) this.#client.holdBody();
  }

  /** What could not be sent again anyway is not kept. */
  #bytesLeft(attempt: Attempt): void {
    const { method, hasIdempotencyKey } = this.#head;
    const repeatable = () => methodMayRetry(method, hasIdempotencyKey, this.#in.route.failover.retryMethods);
    this.#replay?.unpin(attempt.mayBeDisowned || repeatable());
  }

  // The answer.

  #delivered(attempt: Attempt, takesMore: boolean, done: boolean): void {
    if (done) {
      for (const victim of this.#victims) this.#in.context.observer.rescued(victim);
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
    for (const victim of this.#victims) this.#in.context.observer.lost(victim);
    this.#finish(failure);
    this.#client.abort();
  }

  #finish(failure: RequestFailure | ''): void {
    this.#over = true;
    const { context, metrics, route } = this.#in;
    if (this.#waitsFor === 'Server') this.#in.line.leave(this);
    if (this.#timed) this.#in.deadlines.delete(this);
    this.#waitsFor = 'Nothing';
    this.#noLongerCounted();
    const durationMs = context.time.now() - this.startedAt;
    metrics.active--;
    metrics.response(this.#status);
    metrics.seconds.observe(durationMs / 1000);
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

  #responseField(endpoint: string): string {
    const name = this.#in.route.telemetry.responseHeader;
    return name === null ? '' : `${name}: ${endpoint}; attempts=${this.#attempts}\r\n`;
  }
}
