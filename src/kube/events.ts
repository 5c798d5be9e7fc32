import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../api/meta.ts';
import type { Random } from '../model/clock.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { backoffMs } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isAlreadyExists, isNotFound } from './errors.ts';
import { microTime } from './micro-time.ts';
import { Resources } from './resources.ts';
import { sleep, systemTimers, type Timers } from './timers.ts';

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Which program, qualified: `evenkeel.dev/operator`. */
  readonly reportingController: string;
  /** Which replica of it: the pod's name. */
  readonly reportingInstance: string;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly wallClock?: () => number;
  readonly logger?: Logger;
}

export interface EventInput {
  /** What it is about: apiVersion, kind, and metadata's name, namespace and uid are used. */
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase: why. */
  readonly reason: string;
  /** One word in CamelCase: what was done. */
  readonly action: string;
  /** A sentence for people; cut at 1,024 bytes. */
  readonly note: string;
}

/** Events that are known, for folding; and those among them that wait to be written. */
const MAX_ENTRIES = 1000;
/** As client-go: what has not come again for this long starts a new Event, with a time of its own. */
const SERIES_ENDS_AFTER_MS = 6 * 60_000;
const MAX_TRIES = 6;
const BACKOFF = { baseMs: 500, capMs: 30_000 };
const BURST = 25;
const REFILL_PER_SECOND = 2;
const MAX_NOTE_BYTES = 1024;

interface Entry {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly body: KubeObject;
  count: number;
  lastWallMs: number;
  lastAt: number;
  isCreated: boolean;
}

/**
 * Writes Events (events.k8s.io/v1), best effort and never in anybody's way: what comes again is folded into one Event's series, no
 * more than a few a second are written, a failed write is tried again a few times, and what is too much is dropped and counted.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #wallClock: () => number;
  readonly #logger: Logger;
  /** By what makes two events the same; the one that came longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<Entry>();
  readonly #stopped = new AbortController();
  readonly #bucket: TokenBucket;
  #writing: Promise<void> | null = null;
  #closing = false;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
    this.#wallClock = options.wallClock ?? Date.now;
    this.#logger = options.logger ?? silentLogger;
    this.#bucket = new TokenBucket(this.#timers, BURST, REFILL_PER_SECOND);
  }

  /** Events that were lost: too many, refused, or tried too often. */
  get dropped(): number {
    return this.#dropped;
  }

  record(input: EventInput): void {
    if (this.#closing) return;
    const entry = this.#fold(input) ?? this.#add(input);
    if (entry === null) {
      this.#drop('too many events wait to be written', input.reason);
      return;
    }
    this.#waiting.add(entry);
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits, for at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    if (this.#writing === null) return;
    const cancel = this.#timers.after(deadlineMs, () => this.#stopped.abort());
    await this.#writing;
    cancel();
  }

  #fold(input: EventInput): Entry | null {
    const key = keyOfEvent(input);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    if (this.#timers.now() - entry.lastAt >= SERIES_ENDS_AFTER_MS && !this.#waiting.has(entry)) return null;
    this.#entries.set(key, entry);
    entry.count++;
    entry.lastAt = this.#timers.now();
    entry.lastWallMs = this.#wallClock();
    return entry;
  }

  #add(input: EventInput): Entry | null {
    if (this.#entries.size >= MAX_ENTRIES && !this.#forgetOldest()) return null;
    const { regarding } = input;
    const namespace = regarding.metadata?.namespace ?? 'default';
    const name = `${(regarding.metadata?.name ?? 'event').slice(0, 200)}.${randomBytes(8).toString('hex')}`;
    const wallMs = this.#wallClock();
    const key = keyOfEvent(input);
    const body = this.#bodyOf(input, namespace, name, wallMs);
    const entry: Entry = { key, namespace, name, body, count: 1, lastWallMs: wallMs, lastAt: this.#timers.now(), isCreated: false };
    this.#entries.set(key, entry);
    return entry;
  }

  #forgetOldest(): boolean {
    for (const [key, entry] of this.#entries) {
      if (this.#waiting.has(entry)) continue;
      this.#entries.delete(key);
      return true;
    }
    return false;
  }

  #bodyOf(input: EventInput, namespace: string, name: string, wallMs: number): KubeObject {
    const { apiVersion, kind, metadata = {} } = input.regarding;
    const regarding = { apiVersion, kind, name: metadata.name, namespace: metadata.namespace, uid: metadata.uid };
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name },
      eventTime: microTime(wallMs),
      reportingController: this.#options.reportingController,
      reportingInstance: this.#options.reportingInstance,
      type: input.type,
      reason: input.reason,
      action: input.action,
      regarding,
      note: cutBytes(input.note, MAX_NOTE_BYTES),
    };
    return event;
  }

  async #writeAll(): Promise<void> {
    for (const entry of this.#waiting) {
      await sleep(this.#timers, this.#bucket.take(), this.#stopped.signal);
      // From here on what comes again is a new reason to write it.
      this.#waiting.delete(entry);
      await this.#writeOne(entry);
      if (this.#stopped.signal.aborted) return;
    }
    // In the same step as the last look at what waits, so that nothing recorded in between is left lying.
    this.#writing = null;
  }

  async #writeOne(entry: Entry): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#write(entry);
      } catch (error) {
        const isFinal = error instanceof ApiError && error.code < 500 && error.code !== 429 && error.code !== 408;
        if (isFinal || tries >= MAX_TRIES || this.#stopped.signal.aborted) {
          if (this.#entries.get(entry.key) === entry && !entry.isCreated) this.#entries.delete(entry.key);
          return this.#drop('an event could not be written', String((entry.body as { reason?: string }).reason), error);
        }
        await sleep(this.#timers, backoffMs(tries, BACKOFF, this.#random), this.#stopped.signal);
      }
    }
  }

  async #write(entry: Entry): Promise<void> {
    const { client } = this.#options;
    const options = { fieldManager: this.#options.reportingController, timeoutMs: 10_000, signal: this.#stopped.signal };
    const series = entry.count > 1 ? { series: { count: entry.count, lastObservedTime: microTime(entry.lastWallMs) } } : {};
    if (entry.isCreated) {
      try {
        await client.mergePatch(Resources.Event, { namespace: entry.namespace, name: entry.name }, series, options);
        return;
      } catch (error) {
        // The API server forgets Events after an hour.
        if (!isNotFound(error)) throw error;
      }
    }
    await client.create({ ...entry.body, ...series }, options).catch((error: unknown) => {
      // An earlier try got through although its answer did not.
      if (!isAlreadyExists(error)) throw error;
    });
    entry.isCreated = true;
  }

  #drop(why: string, reason: string, error?: unknown): void {
    this.#dropped++;
    this.#logger.warn(why, error === undefined ? { event: reason } : { event: reason, error });
  }
}

function keyOfEvent({ regarding, type, reason, action, note }: EventInput): string {
  const { uid, namespace, name } = regarding.metadata ?? {};
  return JSON.stringify([regarding.kind, namespace, name, uid, type, reason, action, note]);
}

function cutBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A cut in the middle of a character leaves a replacement character, which goes too.
  return `${bytes
    .subarray(0, maxBytes - 4)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}

/** So many at once, and so many a second in the long run. */
class TokenBucket {
  readonly #timers: Timers;
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(timers: Timers, burst: number, perSecond: number) {
    this.#timers = timers;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#at = timers.now();
  }

  /** Milliseconds to wait for the token that is taken with this call. */
  take(): number {
    const now = this.#timers.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }
}
