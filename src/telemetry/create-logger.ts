import type { Writable } from 'node:stream';
import winston from 'winston';
import { describeError, type LogFields, type Logger, type LogLevel } from './logger.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one object per line, for a cluster. `text`: for a person at a terminal. */
  readonly format: 'json' | 'text';
  /** Standard error unless given: standard output belongs to a command's own output and to the access log. */
  readonly stream?: Writable;
  readonly fields?: LogFields;
}

export function createLogger(options: LoggerOptions): Logger {
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.combine(errorsAsText(), winston.format.timestamp(), options.format === 'json' ? winston.format.json() : text()),
    transports: [new winston.transports.Stream({ stream: options.stream ?? process.stderr })],
  });
  return new WinstonLogger(options.fields ? logger.child(options.fields) : logger);
}

class WinstonLogger implements Logger {
  readonly #logger: winston.Logger;

  constructor(logger: winston.Logger) {
    this.#logger = logger;
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#logger.warn(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#logger.error(message, fields);
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.#logger.child(fields));
  }
}

/** An Error has no enumerable fields, so JSON would show `{}`: its code and message are what a reader needs. */
const errorsAsText = winston.format((info) => {
  for (const [name, value] of Object.entries(info)) {
    if (value instanceof Error) info[name] = describeError(value);
  }
  return info;
});

function text(): winston.Logform.Format {
  return winston.format.printf(({ level, message, timestamp, ...fields }) => {
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const time = String(timestamp).slice(11, 23);
    return [time, level.toUpperCase().padEnd(5), String(message), ...rest].join(' ');
  });
}
