import type { BalancerReportBody, FailoverReport } from '../../src/model/report.ts';

/** What a balancer tells of three servers that are all well, with `changes` on top. */
export function reportBody(changes: Partial<BalancerReportBody> = {}): BalancerReportBody {
  return {
    appliedGeneration: 1,
    configError: '',
    endpointsStale: false,
    backends: [{ name: 'stable', endpoints: 3, healthy: 3 }],
    heartbeat: { servers: 3, responsesPerSecond: 15, intervalMilliseconds: 200, maxDetectionMilliseconds: 620, overMaxInterval: false },
    unhealthyEndpoints: [],
    unhealthyOmitted: 0,
    refusedEndpoints: [],
    refusedOmitted: 0,
    failOpen: [],
    failovers: [],
    ...changes,
  };
}

/** What it tells of one that has just been put out, with `changes` on top. */
export function failoverReport(changes: Partial<FailoverReport> = {}): FailoverReport {
  return {
    id: 'x-1',
    address: '10.0.0.1:8080',
    backend: 'stable',
    reason: 'HeartbeatTimeout',
    detectionMilliseconds: 400,
    rescued: 0,
    lost: 0,
    agoMilliseconds: 0,
    removed: false,
    outMilliseconds: null,
    ...changes,
  };
}
