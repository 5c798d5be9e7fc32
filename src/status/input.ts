import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { Status } from './types.ts';
import type { BalancerView } from './view.ts';

/** Something that is as it should not be, as a condition tells it. */
export interface Problem {
  /** One word of CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Some processes that run side by side: a Deployment's pods, or local processes. */
export interface Workload {
  readonly desired: number;
  readonly ready: number;
  /** All of them run what is wanted now, and are available. */
  readonly upToDate: boolean;
  /** A new version of them is on its way out; this says how far it is. Null: none is. Never set because one of them failed. */
  readonly rollingOut: string | null;
  /** They cannot be brought to what is wanted, in the words of who tried. */
  readonly failed: Problem | null;
}

/** What came of bringing the objects to what the spec asks for. */
export interface Outcome {
  /** The spec makes no sense, or its objects cannot be made. */
  readonly notAccepted: Problem | null;
  /** Nothing goes on until somebody does something. */
  readonly stalled: Problem | null;
  /** What is still being brought about. */
  readonly pending: Problem | null;
}

export interface StatusInput {
  readonly resource: LoadBalancedService;
  /** The status as it was last written: the memory of failovers and of times. */
  readonly previous: Status | undefined;
  readonly views: readonly BalancerView[];
  readonly balancers: Workload;
  /** Of backends whose servers are started for this resource; by backend name. */
  readonly servers: ReadonlyMap<string, Workload>;
  readonly outcome: Outcome;
  /** Generation whose configuration the balancers have been given; 0: none yet. */
  readonly configGeneration: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** When status.heartbeat was last written; null: not known. */
  readonly heartbeatWrittenAtMs: number | null;
}
