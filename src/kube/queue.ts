import type { Random } from '../model/clock.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { type BackoffLimits, backoffMs } from './backoff.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface WorkQueueOptions {
  /** Works on what the key stands for, read anew. Rejecting means: again, later and later. */
  readonly handler: (key: string) => Promise<void>;
  /** Keys worked on at once; each key only once at a time. 1 unless given. */
  readonly workers?: number;
  readonly backoff?: BackoffLimits;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly observer?: QueueObserver;
}

/** For metrics. */
export interface QueueObserver {
  /** Keys that wait for a worker now. */
  depth(keys: number): void;
  added(): void;
  /** A worker took a key that had waited so long. */
  taken(waitedMs: number): void;
  retried(): void;
  worked(durationMs: number, succeeded: boolean): void;
}

const BACKOFF: BackoffLimits = { baseMs: 100, capMs: 60_000 };

interface Delayed {
  readonly at: number;
  readonly cancel: () => void;
}

/**
 * Keys to work on. A key that waits is there once, however often it is added; one that is added while it is worked on is worked on
 * once more afterwards, so that nothing that changed meanwhile is missed. Never larger than the number of different keys.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #logger: Logger;
  /** Since when each waits, in the order in which they will be taken. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  #state: 'new' | 'started' | 'shutDown' = 'new';
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Keys may be added before; they are worked on from now on. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#takeNext();
  }

  add(key: string): void {
    if (this.#state === 'shutDown' || this.#waiting.has(key)) return;
    this.#options.observer?.added();
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.set(key, this.#timers.now());
    this.#noteDepth();
    this.#takeNext();
  }

  /** Adds the key after `ms`; where it is to be added later anyway, the earlier time counts. */
  addAfter(key: string, ms: number): void {
    if (this.#state === 'shutDown') return;
    const at = this.#timers.now() + ms;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.cancel();
    const cancel = this.#timers.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /** The key is gone: no wait for it, and its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** Takes nothing more; resolves when what is being worked on is done. */
  async shutDown(): Promise<void> {
    this.#state = 'shutDown';
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    this.#noteDepth();
    if (this.#working.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #takeNext(): void {
    if (this.#state !== 'started') return;
    for (const [key, since] of this.#waiting) {
      if (this.#working.size >= (this.#options.workers ?? 1)) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      this.#noteDepth();
      this.#options.observer?.taken(this.#timers.now() - since);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    // The one who added the key finishes first: a handler never runs inside add().
    await Promise.resolve();
    const startedAt = this.#timers.now();
    let failure: unknown;
    let succeeded = true;
    try {
      await this.#options.handler(key);
    } catch (error) {
      failure = error;
      succeeded = false;
    }
    this.#options.observer?.worked(this.#timers.now() - startedAt, succeeded);
    this.#working.delete(key);
    if (succeeded) this.#failures.delete(key);
    else this.#retry(key, failure);
    if (this.#again.delete(key)) this.add(key);
    this.#takeNext();
    if (this.#working.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #retry(key: string, error: unknown): void {
    if (this.#state === 'shutDown') return;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const waitMs = backoffMs(failures, this.#options.backoff ?? BACKOFF, this.#random);
    this.#logger.warn('failed, trying again', { key, error, failures, waitMilliseconds: Math.round(waitMs) });
    this.#options.observer?.retried();
    this.addAfter(key, waitMs);
  }

  #noteDepth(): void {
    this.#options.observer?.depth(this.#waiting.size);
  }
}
