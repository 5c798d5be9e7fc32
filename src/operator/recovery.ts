import { isDeepStrictEqual } from 'node:util';
import type { Status } from '../status/types.ts';

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
