import type { LogFields, Logger } from '../telemetry/logger.ts';
import type { SecretEvents } from './secret-sources.ts';

/** What becomes of Secrets, as lines of a log. `of`: whose they are. */
export function logSecrets(logger: Logger, of: LogFields): SecretEvents {
  return {
    onRenewed: (secret, pair) => {
      const certificate = pair ? { names: pair.names, notAfter: new Date(pair.notAfter).toISOString() } : {};
      logger.info('Secret is taken over', { ...of, secret, ...certificate });
    },
    onProblem: (secret, problem, inUse) => {
      const message = inUse ? 'Secret is refused; the last good one goes on' : 'Secret cannot be used';
      logger.error(message, { ...of, secret, error: problem });
    },
  };
}
