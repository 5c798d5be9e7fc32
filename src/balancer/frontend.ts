import type { Clock, Random } from '../model/clock.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LogOutput } from '../proxy/access-log.ts';
import type { LoopTime } from '../proxy/loop-time.ts';
import type { Sweep } from '../proxy/sweep.ts';
import type { Upstream } from '../proxy/upstream.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Registry } from '../telemetry/metrics.ts';
import type { ShownCertificate } from './listeners.ts';
import type { Pool } from './pool.ts';

/** What one endpoint is given: attempts ever, those under way, open connections. */
export interface EndpointLoad {
  readonly requests: number;
  readonly active: number;
  readonly connections: number;
}

/** What a frontend is built on. */
export interface FrontendSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly time: LoopTime;
  readonly sweep: Sweep;
  readonly pool: Pool;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Where listeners bind. */
  readonly address: string;
  /** Where the access log goes: standard output unless given. */
  readonly accessLogStream?: LogOutput | undefined;
  /** Whether it is ready, or what its problems are, may have changed. */
  readonly onChange: () => void;
  /** What became of a request that this endpoint held, where the pool is not told. */
  readonly onSettled: (endpointKey: string, how: 'rescued' | 'lost') => void;
}

/** What takes the requests of clients to the servers that the pool chooses: this very process, or several workers. */
export interface Frontend {
  /** Goes over to a configuration that the pool has already. Resolves when each listener of it listens; rejects with the system's first error. */
  configure(config: BalancerConfig): Promise<void>;
  setEndpoints(endpoints: readonly Endpoint[], stale: boolean): void;
  /** The pool believes something else of an endpoint now. */
  believe(upstream: Upstream): void;
  /** A heartbeat was answered. */
  checked(endpointId: string): void;
  /** The port that a listener is bound to; 0: it is not. */
  port(listener: string): number;
  /** Every listener has what it needs to serve clients. */
  readonly ready: boolean;
  /** What of the Secrets cannot be used, a sentence each. */
  readonly problems: readonly string[];
  /** The certificates that clients are shown, with their end in epoch milliseconds. */
  readonly certificates: readonly ShownCertificate[];
  /** Looks for Secrets that have changed. */
  lookAtSecrets(): void;
  loadOf(upstream: Upstream): EndpointLoad;
  /** All metrics of the balancer, in Prometheus' text format. */
  metrics(): string;
  /** From now on each connection ends with what it is at. New ones are still taken. */
  drain(): void;
  /** Takes no more connections. */
  stopAccepting(): void;
  /** Resolves when no connection is left, or at the latest after `timeoutMs`. */
  emptied(timeoutMs: number): Promise<void>;
  /** Ends at once: what is under way is cut. */
  close(): Promise<void>;
}

export type CreateFrontend = (surroundings: FrontendSurroundings) => Frontend;
