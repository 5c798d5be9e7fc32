import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { evenkeel } from './evenkeel.ts';

const COMMANDS = ['demo', 'run', 'validate', 'hello', 'operator', 'balancer', 'version'];

test('help lists all commands', async () => {
  const { code, stdout, stderr } = await evenkeel(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const name of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
});

describe('help of each command', () => {
  for (const name of COMMANDS) {
    test(`${name}: what it takes, in lines of at most 80 characters`, async () => {
      const [flag, word] = await Promise.all([evenkeel([name, '--help']), evenkeel(['help', name])]);
      assert.deepEqual([flag.code, flag.stderr], [0, '']);
      assert.equal(word.stdout, flag.stdout);
      assert.match(flag.stdout, new RegExp(`^Usage: evenkeel ${name}`));
      if (name !== 'version') assert.match(flag.stdout, /\nExamples?:\n/);
      assert.deepEqual(
        flag.stdout.split('\n').filter((line) => line.length > 80),
        [],
      );
    });
  }
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as { version: string };
  const [flag, word] = await Promise.all([evenkeel(['--version']), evenkeel(['version'])]);
  assert.deepEqual([flag.code, flag.stdout], [0, `${version}\n`]);
  assert.match(word.stdout, new RegExp(`^evenkeel ${version.replaceAll('.', '\\.')} \\(Node 2\\d`));
});
