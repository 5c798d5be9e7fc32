import type { KubeObject } from '../api/meta.ts';
import { SERVICE_LABEL } from '../api/v1alpha1/labels.ts';
import { API_VERSION, BALANCER_FIELD_MANAGER, REPORT_KIND } from '../api/v1alpha1/names.ts';
import type { Random } from '../model/clock.ts';
import type { HealthSink } from '../model/ports.ts';
import type { BalancerReportBody } from '../model/report.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { backoffMs } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';
import { sleep, systemTimers, type Timers } from './timers.ts';

export interface ReportSinkOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  /** Name of the LoadBalancedService. */
  readonly service: string;
  /** Between two writes; half a second unless given, so that report and status together tell of a change within two. */
  readonly intervalMs?: number;
  /** For what is outstanding at the end; 3 s unless given. */
  readonly closeTimeoutMs?: number;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
}

const INTERVAL_MS = 500;
const CLOSE_TIMEOUT_MS = 3_000;
const WRITE_TIMEOUT_MS = 10_000;
const BACKOFF = { baseMs: 1_000, capMs: 15_000 };
/** While close() waits. */
const LAST_BACKOFF = { baseMs: 100, capMs: 500 };

interface Published {
  readonly report: BalancerReportBody;
  readonly at: number;
}

/**
 * Writes a balancer's reports into its BalancerReport: the newest, at most two a second, until it is written. Server-side apply makes
 * the object anew where somebody has deleted it.
 */
export class ReportSink implements HealthSink {
  readonly #options: ReportSinkOptions;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #ended = new AbortController();
  #newest: Published | null = null;
  #writing: Promise<void> | null = null;

  constructor(options: ReportSinkOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#logger = options.logger ?? silentLogger;
  }

  publish(report: BalancerReportBody): void {
    if (this.#closing.signal.aborted) return;
    this.#newest = { report, at: this.#timers.now() };
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const cancel = this.#timers.after(this.#options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS, () => this.#ended.abort());
    await this.#writing;
    cancel();
  }

  /** Ends when there is nothing left to write and the interval after the last write is over. */
  async #writeAll(): Promise<void> {
    let failures = 0;
    while (this.#newest !== null && !this.#ended.signal.aborted) {
      const published = this.#newest;
      this.#newest = null;
      const error = await this.#write(aged(published.report, Math.round(this.#timers.now() - published.at)));
      failures = error === null ? 0 : failures + 1;
      // What failed is written later, unless there is something newer by then. A report that the API server refuses will never do.
      if (error !== null && !isRefused(error)) this.#newest ??= published;
      await this.#pause(failures);
    }
    this.#writing = null;
  }

  /** The interval between two writes is the API server's protection, which a closing balancer's one last write does not need. */
  async #pause(failures: number): Promise<void> {
    const { intervalMs = INTERVAL_MS, random = Math.random } = this.#options;
    if (failures === 0) return sleep(this.#timers, intervalMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) return sleep(this.#timers, backoffMs(failures, BACKOFF, random), this.#closing.signal);
    return sleep(this.#timers, backoffMs(failures, LAST_BACKOFF, random), this.#ended.signal);
  }

  async #write(report: BalancerReportBody): Promise<unknown> {
    try {
      await this.#options.client.apply(this.#objectOf(report), {
        fieldManager: BALANCER_FIELD_MANAGER,
        force: true,
        timeoutMs: WRITE_TIMEOUT_MS,
        signal: this.#ended.signal,
      });
      return null;
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#logger.warn('the report could not be written', { error });
      return error;
    }
  }

  #objectOf(report: BalancerReportBody): KubeObject {
    const { namespace, podName, podUid, service } = this.#options;
    const object = {
      apiVersion: API_VERSION,
      kind: REPORT_KIND,
      metadata: {
        name: podName,
        namespace,
        labels: { [SERVICE_LABEL]: service },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUid }],
      },
      spec: report,
    };
    return object;
  }
}

/** A report says how long ago things were when it was published: by `ms` longer when it is written that much later. */
function aged(report: BalancerReportBody, ms: number): BalancerReportBody {
  return {
    ...report,
    unhealthyEndpoints: report.unhealthyEndpoints.map((each) => ({ ...each, forMilliseconds: each.forMilliseconds + ms })),
    failovers: report.failovers.map((each) => ({ ...each, agoMilliseconds: each.agoMilliseconds + ms })),
  };
}

/** The API server will not take this very report: its shape is wrong. */
function isRefused(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 400 || error.code === 422);
}
