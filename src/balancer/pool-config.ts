import type { BalancerConfig } from '../model/config.ts';
import type { PoolConfig } from './pool.ts';
import { serverNameRoutes } from './server-names.ts';

/** What the pool needs of a configuration. */
export function poolConfig({ strategy, failover, heartbeat, listeners, backends }: BalancerConfig): PoolConfig {
  return {
    strategy,
    weights: new Map(backends.map(({ name, weight }) => [name, weight])),
    protocols: new Map(backends.map(({ name, protocol }) => [name, protocol])),
    maxEjectedPercent: failover.maxEjectedPercent,
    listeners: listeners.map(({ name }) => name),
    routes: serverNameRoutes({ listeners, backends }),
    thresholds: heartbeat,
    failover,
  };
}
