import type { HealthReason } from '../model/health.ts';
import type { FailoverMemory, Outage } from './failovers.ts';
import { fromTime, toTime } from './time.ts';
import type { RecentFailover, Status } from './types.ts';

/** What has been counted, read back from the status: it is the only memory that outlives the operator. */
export function readMemory(status: Status | undefined): FailoverMemory {
  const counted = (status?.balancers ?? []).flatMap(({ name, lastFailover }): [string, string][] =>
    lastFailover === undefined ? [] : [[name, lastFailover]],
  );
  return { total: status?.failovers ?? 0, recent: (status?.recentFailovers ?? []).map(toOutage), counted: new Map(counted) };
}

function toOutage(failover: RecentFailover): Outage {
  return {
    id: failover.id,
    endpoint: failover.endpoint,
    backend: failover.backend ?? '',
    ...(failover.podName === undefined ? {} : { podName: failover.podName }),
    ...(failover.nodeName === undefined ? {} : { nodeName: failover.nodeName }),
    reason: (failover.reason ?? 'HeartbeatTimeout') as HealthReason,
    detectionMilliseconds: failover.detectionMilliseconds ?? 0,
    rescued: failover.rescued ?? 0,
    lost: failover.lost ?? 0,
    timeMs: fromTime(failover.time) ?? 0,
    recoveryTimeMs: fromTime(failover.recoveryTime),
    removedTimeMs: fromTime(failover.removedTime),
  };
}

export function toRecentFailover(outage: Outage): RecentFailover {
  const { id, endpoint, backend, podName, nodeName, reason, rescued, lost, timeMs, recoveryTimeMs, removedTimeMs } = outage;
  return {
    id,
    time: toTime(timeMs),
    endpoint,
    backend,
    ...(podName === undefined ? {} : { podName }),
    ...(nodeName === undefined ? {} : { nodeName }),
    reason,
    detectionMilliseconds: Math.round(outage.detectionMilliseconds),
    rescued,
    lost,
    ...(recoveryTimeMs === null ? {} : { recoveryTime: toTime(recoveryTimeMs) }),
    ...(removedTimeMs === null ? {} : { removedTime: toTime(removedTimeMs) }),
  };
}
