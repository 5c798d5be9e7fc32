import type { HealthReason, HealthState } from './health.ts';

/**
 * What one balancer says of itself: the body of its BalancerReport (`spec`), and in local mode the input of the same status functions.
 * Counts and exceptions only, so that its size does not grow with the pool. Durations, never clock times: the operator stamps those.
 */
export interface BalancerReportBody {
  /** Generation of the resource that is applied; 0 before the first. */
  readonly appliedGeneration: number;
  /** Why a newer configuration was not applied; empty when it was. */
  readonly configError: string;
  /** The EndpointSlices may be out of date: the API has been away. */
  readonly endpointsStale: boolean;
  readonly backends: readonly BackendReport[];
  readonly heartbeat: HeartbeatReport;
  /** At most 100, worst first; `unhealthyOmitted` counts the rest. */
  readonly unhealthyEndpoints: readonly UnhealthyEndpointReport[];
  readonly unhealthyOmitted: number;
  /** Endpoints that were found and may not be connected to; at most 20, and `refusedOmitted` counts the rest. */
  readonly refusedEndpoints: readonly RefusedEndpointReport[];
  readonly refusedOmitted: number;
  /** No endpoint is Healthy or Suspect, so all are tried; by listener name. */
  readonly failOpen: readonly string[];
  /** The last 20, and of the last minute up to 100; newest first. */
  readonly failovers: readonly FailoverReport[];
}

export interface BackendReport {
  readonly name: string;
  /** Known endpoints that are not draining, and those of them in state Healthy or Suspect. */
  readonly endpoints: number;
  readonly healthy: number;
}

export interface HeartbeatReport {
  /** N: endpoints under heartbeat. */
  readonly servers: number;
  /** R: answered heartbeats a second, as scheduled; 0 before the first answer. */
  readonly responsesPerSecond: number;
  /** T in milliseconds. */
  readonly intervalMilliseconds: number;
  /** Longest time until an idle endpoint's freeze is noticed: T x (1 + jitter) + failureThreshold x timeout. */
  readonly maxDetectionMilliseconds: number;
  /** N / R lies over maxInterval, and T follows N / R. */
  readonly overMaxInterval: boolean;
}

export interface UnhealthyEndpointReport {
  readonly address: string;
  readonly backend: string;
  readonly state: HealthState;
  readonly reason: HealthReason;
  /** For how long it has been in this state, at the time of the report. */
  readonly forMilliseconds: number;
  readonly podName?: string;
  readonly nodeName?: string;
}

export interface RefusedEndpointReport {
  readonly address: string;
  readonly backend: string;
  /** The rest of a sentence that begins with the address. */
  readonly message: string;
}

/** One endpoint's outage, as one balancer saw it. */
export interface FailoverReport {
  /** Unique within the balancer's life: a random prefix per process and a counter. */
  readonly id: string;
  readonly address: string;
  readonly backend: string;
  readonly podName?: string;
  readonly nodeName?: string;
  readonly reason: HealthReason;
  /** From the start of the first missed heartbeat or the first byte left unanswered, to Unhealthy. */
  readonly detectionMilliseconds: number;
  /** Requests that the endpoint held, or that failed on it, and that another endpoint answered. */
  readonly rescued: number;
  /** Requests that the endpoint held, or that failed on it, and that the client saw fail. */
  readonly lost: number;
  /** How long ago it was put out, at the time of the report. */
  readonly agoMilliseconds: number;
  /** It left before it was put back; false where it came back after all. */
  readonly removed: boolean;
  /** How long it was out; null while it is, and where it left. */
  readonly outMilliseconds: number | null;
}
