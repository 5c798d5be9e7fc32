import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOlderVersion } from '../../../src/kube/resource-version.ts';

const cases: [string, string, boolean, string][] = [
  ['99', '100', true, 'fewer digits are older'],
  ['100', '99', false, 'more digits are newer'],
  ['123', '124', true, 'digits are compared'],
  ['124', '124', false, 'the same is not older'],
  ['9223372036854775807', '18446744073709551615', true, 'beyond what a number holds'],
  ['abc', '5', false, 'what is no number has no order'],
  ['5', '', false, 'before the first, nothing is older'],
];
for (const [a, b, expected, sentence] of cases) {
  test(`resource versions: ${sentence}`, () => assert.equal(isOlderVersion(a, b), expected));
}
