import type { Lines } from '../local/presenter.ts';
import { ansi, type Paint, plain } from '../local/text.ts';

/** Standard output is a terminal that can be painted on. */
export function isLive(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb';
}

/** https://no-color.org */
export function colours(): Paint {
  return process.env.NO_COLOR ? plain : ansi;
}

export const standardLines: Lines = {
  out: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
};
