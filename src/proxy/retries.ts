import type { RequestHead } from '../http1/types.ts';
import type { ExchangeSurroundings } from './exchange-client.ts';
import type { AttemptFailure } from './failure.ts';
import { type Found, findFree } from './request-line.ts';
import { mayHedge, mayRetry, type RetryQuestion } from './retry-rule.ts';
import type { Upstream } from './upstream.ts';

const NO_ENDPOINTS: readonly Upstream[] = [];

/** Where one request goes that a server has failed, or is about to fail, as far as the budget and the pool have something for it. */
export class Retries {
  readonly #in: ExchangeSurroundings;
  readonly #head: RequestHead;
  #tried = NO_ENDPOINTS;
  /** Endpoints that held the request, or that it failed on. */
  #victims = NO_ENDPOINTS;
  #rescued = false;
  #staleRetried = false;

  constructor(surroundings: ExchangeSurroundings, head: RequestHead) {
    this.#in = surroundings;
    this.#head = head;
  }

  addVictim(upstream: Upstream): void {
    this.#victims = [...this.#victims, upstream];
  }

  /** The client has its answer all the same. */
  tellRescued(): void {
    for (const victim of this.#victims) this.#in.context.observer.rescued(victim);
  }

  tellLost(): void {
    for (const victim of this.#victims) this.#in.context.observer.lost(victim);
  }

  mayRetry(soFar: Pick<RetryQuestion, 'responseStarted' | 'requestLeft' | 'bodyWhole'>): boolean {
    const { method, hasIdempotencyKey } = this.#head;
    return mayRetry({ ...soFar, method, hasIdempotencyKey, retryMethods: this.#in.route.failover.retryMethods });
  }

  /** After `failed`: by preference another one. */
  find(failed: Upstream): Found {
    const { picker, limits } = this.#in.route;
    const tried = this.#tried;
    const other = findFree(picker, limits.requestsPerServer, (each) => each === failed || tried.includes(each), tried.length);
    // Where the only one left is the one whose kept-alive connection was stale, nothing speaks against a new connection to it.
    const same =
      typeof other === 'string' ? findFree(picker, limits.requestsPerServer, (each) => tried.includes(each), tried.length) : other;
    return same === 'None' ? other : same;
  }

  /** An attempt on `failed` ended so. `mayRetry`: the rule allows another one. */
  after(failed: Upstream, failure: AttemptFailure, mayRetry: boolean): Found {
    const stale = failure === 'Stale' && !this.#staleRetried;
    if (stale) this.#staleRetried = true;
    else this.#tried = [...this.#tried, failed];
    const next = failure !== 'ResponseTimeout' && mayRetry ? this.find(failed) : 'None';
    const rescue = failure === 'Unhealthy' && !this.#rescued;
    if (next === 'None' || !(stale || rescue || this.#draw())) return 'None';
    if (rescue) this.#rescued = true;
    (rescue ? this.#in.metrics.rescues : this.#in.metrics.retries).inc();
    return next;
  }

  /** In place of an attempt on `suspect`; null: there is none. */
  instead(suspect: Upstream): Upstream | null {
    const next = this.#drawHealthy(suspect);
    if (!next) return null;
    this.#tried = [...this.#tried, suspect];
    this.addVictim(suspect);
    this.#in.metrics.retries.inc();
    return next;
  }

  /** For a hedge beside an attempt on `suspect`; null: there is none. */
  beside(suspect: Upstream): Upstream | null {
    if (!mayHedge(this.#head.method, this.#in.route.failover.retryMethods)) return null;
    const next = this.#drawHealthy(suspect);
    if (next) this.#in.metrics.hedges.inc();
    return next;
  }

  #drawHealthy(avoid: Upstream): Upstream | null {
    const { picker, limits } = this.#in.route;
    const tried = this.#tried;
    const unfit = (each: Upstream) => each === avoid || each.health.state !== 'Healthy' || tried.includes(each);
    const found = findFree(picker, limits.requestsPerServer, unfit, tried.length);
    return typeof found === 'string' || !this.#draw() ? null : found;
  }

  #draw(): boolean {
    if (this.#in.context.budget.take()) return true;
    this.#in.metrics.budgetExhausted.inc();
    return false;
  }
}
