import type { BalancerConfig } from './config.ts';
import type { Endpoint } from './endpoint.ts';
import type { BalancerReportBody } from './report.ts';

/** Where a balancer's configuration and endpoints come from: a cluster's API, or a file and local processes. */
export interface ConfigSource {
  /** Starts delivering to `target`, the newest state first; resolves once a configuration and its endpoints have been delivered. */
  start(target: ConfigTarget): Promise<void>;
  stop(): Promise<void>;
}

export interface ConfigTarget {
  /** A whole new configuration, already parsed. */
  applyConfig(config: BalancerConfig): void;
  /** A newer configuration that could not be read; the last good one goes on. */
  rejectConfig(message: string): void;
  /** All endpoints of all listeners, deduplicated. `stale`: the source has lost touch with what it follows. */
  applyEndpoints(endpoints: readonly Endpoint[], stale: boolean): void;
}

/** Where a balancer's view of health goes: a BalancerReport, or a terminal. Calls may be folded by the sink; the newest wins. */
export interface HealthSink {
  publish(report: BalancerReportBody): void;
  /** Writes what is outstanding, then ends. */
  close(): Promise<void>;
}
