import type { Endpoint } from '../model/endpoint.ts';
import type { HealthReason, HealthState } from '../model/health.ts';

/** One endpoint as it is now, for a table or for metrics. */
export interface EndpointSnapshot {
  readonly endpoint: Endpoint;
  readonly state: HealthState;
  readonly reason: HealthReason;
  /** For how long it has been in this state. */
  readonly forMilliseconds: number;
  /** Attempts made on it, ever, and those under way. */
  readonly requests: number;
  readonly active: number;
  /** Open connections to it. */
  readonly connections: number;
  /** How long its last answered heartbeat took; null: none has been. */
  readonly heartbeatMilliseconds: number | null;
}
