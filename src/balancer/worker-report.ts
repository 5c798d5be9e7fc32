import type { HealthEvent } from '../health/record.ts';
import type { Upstream } from '../proxy/upstream.ts';
import type { Pool } from './pool.ts';
import type { ProcessFrontend } from './process-frontend.ts';
import type { FromWorker } from './worker-messages.ts';

export interface WorkerReportOptions {
  readonly send: (message: FromWorker) => void;
  readonly pool: Pool;
  readonly frontend: ProcessFrontend;
}

const METRICS_MS = 1_000;
/** That an endpoint goes on owing an answer is told again after this long. */
const OVERDUE_AGAIN_MS = 100;

interface Load {
  readonly requests: number;
  readonly active: number;
  readonly connections: number;
}

/** What a worker tells of itself and of what happens to endpoints: gathered, so that a burst is one message. */
export class WorkerReport {
  readonly #send: (message: FromWorker) => void;
  readonly #pool: Pool;
  readonly #frontend: ProcessFrontend;
  #events: (readonly [string, HealthEvent])[] = [];
  readonly #overdue = new Map<string, number>();
  /** As they were told last. */
  #loads = new Map<string, Load>();
  #state = '';
  #version = 0;
  #metricsDueAt = 0;

  constructor({ send, pool, frontend }: WorkerReportOptions) {
    this.#send = send;
    this.#pool = pool;
    this.#frontend = frontend;
  }

  seen({ key }: Upstream, event: HealthEvent): void {
    if (event.type === 'TrafficUnanswered' && !this.#isNews(key, event.at)) return;
    if (this.#events.length === 0) setImmediate(() => this.#flush());
    this.#events.push([key, event]);
  }

  /** It goes by this version of the endpoints from now on. */
  goesBy(version: number): void {
    this.#version = version;
    for (const key of this.#overdue.keys()) if (!this.#pool.find(key)) this.#overdue.delete(key);
    this.changed();
  }

  /** Something of its status has changed. */
  changed(): void {
    this.#tell(null);
  }

  /** `now`: LoopTime. */
  tick(now: number): void {
    const due = now >= this.#metricsDueAt;
    if (due) this.#metricsDueAt = now + METRICS_MS;
    this.#tell(due ? this.#frontend.metrics() : null);
  }

  /** The last word. */
  last(): void {
    this.#flush();
    this.#tell(this.#frontend.metrics());
  }

  #isNews(key: string, at: number): boolean {
    if (at - (this.#overdue.get(key) ?? Number.NEGATIVE_INFINITY) < OVERDUE_AGAIN_MS) return false;
    this.#overdue.set(key, at);
    return true;
  }

  #flush(): void {
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#send({ type: 'Seen', events });
  }

  #tell(metrics: string | null): void {
    const { ready, problems } = this.#frontend;
    const state = JSON.stringify([ready, problems, this.#version]);
    const loads = this.#changedLoads();
    if (metrics === null && loads.length === 0 && state === this.#state) return;
    this.#state = state;
    this.#send({ type: 'Status', version: this.#version, ready, problems, loads, metrics });
  }

  #changedLoads(): (readonly [string, number, number, number])[] {
    const before = this.#loads;
    const changed: (readonly [string, number, number, number])[] = [];
    this.#loads = new Map();
    for (const { key, requests, active, connections } of this.#pool.upstreams) {
      const known = before.get(key);
      const same = known?.requests === requests && known.active === active && known.connections === connections;
      if (!same && (known || requests > 0)) changed.push([key, requests, active, connections]);
      this.#loads.set(key, same ? known : { requests, active, connections });
    }
    return changed;
  }
}
