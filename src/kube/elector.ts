import { randomUUID } from 'node:crypto';
import type { Random } from '../model/clock.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { heldBy, type Lease, released } from './lease.ts';
import { Resources } from './resources.ts';
import { atMost, sleep, systemTimers, type Timers } from './timers.ts';

export interface ElectorOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Where this process runs, for people: the pod's name. Made unique, so that a successor is not taken for its predecessor. */
  readonly holder: string;
  readonly fieldManager: string;
  /** This process leads from now on. */
  onStarted(): void;
  /**
   * It does not lead any more: called while nobody else can. What it returns is waited for before the lease is released at stop();
   * after a loss nobody waits.
   */
  onLost(reason: string): void | Promise<void>;
  readonly timing?: ElectorTiming;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly wallClock?: () => number;
  readonly logger?: Logger;
}

export interface ElectorTiming {
  /** Others wait this long after the last renewal that they saw. */
  readonly leaseMs: number;
  /** A holder that could not renew for this long gives up: earlier than the others may come. */
  readonly renewMs: number;
  readonly retryMs: number;
}

/** client-go's own defaults. */
const TIMING: ElectorTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

/** What a lease said when it was last seen to change, and when that was by our own clock: others' clocks are never compared with ours. */
interface Observation {
  readonly holder: string;
  readonly version: string;
  readonly durationMs: number;
  readonly at: number;
}

/** One leader among several replicas, by a Lease. Goes on to stand for election after a loss, until it is stopped. */
export class Elector {
  readonly identity: string;
  readonly #options: ElectorOptions;
  readonly #timing: ElectorTiming;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #wallClock: () => number;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  #running: Promise<void> | null = null;
  #lease: Lease | null = null;
  #observed: Observation | null = null;
  #leading = false;
  /** Until when leadership is certain; a renewal counts from when it was sent. */
  #validUntil = 0;
  #cancelExpiry: () => void = () => {};
  #acquisitions = 0;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.identity = `${options.holder}_${randomUUID()}`;
    this.#timing = options.timing ?? TIMING;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? Math.random;
    this.#wallClock = options.wallClock ?? Date.now;
    this.#logger = (options.logger ?? silentLogger).child({ lease: `${options.namespace}/${options.name}` });
  }

  /** True only while no other can lead, even where this process was stopped for a while and has not been told yet. */
  get isLeader(): boolean {
    return this.#leading && this.#timers.now() < this.#validUntil;
  }

  /** How often this process has become the leader. */
  get acquisitions(): number {
    return this.#acquisitions;
  }

  /** Identity of the holder as last seen; empty: nobody, or not known. */
  get holder(): string {
    return this.#observed?.holder ?? '';
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends leadership, waits for what onLost returns (not beyond the lease), and releases the lease, so that another takes over at once. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    if (!this.#leading) return;
    const left = Math.max(0, this.#validUntil - this.#timers.now());
    await atMost(this.#timers, left, this.#lose('stopped'));
    await this.#release();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#attempt();
      await sleep(this.#timers, this.#untilNextAttempt(), signal);
    }
  }

  /** A candidate comes back the moment the holder's time is over, if that is before its next turn. */
  #untilNextAttempt(): number {
    const turn = this.#timing.retryMs * (0.8 + this.#random() / 5);
    if (this.#leading || !this.#observed?.holder) return turn;
    const left = this.#observed.at + this.#observed.durationMs - this.#timers.now();
    return left > 0 ? Math.min(turn, left) : turn;
  }

  async #attempt(): Promise<void> {
    const sentAt = this.#timers.now();
    try {
      if (await this.#acquireOrRenew()) this.#noteHeld(sentAt);
    } catch (error) {
      // Somebody else was faster, or it is no longer as we read it: read it again next time.
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) this.#lease = null;
      this.#logger.warn(this.#leading ? 'the lease could not be renewed' : 'the lease could not be read or taken', { error });
    }
  }

  /** False: it is somebody else's. */
  async #acquireOrRenew(): Promise<boolean> {
    // A holder renews what it wrote last, without reading: one request, and a conflict tells of everything else.
    const lease = (this.#leading ? this.#lease : null) ?? (await this.#read());
    this.#observe(lease);
    if (this.#isTaken()) {
      if (this.#leading) void this.#lose(`the lease is held by ${this.holder}`);
      return false;
    }
    const next = heldBy(lease, this.identity, this.#timing.leaseMs, this.#wallClock());
    const options = { fieldManager: this.#options.fieldManager, timeoutMs: this.#timing.renewMs / 2 };
    const { client } = this.#options;
    this.#lease = lease.metadata?.resourceVersion ? await client.replace(next, options) : await client.create(next, options);
    this.#observe(this.#lease);
    return true;
  }

  async #read(): Promise<Lease> {
    const { client, namespace, name } = this.#options;
    const found = await client.find<Lease>(Resources.Lease, { namespace, name });
    return found ?? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } };
  }

  #observe(lease: Lease): void {
    const version = lease.metadata?.resourceVersion ?? '';
    if (this.#observed?.version === version) return;
    const { holderIdentity = '', leaseDurationSeconds } = lease.spec ?? {};
    const durationMs = leaseDurationSeconds === undefined ? this.#timing.leaseMs : leaseDurationSeconds * 1000;
    this.#observed = { holder: holderIdentity, version, durationMs, at: this.#timers.now() };
  }

  #isTaken(): boolean {
    const observed = this.#observed;
    if (observed === null || observed.holder === '' || observed.holder === this.identity) return false;
    return this.#timers.now() < observed.at + observed.durationMs;
  }

  #noteHeld(sentAt: number): void {
    const validUntil = sentAt + this.#timing.renewMs;
    const left = validUntil - this.#timers.now();
    // The answer was read so late (this process was stopped, perhaps) that the lease may have gone to another meanwhile.
    if (left <= 0) return;
    this.#validUntil = validUntil;
    this.#cancelExpiry();
    this.#cancelExpiry = this.#timers.after(left, () => {
      void this.#lose(`the lease could not be renewed for ${this.#timing.renewMs} ms`);
    });
    if (this.#leading) return;
    this.#leading = true;
    this.#acquisitions++;
    this.#logger.info('leading', { identity: this.identity });
    void this.#guard(() => this.#options.onStarted());
  }

  async #lose(reason: string): Promise<void> {
    if (!this.#leading) return;
    this.#leading = false;
    this.#cancelExpiry();
    this.#logger.warn('no longer leading', { reason });
    await this.#guard(() => this.#options.onLost(reason));
  }

  /** An owner's mistake must not stop the election. */
  async #guard(call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#logger.error('a handler of the election failed', { error });
    }
  }

  async #release(): Promise<void> {
    if (this.#lease === null || this.#timers.now() >= this.#validUntil) return;
    const options = { fieldManager: this.#options.fieldManager, timeoutMs: 2_000 };
    await this.#options.client.replace(released(this.#lease, this.#wallClock()), options).catch((error: unknown) => {
      this.#logger.warn('the lease could not be released; it runs out by itself', { error });
    });
  }
}
