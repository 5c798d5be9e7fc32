import { Option } from 'commander';
import { LOG_LEVELS } from '../telemetry/logger.ts';

/** `--log-level`, of the commands that write a log. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'least important lines that are logged')
    .env('EVENKEEL_LOG_LEVEL')
    .choices([...LOG_LEVELS])
    .default('info');
}
