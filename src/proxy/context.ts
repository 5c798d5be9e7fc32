import type { Picker } from '../balancing/picker.ts';
import type { Random } from '../model/clock.ts';
import type { FailoverConfig, LimitsConfig, ListenerConfig, TelemetryConfig } from '../model/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AccessLog } from './access-log.ts';
import type { Admission } from './admission.ts';
import type { LoopTime } from './loop-time.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Sweep } from './sweep.ts';
import type { TrafficObserver } from './traffic-observer.ts';
import type { Upstream } from './upstream.ts';

/** What all listeners of one balancer share. */
export interface ProxyContext {
  readonly time: LoopTime;
  readonly random: Random;
  readonly sweep: Sweep;
  readonly observer: TrafficObserver;
  readonly budget: RetryBudget;
  readonly admission: Admission;
  readonly metrics: ProxyMetrics;
  readonly accessLog: AccessLog;
  readonly logger: Logger;
  /** Our name in Via, the same for all replicas of one balancer; known with the first configuration. */
  pseudonym: string;
}

/** Where the requests of one listener go. Changed in place, so that a change of configuration drops no connection. */
export interface Route {
  listener: ListenerConfig;
  readonly picker: Picker<Upstream>;
  /** For a client of TLS that asks for a host, or (null) for none; null: nobody here is for it. */
  pickerFor(serverName: string | null): Picker<Upstream> | null;
  readonly failover: FailoverConfig;
  readonly limits: LimitsConfig;
  readonly telemetry: TelemetryConfig;
}
