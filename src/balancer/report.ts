import type { RefusedEndpoint } from '../egress/admission.ts';
import type { HealthRecord } from '../health/record.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { BackendReport, BalancerReportBody, FailoverReport, HeartbeatReport, UnhealthyEndpointReport } from '../model/report.ts';

const EXCEPTIONS = 100;
const REFUSALS = 20;

/** An endpoint and what is thought of it. */
export interface Assessed {
  readonly endpoint: Endpoint;
  readonly health: HealthRecord;
}

export interface ReportInput {
  readonly appliedGeneration: number;
  readonly configError: string;
  readonly endpointsStale: boolean;
  /** Names, in the order of the configuration. */
  readonly backends: readonly string[];
  readonly endpoints: readonly Assessed[];
  readonly refused: readonly RefusedEndpoint[];
  readonly heartbeat: HeartbeatReport;
  /** Names of the listeners that try every endpoint, since none is left. */
  readonly failOpen: readonly string[];
  readonly failovers: readonly FailoverReport[];
  /** Clock milliseconds. */
  readonly now: number;
}

/** What a balancer says of itself. */
export function buildReport(input: ReportInput): BalancerReportBody {
  const unhealthy = input.endpoints
    .filter(({ endpoint, health }) => endpoint.lifecycle === 'Ready' && health.state !== 'Healthy')
    .sort((a, b) => severity(b) - severity(a) || a.health.since - b.health.since || (a.endpoint.id < b.endpoint.id ? -1 : 1));
  return {
    appliedGeneration: input.appliedGeneration,
    configError: input.configError,
    endpointsStale: input.endpointsStale,
    backends: input.backends.map((name) => backendReport(name, input.endpoints)),
    heartbeat: input.heartbeat,
    unhealthyEndpoints: unhealthy.slice(0, EXCEPTIONS).map((each) => unhealthyReport(each, input.now)),
    unhealthyOmitted: Math.max(unhealthy.length - EXCEPTIONS, 0),
    refusedEndpoints: input.refused
      .slice(0, REFUSALS)
      .map(({ endpoint, why }) => ({ address: endpoint.id, backend: endpoint.backend, message: why })),
    refusedOmitted: Math.max(input.refused.length - REFUSALS, 0),
    failOpen: input.failOpen,
    failovers: input.failovers,
  };
}

function severity({ health }: Assessed): number {
  return health.state === 'Unhealthy' ? 1 : 0;
}

/** A server with several ports counts once, and is as healthy as the worst of them: each port has all the servers. */
function backendReport(name: string, all: readonly Assessed[]): BackendReport {
  const endpoints = all.filter(({ endpoint }) => endpoint.backend === name && endpoint.lifecycle === 'Ready');
  const ports = [...new Set(endpoints.map(({ endpoint }) => endpoint.portName))].map((port) =>
    endpoints.filter(({ endpoint }) => endpoint.portName === port),
  );
  const healthy = ports.map((port) => port.filter(({ health }) => health.state !== 'Unhealthy').length);
  return {
    name,
    endpoints: Math.max(0, ...ports.map((port) => port.length)),
    healthy: healthy.length === 0 ? 0 : Math.min(...healthy),
  };
}

function unhealthyReport({ endpoint, health }: Assessed, now: number): UnhealthyEndpointReport {
  return {
    address: endpoint.id,
    backend: endpoint.backend,
    state: health.state,
    reason: health.reason,
    forMilliseconds: Math.round(now - health.since),
    ...(endpoint.podName === undefined ? {} : { podName: endpoint.podName }),
    ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }),
  };
}
