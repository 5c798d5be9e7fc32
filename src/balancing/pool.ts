import type { HealthState } from '../model/health.ts';
import type { PickTarget } from './picker.ts';
import { type BackendWeights, hasShare } from './shares.ts';

/** An endpoint of one listener as the choice of who gets traffic sees it. A HealthRecord of `health` fits `health`. */
export interface Candidate extends PickTarget {
  readonly lifecycle: 'Ready' | 'Draining';
  readonly health: CandidateHealth;
}

export interface CandidateHealth {
  readonly state: HealthState;
  /** When it came into this state, in Clock milliseconds. */
  readonly since: number;
  /** Only its traffic speaks against it: no heartbeat was missed. */
  readonly trafficAlone: boolean;
}

/**
 * - `Healthy`: the ordinary case; suspects get nothing while it lasts, except those over the limit (below).
 * - `Suspect`: no Healthy one is left, so suspects get the traffic.
 * - `FailOpen`: none of both is left, so all Ready endpoints are tried.
 * - `Empty`: there is nobody to ask.
 */
export type Tier = 'Healthy' | 'Suspect' | 'FailOpen' | 'Empty';

export interface Eligible<T> {
  readonly tier: Tier;
  readonly targets: readonly T[];
}

/**
 * Who among one listener's endpoints may get new requests. Draining ones never do, nor those of a backend of weight 0.
 *
 * Tiers are those of the listener, not of a backend: a backend whose servers are all Suspect gives its share to backends with Healthy ones,
 * because a request that may not be answered is worse than a share that is off for some milliseconds. So that a whole backend is never
 * turned away from for its traffic alone, suspects for traffic alone are turned away from only up to `maxEjectedPercent` of their backend
 * (but always one, unless that is 0): the first suspects first, the rest keep their traffic.
 */
export function eligible<T extends Candidate>(endpoints: readonly T[], weights: BackendWeights, maxEjectedPercent: number): Eligible<T> {
  const ready = endpoints.filter((endpoint) => endpoint.lifecycle === 'Ready' && hasShare(weights, endpoint.backend));
  if (ready.length === 0) return { tier: 'Empty', targets: [] };
  if (ready.every(isHealthy)) return { tier: 'Healthy', targets: ready };
  const spared = sparedSuspects(ready, maxEjectedPercent);
  const healthy = ready.filter((endpoint) => isHealthy(endpoint) || spared.has(endpoint));
  if (healthy.some(isHealthy)) return { tier: 'Healthy', targets: healthy };
  const suspects = ready.filter((endpoint) => endpoint.health.state === 'Suspect');
  if (suspects.length > 0) return { tier: 'Suspect', targets: suspects };
  return { tier: 'FailOpen', targets: ready };
}

/**
 * Whether one more endpoint of `backend` may be made Unhealthy for its traffic alone: at most `maxEjectedPercent` of its Ready endpoints are,
 * rounded down. Those that missed heartbeats do not count.
 */
export function mayEject(endpoints: readonly Candidate[], backend: string, maxEjectedPercent: number): boolean {
  const ready = endpoints.filter((endpoint) => endpoint.lifecycle === 'Ready' && endpoint.backend === backend);
  return ready.filter(isEjected).length < limitOf(ready.length, maxEjectedPercent);
}

function sparedSuspects<T extends Candidate>(ready: readonly T[], maxEjectedPercent: number): ReadonlySet<T> {
  const spared = new Set<T>();
  const suspects = ready.filter((endpoint) => endpoint.health.state === 'Suspect' && endpoint.health.trafficAlone);
  for (const backend of new Set(suspects.map((endpoint) => endpoint.backend))) {
    const all = ready.filter((endpoint) => endpoint.backend === backend);
    const limit = maxEjectedPercent > 0 ? Math.max(limitOf(all.length, maxEjectedPercent), 1) : 0;
    const room = Math.max(limit - all.filter(isEjected).length, 0);
    const mine = suspects.filter((endpoint) => endpoint.backend === backend).sort((a, b) => a.health.since - b.health.since);
    for (const endpoint of mine.slice(room)) spared.add(endpoint);
  }
  return spared;
}

function limitOf(endpoints: number, maxEjectedPercent: number): number {
  return Math.floor((endpoints * maxEjectedPercent) / 100);
}

function isHealthy(endpoint: Candidate): boolean {
  return endpoint.health.state === 'Healthy';
}

function isEjected(endpoint: Candidate): boolean {
  return endpoint.health.state === 'Unhealthy' && endpoint.health.trafficAlone;
}
