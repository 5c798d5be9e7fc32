import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { HealthSink } from '../model/ports.ts';
import type { BalancerReportBody } from '../model/report.ts';
import type { Problem, Workload } from '../status/input.ts';
import { type Notice, notices } from '../status/notices.ts';
import { buildStatus } from '../status/status.ts';
import type { Status } from '../status/types.ts';

export interface StatusFacts {
  readonly resource: LoadBalancedService;
  readonly workloads: ReadonlyMap<string, Workload>;
  /** The balancer listens. */
  readonly serving: boolean;
  readonly stalled: Problem | null;
}

export interface StatusKeeperOptions {
  /** As things are now. */
  readonly facts: () => StatusFacts;
  /** Called when the status has become another, never for the same one twice. */
  readonly onChange: (status: Status, notices: readonly Notice[]) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The only balancer of a resource here; in a cluster this is the name of a pod. */
const BALANCER = 'local';

/** What a balancer reports, made into the status that the resource would have in a cluster, by the same functions. */
export class StatusKeeper implements HealthSink {
  readonly #options: StatusKeeperOptions;
  readonly #now: () => number;
  #report: { readonly body: BalancerReportBody; readonly atMs: number } | null = null;
  #status: Status | undefined;
  #text = '';
  #heartbeatWrittenAtMs: number | null = null;
  #due: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: StatusKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get status(): Status | undefined {
    return this.#status;
  }

  get report(): BalancerReportBody | null {
    return this.#report?.body ?? null;
  }

  publish(body: BalancerReportBody): void {
    this.#report = { body, atMs: this.#now() };
    this.refresh();
  }

  /** Looks again: something besides the report has changed. */
  refresh(): void {
    if (this.#closed) return;
    const nowMs = this.#now();
    const { resource, workloads, serving, stalled } = this.#options.facts();
    const previous = this.#status;
    const { status, failovers, heartbeat } = buildStatus({
      resource,
      previous,
      views: this.#report === null ? [] : [{ name: BALANCER, presence: 'Ready', reportedAtMs: this.#report.atMs, body: this.#report.body }],
      balancers: { desired: 1, ready: serving ? 1 : 0, upToDate: serving, rollingOut: null, failed: null },
      servers: workloads,
      outcome: { notAccepted: null, stalled, pending: null },
      configGeneration: resource.metadata.generation ?? 0,
      nowMs,
      heartbeatWrittenAtMs: this.#heartbeatWrittenAtMs,
    });
    if (heartbeat.rewritten) this.#heartbeatWrittenAtMs = nowMs;
    this.#wakeAt(heartbeat.dueAtMs, nowMs);
    const text = JSON.stringify(status);
    if (text === this.#text) return;
    this.#status = status;
    this.#text = text;
    this.#options.onChange(status, notices(previous, status, failovers));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#wakeAt(null, 0);
    return Promise.resolve();
  }

  /** Heartbeat figures that were held back are due later. */
  #wakeAt(dueAtMs: number | null, nowMs: number): void {
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = dueAtMs === null ? null : setTimeout(() => this.refresh(), Math.max(1, dueAtMs - nowMs));
  }
}
