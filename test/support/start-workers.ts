import { join } from 'node:path';
import { WorkerFrontend, type WorkersOptions } from '../../src/balancer/worker-frontend.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import { type Logger, silentLogger } from '../../src/telemetry/logger.ts';
import { type StartedBalancer, startBalancer } from './start-balancer.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface StartedWorkers extends StartedBalancer {
  /** Process ids of the workers that run now. */
  readonly pids: () => readonly number[];
  /** Lines of the balancer's log. */
  readonly log: readonly string[];
  /** The value of one line of all metrics, which begins with `name`; 0: there is none. */
  readonly metric: (name: string) => number;
}

/** As startBalancer, with `count` workers. */
export async function startWorkers(
  count: number,
  serverPorts: readonly number[],
  config: BalancerConfig,
  options: Pick<WorkersOptions, 'silentMs'> = {},
): Promise<StartedWorkers> {
  let frontend: WorkerFrontend | undefined;
  const log: string[] = [];
  const line = (message: string, fields: object = {}) => void log.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { ...silentLogger, info: line, warn: line, error: line, child: () => logger };
  const started = await startBalancer(serverPorts, config, {
    logger,
    createFrontend: (surroundings) =>
      (frontend = new WorkerFrontend(surroundings, { count, command: [process.execPath, MAIN, 'worker'], ...options })),
  });
  const metric = (name: string) => {
    const found = frontend
      ?.metrics()
      .split('\n')
      .find((each) => each.startsWith(`${name} `));
    return Number(found?.slice(name.length + 1) ?? 0);
  };
  return { ...started, log, metric, pids: () => frontend?.pids ?? [] };
}
