import type { CreateFrontend } from '../balancer/frontend.ts';
import { WorkerFrontend } from '../balancer/worker-frontend.ts';
import type { Logger } from '../telemetry/logger.ts';
import { selfCommand } from './self.ts';

/** How a balancer with `count` workers, 2 or more, takes requests. Only Linux spreads connections among processes. */
export function withWorkers(count: number, logger: Logger): { readonly createFrontend?: CreateFrontend } {
  if (count === 1) return {};
  if (process.platform !== 'linux') {
    logger.error('workers need Linux: this process takes all requests itself', { workers: count });
    return {};
  }
  const command = [...selfCommand(), 'worker'];
  return { createFrontend: (surroundings) => new WorkerFrontend(surroundings, { count, command }) };
}
