import type { BalancerConfig } from '../model/config.ts';

/** The configuration of one worker: limits that hold for the whole balancer are shared out, the first workers getting what is left over. */
export function workerShare(config: BalancerConfig, worker: number, workers: number): BalancerConfig {
  const part = (limit: number) => Math.floor(limit / workers) + (worker < limit % workers ? 1 : 0);
  const { limits } = config;
  return {
    ...config,
    limits: {
      ...limits,
      connectionsPerPort: Math.max(part(limits.connectionsPerPort), 1),
      requestsPerServer: limits.requestsPerServer === 0 ? 0 : Math.max(part(limits.requestsPerServer), 1),
      pendingRequests: part(limits.pendingRequests),
    },
  };
}
