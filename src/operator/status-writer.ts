import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, KIND, OPERATOR_FIELD_MANAGER } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { KubeClient } from '../kube/client.ts';
import { isOlderVersion } from '../kube/resource-version.ts';
import type { StatusResult } from '../status/status.ts';
import type { Status } from '../status/types.ts';
import { isOnlyRecovery, recoveriesWholeAtMs, recoveryWaitMs } from './recovery.ts';

/** No resource's status is written more often than this. */
export const STATUS_APART_MS = 1_000;
/** A cache that is behind our last write by more than this is believed: etcd may have been restored, with resource versions of the past. */
const CACHE_LAG_MS = 10_000;

interface Memory {
  readonly uid: string;
  readonly status: Status;
  readonly resourceVersion: string;
  /** This time, and those below, by the clock that does not jump. */
  readonly writtenAtMs: number;
  readonly recoveriesWholeAtMs: number;
  readonly heartbeatWrittenAtMs: number | null;
}

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, 'applyStatus'>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** Writes status where it differs from what was written last, at most once in STATUS_APART_MS for each resource. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #memory = new Map<string, Memory>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  forget(key: string): void {
    this.#memory.delete(key);
  }

  /** The status as it stands. The cache may not have seen our last write yet; what was counted in it must not be counted again. */
  previous(key: string, resource: LoadBalancedService): Status | undefined {
    return (this.#unseen(key, resource) ?? resource).status;
  }

  /** Milliseconds since the epoch, as that is told now. */
  heartbeatWrittenAtMs(key: string): number | null {
    const { now, wallClock } = this.#options;
    const writtenAtMs = this.#memory.get(key)?.heartbeatWrittenAtMs ?? null;
    return writtenAtMs === null ? null : wallClock() - (now() - writtenAtMs);
  }

  /** Milliseconds until the status may be written again; 0: now. */
  waitMs(key: string): number {
    const memory = this.#memory.get(key);
    return memory === undefined ? 0 : Math.max(0, memory.writtenAtMs + STATUS_APART_MS - this.#options.now());
  }

  /** Milliseconds until `next` may be told; 0: now. More only where it tells of nothing but recoveries, soon after several others. */
  dwellMs(key: string, previous: Status | undefined, next: Status): number {
    const left = recoveryWaitMs(this.#recoveriesWholeAtMs(key), this.#options.now());
    return left > 0 && !isDeepStrictEqual(previous, next) && isOnlyRecovery(previous, next) ? left : 0;
  }

  /**
   * True where it was written. Only onto the version that it was made from: what another leader has written meanwhile is not undone
   * (409 Conflict), and of two leaders for a moment one counts and tells a failover.
   */
  async write(
    key: string,
    resource: LoadBalancedService,
    previous: Status | undefined,
    { status, heartbeat, failovers }: StatusResult,
  ): Promise<boolean> {
    if (isDeepStrictEqual(previous, status)) return false;
    const { name, namespace, uid = '' } = resource.metadata;
    const resourceVersion = this.#unseen(key, resource)?.resourceVersion ?? resource.metadata.resourceVersion;
    const given = Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) => value !== undefined);
    const metadata = Object.fromEntries(given);
    const written = await this.#options.client.applyStatus<Omit<LoadBalancedService, 'spec'>>(
      { apiVersion: API_VERSION, kind: KIND, metadata, status },
      { fieldManager: OPERATOR_FIELD_MANAGER, force: true },
    );
    const writtenAtMs = this.#options.now();
    const wholeAtMs = this.#recoveriesWholeAtMs(key);
    this.#memory.set(key, {
      uid,
      status,
      resourceVersion: written.metadata.resourceVersion ?? '',
      writtenAtMs,
      recoveriesWholeAtMs: failovers.recovered.length > 0 ? recoveriesWholeAtMs(wholeAtMs, writtenAtMs) : wholeAtMs,
      heartbeatWrittenAtMs: heartbeat.rewritten ? writtenAtMs : (this.#memory.get(key)?.heartbeatWrittenAtMs ?? null),
    });
    return true;
  }

  #recoveriesWholeAtMs(key: string): number {
    return this.#memory.get(key)?.recoveriesWholeAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Our last write, where the cache has not seen it yet. */
  #unseen(key: string, { metadata }: LoadBalancedService): Memory | null {
    const memory = this.#memory.get(key);
    if (memory === undefined || memory.uid !== metadata.uid) return null;
    const behind = isOlderVersion(metadata.resourceVersion ?? '', memory.resourceVersion);
    return behind && this.#options.now() - memory.writtenAtMs < CACHE_LAG_MS ? memory : null;
  }
}
