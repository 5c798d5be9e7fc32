import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../api/v1alpha1/duration.ts';

/** A port to listen on; 0 lets the system choose. */
export function portOption(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** Milliseconds of a duration such as 500ms or 1m30s. */
export function durationOption(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new InvalidArgumentError('A duration is written like 500ms, 10s or 1m30s.');
  return milliseconds;
}

/** An address of this machine to listen on. */
export function addressOption(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) throw new InvalidArgumentError('An address is written like 127.0.0.1, 0.0.0.0 or ::.');
  return text;
}
