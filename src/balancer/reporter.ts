import type { Clock } from '../model/clock.ts';
import type { HealthSink } from '../model/ports.ts';
import type { BalancerReportBody } from '../model/report.ts';

/** Changes within this time go out in one report. */
const FOLD_MS = 100;

/** Sends reports: soon after a change, and now and then without one. */
export class Reporter {
  readonly #sink: HealthSink;
  readonly #clock: Clock;
  readonly #build: () => BalancerReportBody;
  readonly #intervalMs: number;
  #dueAt = Number.POSITIVE_INFINITY;
  #closed = false;

  /** Nothing is sent before the first `changed`. */
  constructor(sink: HealthSink, clock: Clock, intervalMs: number, build: () => BalancerReportBody) {
    this.#sink = sink;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#build = build;
  }

  changed(): void {
    this.#dueAt = Math.min(this.#dueAt, this.#clock() + FOLD_MS);
  }

  /** Asked now and then. */
  tick(): void {
    if (this.#clock() >= this.#dueAt) this.#publish();
  }

  /** Sends the last word, and ends the sink. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#dueAt < Number.POSITIVE_INFINITY) this.#publish();
    this.#closed = true;
    await this.#sink.close();
  }

  #publish(): void {
    if (this.#closed) return;
    this.#dueAt = this.#clock() + this.#intervalMs;
    this.#sink.publish(this.#build());
  }
}
