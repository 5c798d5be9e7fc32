import { isDeepStrictEqual } from 'node:util';
import type { Status } from '../status/types.ts';

/** Recoveries of one resource that are told at once, as soon as each is known. */
export const RECOVERY_BURST = 2;
/** Further ones wait, so that they are told together: one more may be told after each time this long. */
export const RECOVERY_DWELL_MS = 5_000;

/** When none is owed any more, in monotonic milliseconds, after a recovery was told at `nowMs`. `wholeAtMs`: that before it. */
export function recoveriesWholeAtMs(wholeAtMs: number, nowMs: number): number {
  // What is told with something worse, and so is not held back, is owed too, but never for longer than a whole budget.
  return Math.min(Math.max(wholeAtMs, nowMs) + RECOVERY_DWELL_MS, nowMs + RECOVERY_BURST * RECOVERY_DWELL_MS);
}

/** Milliseconds until one more recovery may be told; 0: now. */
export function recoveryWaitMs(wholeAtMs: number, nowMs: number): number {
  return Math.max(0, wholeAtMs - (RECOVERY_BURST - 1) * RECOVERY_DWELL_MS - nowMs);
}

/**
 * Whether all that `next` tells is that endpoints are well again: nothing got worse, no condition but EndpointsHealthy is another, no failover
 * is new. A node that comes back brings many such changes, one after the other, and an endpoint that flaps brings one after each fall.
 */
export function isOnlyRecovery(previous: Status | undefined, next: Status): boolean {
  return previous !== undefined && isDeepStrictEqual(rest(previous), rest(next)) && isNoWorse(previous, next);
}

function rest(status: Status): unknown {
  const { conditions = [], summary, backends, unhealthyEndpoints, unhealthyOmitted, heartbeat, recentFailovers = [], ...others } = status;
  return {
    ...others,
    conditions: conditions.filter(({ type }) => type !== 'EndpointsHealthy'),
    balancersInService: summary?.balancers,
    strategy: summary?.strategy,
    desired: backends?.map(({ name, desired }) => [name, desired]),
    failovers: recentFailovers.map(({ id }) => id),
  };
}

function isNoWorse(previous: Status, next: Status): boolean {
  const known = new Set(previous.unhealthyEndpoints?.map(({ address }) => address));
  const before = new Map(previous.backends?.map((backend) => [backend.name, backend]));
  return (
    (next.unhealthyEndpoints ?? []).every(({ address }) => known.has(address)) &&
    (next.unhealthyOmitted ?? 0) <= (previous.unhealthyOmitted ?? 0) &&
    (next.backends ?? []).every(
      ({ name, ready = 0, healthy = 0 }) => ready >= (before.get(name)?.ready ?? 0) && healthy >= (before.get(name)?.healthy ?? 0),
    )
  );
}
