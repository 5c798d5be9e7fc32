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
  worked(durationMs: number, result: WorkResult): void;
}

/** As controller-runtime tells them. `requeue`: it asked to be worked on again at once; `requeue_after`: later. */
export type WorkResult = 'success' | 'error' | 'requeue' | 'requeue_after';

const BACKOFF: BackoffLimits = { baseMs: 100, capMs: 60_000 };

interface Delayed {
  readonly at: number;
  urgency: Urgency;
  cancel: () => void;
}

/** `Urgent` keys are taken before others, but for every fourth turn, so that none waits for ever. */
export type Urgency = 'Ordinary' | 'Urgent';

const URGENT_IN_A_ROW = 3;

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
  readonly #waiting: Readonly<Record<Urgency, Map<string, number>>> = { Ordinary: new Map(), Urgent: new Map() };
  #urgentInARow = 0;
  readonly #working = new Set<string>();
  readonly #again = new Map<string, Urgency>();
  readonly #delayed = new Map<string, Delayed>();
  /** What those that are worked on have asked for meanwhile. */
  readonly #requeued = new Map<string, 'requeue' | 'requeue_after'>();
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

  add(key: string, urgency: Urgency = 'Ordinary'): void {
    const { Ordinary, Urgent } = this.#waiting;
    if (this.#state === 'shutDown' || Urgent.has(key)) return;
    const since = Ordinary.get(key);
    if (since !== undefined) {
      if (urgency === 'Ordinary') return;
      Ordinary.delete(key);
      Urgent.set(key, since);
      return;
    }
    this.#options.observer?.added();
    if (this.#working.has(key)) {
      if (this.#again.get(key) !== 'Urgent') this.#again.set(key, urgency);
      return;
    }
    this.#waiting[urgency].set(key, this.#timers.now());
    this.#noteDepth();
    this.#takeNext();
  }

  /** Adds the key after `ms`; where it is to be added later anyway, the earlier time counts. A handler asks by it to be called again. */
  addAfter(key: string, ms: number, urgency: Urgency = 'Ordinary'): void {
    if (this.#state === 'shutDown') return;
    if (this.#working.has(key) && this.#requeued.get(key) !== 'requeue') this.#requeued.set(key, ms > 0 ? 'requeue_after' : 'requeue');
    const at = this.#timers.now() + ms;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.at <= at) {
      if (urgency === 'Urgent') known.urgency = urgency;
      return;
    }
    known?.cancel();
    const delayed: Delayed = { at, urgency: known?.urgency === 'Urgent' ? 'Urgent' : urgency, cancel: () => {} };
    delayed.cancel = this.#timers.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key, delayed.urgency);
    });
    this.#delayed.set(key, delayed);
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
    this.#waiting.Ordinary.clear();
    this.#waiting.Urgent.clear();
    this.#again.clear();
    this.#noteDepth();
    if (this.#working.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #takeNext(): void {
    while (this.#state === 'started' && this.#working.size < (this.#options.workers ?? 1)) {
      const urgency = this.#whoseTurn();
      const [next] = this.#waiting[urgency];
      if (next === undefined) return;
      const [key, since] = next;
      this.#urgentInARow = urgency === 'Urgent' ? this.#urgentInARow + 1 : 0;
      this.#waiting[urgency].delete(key);
      this.#working.add(key);
      this.#noteDepth();
      this.#options.observer?.taken(this.#timers.now() - since);
      void this.#work(key);
    }
  }

  #whoseTurn(): Urgency {
    const { Ordinary, Urgent } = this.#waiting;
    if (Urgent.size === 0) return 'Ordinary';
    return Ordinary.size > 0 && this.#urgentInARow >= URGENT_IN_A_ROW ? 'Ordinary' : 'Urgent';
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
    const result = succeeded ? (this.#requeued.get(key) ?? 'success') : 'error';
    this.#requeued.delete(key);
    this.#options.observer?.worked(this.#timers.now() - startedAt, result);
    this.#working.delete(key);
    if (succeeded) this.#failures.delete(key);
    else this.#retry(key, failure);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.add(key, again);
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
    this.#options.observer?.depth(this.#waiting.Ordinary.size + this.#waiting.Urgent.size);
  }
}
