import { CommanderError } from 'commander';
import { LocalError } from '../local/local-error.ts';

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'Usage';
}

/** What was asked for cannot be done: exit code 1. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly code = 'Failure';
}

export interface Failure {
  /** One line for each thing that is wrong; nearly always one. */
  readonly message: string;
  readonly exitCode: 1 | 2;
  readonly stack: string | undefined;
}

/** Whatever a command threw, in words for the person who ran it. */
export function describeFailure(error: unknown): Failure {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof CommanderError) return { message: commanderSentence(error.message), exitCode: 2, stack };
  const message =
    error instanceof LocalError ? error.message : firstLine(error instanceof Error ? error.message || error.name : String(error));
  const wrongUse = error instanceof Error && 'code' in error && error.code === 'Usage';
  return { message, exitCode: wrongUse ? 2 : 1, stack };
}

/** Parsers show the text around what they do not understand; that is for the stack. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}

/** Commander writes `error: unknown option '--prot'\n(Did you mean --port?)`. */
function commanderSentence(text: string): string {
  return text
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\(Did you mean (.*)\?\)/, '; did you mean $1?')
    .replace(/\s*\n\s*/g, ' ');
}
