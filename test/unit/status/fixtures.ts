import type { Backend, LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import type { BalancerReportBody, FailoverReport, UnhealthyEndpointReport } from '../../../src/model/report.ts';
import type { StatusInput, Workload } from '../../../src/status/input.ts';
import type { BalancerView } from '../../../src/status/view.ts';
import { failoverReport, reportBody } from '../../support/reports.ts';

/** 2026-01-01T00:00:00Z. */
export const START = Date.UTC(2026, 0, 1);

export function failover(id: string, agoMs: number, outMs: number | null, more: Partial<FailoverReport> = {}): FailoverReport {
  return failoverReport({ id, agoMilliseconds: agoMs, outMilliseconds: outMs, ...more });
}

export function unhealthy(address: string, forMs = 0, more: Partial<UnhealthyEndpointReport> = {}): UnhealthyEndpointReport {
  return { address, backend: 'stable', state: 'Unhealthy', reason: 'HeartbeatTimeout', forMilliseconds: forMs, ...more };
}

export function view(name: string, body: Partial<BalancerReportBody> = {}, more: Partial<BalancerView> = {}): BalancerView {
  return { name, presence: 'Ready', reportedAtMs: START, body: reportBody(body), ...more };
}

export function workload(desired: number, more: Partial<Workload> = {}): Workload {
  return { desired, ready: desired, upToDate: true, rollingOut: null, failed: null, ...more };
}

export function resource(spec: Partial<LoadBalancedService['spec']> = {}, generation = 1): LoadBalancedService {
  const backend: Backend = { name: 'stable', type: 'Deployment', ports: [{ port: 8080 }], deployment: { replicas: 3, template: {} } };
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name: 'shop', namespace: 'default', uid: 'uid-1', generation },
    spec: { ports: [{ name: 'http', port: 80 }], backends: [backend], ...spec },
  };
}

/** A resource at rest: two balancers, three servers, all well. */
export function input(more: Partial<StatusInput> = {}): StatusInput {
  return {
    resource: resource(),
    previous: undefined,
    views: [view('a'), view('b')],
    balancers: workload(2),
    servers: new Map([['stable', workload(3)]]),
    outcome: { notAccepted: null, stalled: null, pending: null },
    configGeneration: 1,
    nowMs: START,
    heartbeatWrittenAtMs: null,
    ...more,
  };
}
