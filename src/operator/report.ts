import type { KubeObject } from '../api/meta.ts';
import { BALANCER_FIELD_MANAGER } from '../api/v1alpha1/names.ts';
import type { BalancerReport, BalancerReportSpec } from '../api/v1alpha1/types.ts';
import type { HealthReason } from '../model/health.ts';
import type { BalancerReportBody } from '../model/report.ts';
import { fromTime } from '../status/time.ts';
import { managedFieldsOf } from './field-ownership.ts';

/** A BalancerReport as it is cached. */
export interface ReceivedReport extends KubeObject {
  /** When it was written: milliseconds since the epoch. */
  readonly reportedAtMs: number;
  readonly body: BalancerReportBody;
}

/** The API server notes the time of a write in whole seconds. One that is this recent was received as it was written. */
const FRESH_MS = 3_000;
const HALF_A_SECOND = 500;

/**
 * A report holds durations only. The moment that they count back from is that of its receipt, which is exact to some milliseconds
 * while a watch is open; one that was found by a list may be old, and then the time of its last write, as the API server noted it, is closer.
 */
export function receive(report: BalancerReport, nowMs: number): ReceivedReport {
  const { apiVersion, kind, metadata, spec } = report;
  const { name, namespace, uid, resourceVersion, labels, ownerReferences } = metadata;
  const kept = { name, namespace, uid, resourceVersion, labels, ownerReferences };
  const present = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return { apiVersion, kind, metadata: present, reportedAtMs: writtenAt(report, nowMs), body: toBody(spec) };
}

function writtenAt(report: BalancerReport, nowMs: number): number {
  const writes = managedFieldsOf(report).filter((entry) => entry.manager === BALANCER_FIELD_MANAGER);
  const times = writes.flatMap((entry) => fromTime(entry.time) ?? []);
  const noted = times.length > 0 ? Math.max(...times) : fromTime(report.metadata.creationTimestamp);
  return noted === null || nowMs - noted < FRESH_MS ? nowMs : noted + HALF_A_SECOND;
}

/** Fields that a balancer of another version left out are empty. */
function toBody(spec: BalancerReportSpec): BalancerReportBody {
  return {
    appliedGeneration: spec.appliedGeneration,
    configError: spec.configError ?? '',
    endpointsStale: spec.endpointsStale ?? false,
    backends: spec.backends ?? [],
    heartbeat: spec.heartbeat ?? {
      servers: 0,
      responsesPerSecond: 0,
      intervalMilliseconds: 0,
      maxDetectionMilliseconds: 0,
      overMaxInterval: false,
    },
    unhealthyEndpoints: (spec.unhealthyEndpoints ?? []).map((endpoint) => ({ ...endpoint, reason: endpoint.reason as HealthReason })),
    unhealthyOmitted: spec.unhealthyOmitted ?? 0,
    refusedEndpoints: spec.refusedEndpoints ?? [],
    refusedOmitted: spec.refusedOmitted ?? 0,
    failOpen: spec.failOpen ?? [],
    failovers: (spec.failovers ?? []).map((failover) => ({
      ...failover,
      reason: failover.reason as HealthReason,
      removed: failover.removed ?? false,
      outMilliseconds: failover.outMilliseconds ?? null,
    })),
  };
}
