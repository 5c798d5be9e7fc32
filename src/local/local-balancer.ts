import type { Endpoint } from '../model/endpoint.ts';
import type { HealthReason, HealthState } from '../model/health.ts';
import type { ConfigTarget, HealthSink } from '../model/ports.ts';

/** One endpoint as the balancer sees it now. */
export interface EndpointFacts {
  readonly endpoint: Endpoint;
  readonly state: HealthState;
  readonly reason: HealthReason;
  /** How long it has been in that state. */
  readonly forMilliseconds: number;
  /** Attempts made on it so far, and those under way. */
  readonly requests: number;
  readonly active: number;
  /** How long its last answered heartbeat took; null: none has been. */
  readonly heartbeatMilliseconds: number | null;
}

/** What local mode needs of a balancer. It is given one, and does not know how it is made. */
export interface LocalBalancer extends ConfigTarget {
  /** Opens the admin port. Rejects with the system's error where it cannot. */
  start(): Promise<void>;
  /** Resolves when all listeners of the newest configuration listen; rejects with the system's error where one cannot. */
  listening(): Promise<void>;
  /** The port that a listener is bound to; 0: it is not. */
  port(listener: string): number;
  readonly adminPort: number;
  endpoints(): readonly EndpointFacts[];
  /** Finishes what is under way, for `graceMs` at most, and ends. */
  drain(graceMs: number): Promise<void>;
}

export interface LocalBalancerOptions {
  readonly name: string;
  readonly sink: HealthSink;
  /** To listen on. */
  readonly address: string;
  readonly adminPort: number | null;
  /** Processes that take its requests; 1: it does so itself. */
  readonly workers: number;
}

export type CreateBalancer = (options: LocalBalancerOptions) => LocalBalancer;
