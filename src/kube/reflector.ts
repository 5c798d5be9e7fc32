import type { KubeObject } from '../api/meta.ts';
import type { Random } from '../model/clock.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { type BackoffLimits, backoffMs } from './backoff.ts';
import type { KubeClient, Selection } from './client.ts';
import { ApiError } from './errors.ts';
import { isOlderVersion } from './resource-version.ts';
import { describe, keyOf, type ResourceRef } from './resources.ts';
import { type Change, type IndexFunction, Store } from './store.ts';
import { sleep, systemTimers, type Timers } from './timers.ts';
import type { WatchEvent } from './watch.ts';

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  readonly client: KubeClient;
  readonly resource: ResourceRef;
  readonly logger?: Logger;
  readonly timers?: Timers;
  readonly random?: Random;
  /** Found with `byIndex(name, value)`. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** What of an object is kept; must keep apiVersion, kind and metadata's name, namespace, uid and resourceVersion. */
  readonly keep?: (object: T) => T;
  /**
   * List again after this long, give or take a tenth, although nothing seems wrong, so that no event that got lost stays lost for ever;
   * 0 (the default): never. The tenth keeps many that started together from coming together.
   */
  readonly relistIntervalMs?: number;
  /** An open watch without event or bookmark for this long is given up; API servers send a bookmark a minute. */
  readonly silenceMs?: number;
  /** Called after each list but the first. */
  readonly onRelisted?: () => void;
  readonly backoff?: BackoffLimits;
}

export type ChangeHandler<T> = (change: Change<T>) => void;

/** For who wants to list again although nothing seems wrong. */
export const RELIST_INTERVAL_MS = 3_600_000;
const SILENCE_MS = 150_000;
const BACKOFF: BackoffLimits = { baseMs: 500, capMs: 15_000 };
/** Watches end at the API server after this many seconds, plus up to as many again as jitter; load balancers cut at 300 s, or say nothing. */
const WATCH_SECONDS = 240;
const WATCH_JITTER_SECONDS = 50;
/** A watch that lived this long was a good one: the wait after it starts small again. */
const GOOD_WATCH_MS = 5_000;

/** Why the next step is a list and not a watch from where the last one ended. */
class Doubt extends Error {
  override readonly name = 'Doubt';
}

/**
 * A copy of a resource (or of a selection of it), kept up by list and watch for as long as it is not stopped: through errors, silent
 * connections, expired and retreating resource versions. Objects are shared: readers must not change them.
 */
export class Reflector<T extends KubeObject> {
  /** Resolves after the first whole list; never where it is stopped before. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T>;
  readonly #what: string;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #store: Store<T>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #stopped = new AbortController();
  #markSynced: () => void = () => {};
  #isSynced = false;
  #running: Promise<void> | null = null;
  /** Empty: list first. */
  #resourceVersion = '';
  #failures = 0;
  /** When to list again although nothing seems wrong. */
  #relistAt = Number.POSITIVE_INFINITY;
  /** When the watch was accepted that is open now; null: none is. */
  #openedAt: number | null = null;
  #contactAt: number;
  readonly #awaitingList: (() => void)[] = [];
  /** Ends a wait or a watch, for the next list. */
  #interruption = new AbortController();
  #lastError: Error | null = null;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#what = describe(options.resource, { namespace: options.namespace });
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
    this.#logger = (options.logger ?? silentLogger).child({ watching: this.#what });
    this.#store = new Store<T>(options.indexes);
    this.#contactAt = this.#timers.now();
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** What went wrong last; null while all is well. */
  get lastError(): Error | null {
    return this.#lastError;
  }

  /**
   * For how long there has been no contact with the API server, in milliseconds: 0 while a watch is open (its silence is watched),
   * else the time since the last event, bookmark or list, or since the start where there was none.
   */
  lastContactAgeMs(): number {
    return this.#openedAt !== null ? 0 : this.#timers.now() - this.#contactAt;
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): T[] {
    return this.#store.list();
  }

  keys(): string[] {
    return this.#store.keys();
  }

  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value);
  }

  /** Calls `handler` at each change from now on, the store already being in its new state. What it throws is logged and goes no further. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Resolves when it has listed anew, by a request sent after this call: for a reader who must not act on what a silent watch has missed.
   * Never where it is stopped before.
   */
  async refresh(): Promise<void> {
    const listed = new Promise<void>((resolve) => this.#awaitingList.push(resolve));
    this.#interruption.abort();
    await listed;
  }

  /** No handler is called after it was called. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#interruption.abort();
    this.#handlers.clear();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      this.#openedAt = null;
      this.#interruption = new AbortController();
      const error = await this.#listAndWatch().then(
        () => null,
        (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
      );
      if (signal.aborted) return;
      const wasGood = this.#openedAt !== null && this.#timers.now() - this.#openedAt >= GOOD_WATCH_MS;
      this.#noteEnd(error);
      if (wasGood) this.#failures = 0;
      if (wasGood && error === null) continue;
      this.#failures++;
      await sleep(this.#timers, backoffMs(this.#failures, this.#options.backoff ?? BACKOFF, this.#random), this.#interruption.signal);
    }
  }

  async #listAndWatch(): Promise<void> {
    if (this.#timers.now() >= this.#relistAt || this.#awaitingList.length > 0) this.#resourceVersion = '';
    if (this.#resourceVersion === '') await this.#relist();
    if (!this.#stopped.signal.aborted) await this.#watch();
  }

  async #relist(): Promise<void> {
    const { client, resource, keep } = this.#options;
    // Who asks from here on is not served by this list: it may be answered already.
    const asked = this.#awaitingList.length;
    const list = await client.list<T>(resource, { ...this.#selection(), keep, signal: this.#stopped.signal });
    if (this.#stopped.signal.aborted) return;
    this.#noteContact();
    this.#resourceVersion = list.resourceVersion;
    this.#relistAt = this.#nextRelistAt();
    this.#lastError = null;
    const changes = this.#store.replace(list.items);
    const again = this.#isSynced;
    this.#isSynced = true;
    this.#tell(changes);
    if (again) this.#options.onRelisted?.();
    this.#markSynced();
    for (const resolve of this.#awaitingList.splice(0, asked)) resolve();
  }

  async #watch(): Promise<void> {
    const watch = new AbortController();
    let doubt: Doubt | null = null;
    const giveUp = (reason: string): void => {
      doubt ??= new Doubt(reason);
      watch.abort();
    };
    const stop = (): void => watch.abort();
    const { signal: interruption } = this.#interruption;
    interruption.addEventListener('abort', stop, { once: true });
    if (interruption.aborted) stop();
    const watchdog = new Watchdog(this.#timers, this.#options.silenceMs ?? SILENCE_MS, () => giveUp('the watch fell silent'));
    const cancelRelist = this.#whenToRelist(() => watch.abort());
    try {
      const settings = {
        ...this.#selection(),
        resourceVersion: this.#resourceVersion,
        timeoutSeconds: WATCH_SECONDS + Math.floor(this.#random() * WATCH_JITTER_SECONDS),
        signal: watch.signal,
        onOpen: () => this.#noteOpen(),
      };
      await this.#options.client.watch<T>(this.#options.resource, settings, (event) => {
        watchdog.feed();
        this.#receive(event);
      });
      if (doubt !== null) throw doubt;
    } finally {
      watchdog.stop();
      cancelRelist();
      interruption.removeEventListener('abort', stop);
    }
  }

  #receive(event: WatchEvent<T>): void {
    this.#noteContact();
    const version = event.object.metadata?.resourceVersion ?? '';
    if (isOlderVersion(version, this.#resourceVersion)) {
      throw new Doubt(`the resource version went back from ${this.#resourceVersion} to ${version}`);
    }
    this.#resourceVersion = version;
    if (event.type === 'BOOKMARK') return;
    if (event.type === 'DELETED') this.#tell(this.#store.remove(keyOf(event.object)));
    else this.#tell(this.#store.put(this.#options.keep?.(event.object) ?? event.object));
  }

  #tell(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      for (const handler of this.#handlers) {
        try {
          handler(change);
        } catch (error) {
          this.#logger.error('a handler of changes failed', { object: change.key, error });
        }
      }
    }
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }

  #nextRelistAt(): number {
    const interval = this.#options.relistIntervalMs ?? 0;
    return interval > 0 ? this.#timers.now() + interval * (0.9 + this.#random() / 5) : Number.POSITIVE_INFINITY;
  }

  /** Longer than one watch lasts, as a rule: API servers end it after some minutes. */
  #whenToRelist(action: () => void): () => void {
    const waitMs = this.#relistAt - this.#timers.now();
    return Number.isFinite(waitMs) ? this.#timers.after(Math.max(0, waitMs), action) : () => {};
  }

  #noteOpen(): void {
    this.#noteContact();
    this.#openedAt = this.#timers.now();
    this.#lastError = null;
  }

  #noteContact(): void {
    this.#contactAt = this.#timers.now();
  }

  #noteEnd(error: Error | null): void {
    // Until now the connection stood: the loss of contact starts here, not at the last event, unless it was only thought to stand.
    if (this.#openedAt !== null && !(error instanceof Doubt)) this.#noteContact();
    this.#openedAt = null;
    if (error === null) return;
    this.#lastError = error;
    const listNext = !canGoOn(error);
    if (listNext) this.#resourceVersion = '';
    this.#logger.warn(listNext ? 'the watch ended, listing again' : 'the watch ended, trying again', { error, failures: this.#failures });
  }
}

/**
 * Whether a watch may go on where this ended the last one: the API server was only busy. One that was away may have come back with an etcd
 * restored from a backup, whose resource versions mean something else: a watch from one that is yet to come says nothing there (seen with
 * Kubernetes 1.34), and one from a version that has come again misses what went back.
 */
function canGoOn(error: Error): boolean {
  return error instanceof ApiError && error.code === 429;
}

/** Calls `bark` once when it was not fed for `ms`. */
class Watchdog {
  readonly #timers: Timers;
  readonly #ms: number;
  readonly #bark: () => void;
  #cancel: () => void;

  constructor(timers: Timers, ms: number, bark: () => void) {
    this.#timers = timers;
    this.#ms = ms;
    this.#bark = bark;
    this.#cancel = timers.after(ms, bark);
  }

  feed(): void {
    this.#cancel();
    this.#cancel = this.#timers.after(this.#ms, this.#bark);
  }

  stop(): void {
    this.#cancel();
  }
}
