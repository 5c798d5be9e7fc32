import { Balancer } from '../balancer/balancer.ts';
import type { CreateBalancer } from '../local/local-balancer.ts';
import { describeError, type LogFields, type Logger, silentLogger } from '../telemetry/logger.ts';
import { withWorkers } from './workers.ts';

const REPORT_INTERVAL_MS = 1_000;

/** How local mode gets its balancers. `onProblem` is told what they cannot do. */
export function balancerFactory(onProblem: (message: string) => void): CreateBalancer {
  return ({ name, sink, address, adminPort, workers }) => {
    const logger = problemLogger(name, onProblem);
    return new Balancer({
      sink,
      logger,
      clock: () => performance.now(),
      random: Math.random,
      address,
      adminPort,
      reportIntervalMs: REPORT_INTERVAL_MS,
      accessLogStream: process.stderr,
      ...withWorkers(workers, logger),
    });
  };
}

/** What happens to endpoints is told by the status; of the balancer's log only errors are worth a line at a terminal. */
function problemLogger(name: string, onProblem: (message: string) => void): Logger {
  const error = (message: string, fields: LogFields = {}): void => {
    const { error: cause, ...others } = fields;
    const facts = Object.entries(others).map(([field, value]) => `${field} ${value}`);
    const details = [...(facts.length === 0 ? [] : [facts.join(', ')]), ...(cause === undefined ? [] : [describeError(cause)])];
    onProblem([`${name}: ${message}`, ...details].join(': '));
  };
  const logger: Logger = { ...silentLogger, error, child: () => logger };
  return logger;
}
