import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { describeFailure, FailureError, UsageError } from '../../../src/cli/failure.ts';
import { LocalError } from '../../../src/local/local-error.ts';

const of = (error: unknown) => {
  const { message, exitCode } = describeFailure(error);
  return [exitCode, message];
};

/** Sentence -> error, and exit code and line that it gives. */
const CASES: Record<string, readonly [unknown, readonly [number, string]]> = {
  'wrong use': [new UsageError('which command?'), [2, 'which command?']],
  'a flag that does not fit the files': [
    new LocalError('Usage', '--port x=1: there is no such port'),
    [2, '--port x=1: there is no such port'],
  ],
  'an option that is not known, in one line': [
    new CommanderError(1, 'commander.unknownOption', "error: unknown option '--prot'\n(Did you mean --port?)"),
    [2, "unknown option '--prot'; did you mean --port?"],
  ],
  'a failure': [new FailureError('it broke'), [1, 'it broke']],
  'a file with two problems, in two lines': [
    new LocalError('Resource', ['a.yaml:1:1: x', 'a.yaml:2:1: y']),
    [1, 'a.yaml:1:1: x\na.yaml:2:1: y'],
  ],
  'an error that nobody foresaw': [new TypeError('x is not a function'), [1, 'x is not a function']],
  'an error of a parser that draws a picture': [new Error('bad indentation (2:1)\n\n 1 | x: [\n-----^'), [1, 'bad indentation (2:1)']],
  'an error without words': [new RangeError(), [1, 'RangeError']],
  'something that is no error': ['nonsense', [1, 'nonsense']],
};

for (const [sentence, [error, expected]] of Object.entries(CASES)) test(sentence, () => assert.deepEqual(of(error), expected));
