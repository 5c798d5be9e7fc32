import type { HealthEvent, HealthRecord } from '../health/record.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LogFields, LogLevel } from '../telemetry/logger.ts';

/** A balancer tells a worker. Endpoints go by their `key` (Upstream) where health is meant, which two ports of one address have each. */
export type ToWorker =
  | WorkerTerms
  | { readonly type: 'Config'; readonly question: number; readonly config: BalancerConfig }
  | { readonly type: 'Endpoints'; readonly version: number; readonly endpoints: readonly Endpoint[]; readonly stale: boolean }
  /** What is believed of endpoints from now on. */
  | { readonly type: 'Beliefs'; readonly beliefs: readonly (readonly [key: string, record: HealthRecord])[] }
  /** Ids of endpoints whose heartbeats were answered. */
  | { readonly type: 'Checked'; readonly ids: readonly string[] }
  /** Whether anything was received of an endpoint after `since` (Clock). */
  | { readonly type: 'HasHeard'; readonly question: number; readonly key: string; readonly since: number }
  /** Another worker hears this endpoint. */
  | { readonly type: 'Heard'; readonly key: string }
  | { readonly type: 'Drain' }
  | { readonly type: 'StopAccepting' }
  | { readonly type: 'Emptied'; readonly question: number; readonly timeoutMs: number }
  | { readonly type: 'Close' };

/** The first that a worker is told. */
export interface WorkerTerms {
  readonly type: 'Start';
  /** Among `workers`, from 0 on. */
  readonly worker: number;
  readonly workers: number;
  readonly address: string;
  /** What the system's monotonic clock showed, in milliseconds, when the balancer's showed 0: all processes share one time. */
  readonly clockZero: number;
}

/** A worker tells its balancer. */
export type FromWorker =
  /** To a question: of Config an error or null, of HasHeard yes or no, of Emptied null. */
  | { readonly type: 'Answer'; readonly question: number; readonly answer: ListenFailure | boolean | null }
  /** What has happened to endpoints, in order. */
  | { readonly type: 'Seen'; readonly events: readonly (readonly [key: string, event: HealthEvent])[] }
  | { readonly type: 'Settled'; readonly key: string; readonly how: 'rescued' | 'lost' }
  | WorkerStatus
  | { readonly type: 'Log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields };

/** Sent where something of it has changed, within 100 ms, and every second. */
export interface WorkerStatus {
  readonly type: 'Status';
  /** Of the endpoints that it goes by. */
  readonly version: number;
  readonly ready: boolean;
  readonly problems: readonly string[];
  /** Of those that have changed. */
  readonly loads: readonly (readonly [key: string, requests: number, active: number, connections: number])[];
  /** In Prometheus' text format; null: not this time. */
  readonly metrics: string | null;
}

/** The system's error, as far as it can be told to another process. */
export interface ListenFailure {
  readonly message: string;
  readonly code: string;
  readonly port: number;
}
