import type { Counter, Histogram, Metric, Registry } from '../telemetry/metrics.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Why a request ended otherwise than by a server's whole answer; the `reason` of evenkeel_failures_total. */
export type RequestFailure =
  | 'NoServer'
  | 'Refused' // by us: a request that is malformed, or that nobody could forward
  | 'HandshakeFailed' // of TLS, with a client
  | 'UnrecognizedName' // of TLS that is passed on: no backend is for the host that a client asks for
  | 'Loop'
  | 'ClientGone'
  | 'GoingDown' // cut when the balancer, or its listener, went down
  | ReachedLimit
  | 'ConnectFailed'
  | 'ConnectTimeout'
  | 'Broken'
  | 'Stale'
  | 'NotProcessed'
  | 'BadResponse'
  | 'ResponseTimeout'
  | 'Cut'
  | 'Unhealthy'
  | 'OutOfResources';

/** A limit of spec.limits that was reached; those of a request head as ProtocolError.code has them. */
export type ReachedLimit =
  | HeadLimit
  | 'BodyTooLarge'
  | 'TooManyConnections'
  | 'HeadTimeout'
  | 'BodyTimeout'
  | 'WriteTimeout'
  | 'RequestTimeout'
  | 'TunnelIdleTimeout'
  | 'TunnelHalfOpenTimeout'
  | 'TooManyPending'
  | 'PendingTimeout';

type HeadLimit = 'HeadTooLarge' | 'TooManyFields' | 'TargetTooLong' | 'HeadTimeout';
const HEAD_LIMITS: readonly string[] = ['HeadTooLarge', 'TooManyFields', 'TargetTooLong', 'HeadTimeout'] satisfies HeadLimit[];

/** The reason to count for a request that the codec refused with `code`. */
export function refusalReason(code: string): RequestFailure {
  return HEAD_LIMITS.includes(code) ? (code as HeadLimit) : 'Refused';
}

/** The counters of one listener, looked up once. */
export class ListenerMetrics {
  readonly retries: Counter;
  readonly rescues: Counter;
  readonly hedges: Counter;
  readonly budgetExhausted: Counter;
  readonly seconds: Histogram;
  readonly connectionsTotal: Counter;
  connections = 0;
  active = 0;
  pending = 0;
  readonly #responses: readonly Counter[];
  readonly #failures: Metric<Counter>;
  readonly #name: string;

  constructor(name: string, metrics: ProxyMetrics) {
    this.#name = name;
    this.#responses = CLASSES.map((each) => metrics.requests.with(name, each));
    this.#failures = metrics.failures;
    this.retries = metrics.retries.with(name);
    this.rescues = metrics.rescues.with(name);
    this.hedges = metrics.hedges.with(name);
    this.budgetExhausted = metrics.budgetExhausted.with(name);
    this.seconds = metrics.seconds.with(name);
    this.connectionsTotal = metrics.connectionsTotal.with(name);
  }

  /** A request that counted as active is over; status 0: it has no answer. */
  ended(status: number, durationMs: number): void {
    this.active--;
    this.response(status);
    this.seconds.observe(durationMs / 1000);
  }

  response(status: number): void {
    this.#responses[Math.floor(status / 100) - 1]?.inc();
  }

  failure(reason: RequestFailure): void {
    this.#failures.with(this.#name, reason).inc();
  }
}

export class ProxyMetrics {
  readonly requests: Metric<Counter>;
  readonly failures: Metric<Counter>;
  readonly retries: Metric<Counter>;
  readonly rescues: Metric<Counter>;
  readonly hedges: Metric<Counter>;
  readonly budgetExhausted: Metric<Counter>;
  readonly seconds: Metric<Histogram>;
  readonly connectionsTotal: Metric<Counter>;
  readonly #listeners = new Map<string, ListenerMetrics>();

  constructor(registry: Registry) {
    const byListener = ['listener'];
    this.requests = registry.counter('evenkeel_requests_total', 'Requests answered, by class of status.', ['listener', 'class']);
    this.failures = registry.counter('evenkeel_failures_total', 'Requests that ended otherwise than by the whole answer of a server.', [
      'listener',
      'reason',
    ]);
    this.retries = registry.counter('evenkeel_retries_total', 'Attempts made again after one failed.', byListener);
    this.rescues = registry.counter('evenkeel_rescues_total', 'Attempts made again because their server was marked down.', byListener);
    this.hedges = registry.counter('evenkeel_hedges_total', 'Attempts made beside one that a suspected server holds.', byListener);
    this.budgetExhausted = registry.counter(
      'evenkeel_retry_budget_exhausted_total',
      'Attempts not made again for want of budget.',
      byListener,
    );
    this.seconds = registry.histogram(
      'evenkeel_request_duration_seconds',
      'From the head of a request to the end of its answer.',
      SECONDS,
      byListener,
    );
    this.connectionsTotal = registry.counter('evenkeel_client_connections_total', 'Client connections accepted.', byListener);
    registry.gauge('evenkeel_client_connections', 'Client connections open.', byListener).collect((gauge) => {
      for (const [name, listener] of this.#listeners) gauge.with(name).set(listener.connections);
    });
    registry.gauge('evenkeel_active_requests', 'Requests under way.', byListener).collect((gauge) => {
      for (const [name, listener] of this.#listeners) gauge.with(name).set(listener.active);
    });
    registry.gauge('evenkeel_pending_requests', 'Requests that wait for a server under its limit.', byListener).collect((gauge) => {
      for (const [name, listener] of this.#listeners) gauge.with(name).set(listener.pending);
    });
  }

  listener(name: string): ListenerMetrics {
    let listener = this.#listeners.get(name);
    if (!listener) {
      listener = new ListenerMetrics(name, this);
      this.#listeners.set(name, listener);
    }
    return listener;
  }
}
