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
import { isNews } from './report-news.ts';
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
/** So often, give or take a tenth, it is made sure that the report still stands, which writes nothing where it does. */
const CONFIRM_MS = 600_000;
const CLOSE_TIMEOUT_MS = 3_000;
const WRITE_TIMEOUT_MS = 10_000;
const BACKOFF = { baseMs: 1_000, capMs: 15_000 };
/** While close() waits. */
const LAST_BACKOFF = { baseMs: 100, capMs: 500 };

interface Published {
  readonly report: BalancerReportBody;
  readonly at: number;
}

/** The report as it stands in the API. */
interface Written {
  readonly report: BalancerReportBody;
  readonly uid: string;
  /** When to make sure of it. */
  readonly confirmAt: number;
}

/**
 * Writes a balancer's reports into its BalancerReport: the newest, at most two a second, until it is written, and only where it tells
 * something new: thousands of balancers at rest cost the API server nothing. Where somebody has deleted the object it is made anew, with
 * the next news or within about ten minutes.
 */
export class ReportSink implements HealthSink {
  readonly #options: ReportSinkOptions;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #ended = new AbortController();
  #newest: Published | null = null;
  /** Null: not known, so whatever comes next is written. */
  #written: Written | null = null;
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

  /** What stands in the API may not be what was written: etcd may have been restored. The next report is written, news or not. */
  forget(): void {
    this.#written = null;
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
      const error = await this.#bringUpToDate(published);
      if (error === 'Nothing') continue;
      failures = error === null ? 0 : failures + 1;
      // What failed is written later, unless there is something newer by then. A report that the API server refuses will never do.
      if (error !== null && !isRefused(error)) this.#newest ??= published;
      await this.#pause(failures);
    }
    this.#writing = null;
  }

  /** `Nothing` had to be sent; null: it was written; else why not. */
  async #bringUpToDate({ report, at }: Published): Promise<unknown> {
    const written = this.#written;
    if (written !== null && !isNews(written.report, report)) {
      if (this.#timers.now() < written.confirmAt) return 'Nothing';
      if (await this.#confirm(written)) return null;
    }
    return this.#write(aged(report, Math.round(this.#timers.now() - at)));
  }

  /** Applies the same once more, to that very object: true where it stands, or where that cannot be found out now. */
  async #confirm(written: Written): Promise<boolean> {
    const object = this.#objectOf(written.report);
    try {
      await this.#apply({ ...object, metadata: { ...object.metadata, uid: written.uid } });
    } catch (error) {
      if (error instanceof ApiError && [404, 409, 422].includes(error.code)) return false;
      this.#logger.debug('it could not be found out whether the report still stands', { error });
    }
    this.#written = { ...written, confirmAt: this.#nextConfirmAt() };
    return true;
  }

  #nextConfirmAt(): number {
    const { random = Math.random } = this.#options;
    return this.#timers.now() + CONFIRM_MS * (0.9 + random() / 5);
  }

  /** The interval between two writes is the API server's protection, which a closing balancer's one last write does not need. */
  async #pause(failures: number): Promise<void> {
    const { intervalMs = INTERVAL_MS, random = Math.random } = this.#options;
    if (failures === 0) return sleep(this.#timers, intervalMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) return sleep(this.#timers, backoffMs(failures, BACKOFF, random), this.#closing.signal);
    return sleep(this.#timers, backoffMs(failures, LAST_BACKOFF, random), this.#ended.signal);
  }

  async #write(report: BalancerReportBody): Promise<unknown> {
    // Until the answer is here it is open what stands there.
    this.#written = null;
    try {
      const { metadata } = await this.#apply(this.#objectOf(report));
      this.#written = { report, uid: metadata?.uid ?? '', confirmAt: this.#nextConfirmAt() };
      return null;
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#logger.warn('the report could not be written', { error });
      return error;
    }
  }

  #apply(object: KubeObject): Promise<KubeObject> {
    return this.#options.client.apply(object, {
      fieldManager: BALANCER_FIELD_MANAGER,
      force: true,
      timeoutMs: WRITE_TIMEOUT_MS,
      signal: this.#ended.signal,
    });
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
