import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { editDistance, suggest } from '../../../../../src/api/v1alpha1/validation/suggest.ts';

suite('the nearest right word', () => {
  const known = ['ports', 'backends', 'strategy', 'heartbeat', 'failover'];
  const cases: Readonly<Record<string, readonly [string, string | null]>> = {
    'a letter that is wrong': ['heartbeet', 'heartbeat'],
    'a letter that is missing': ['backend', 'backends'],
    'two letters that are swapped': ['prots', 'ports'],
    'capitals do not matter': ['failOver', 'failover'],
    'nothing is near': ['replicas', null],
    'a short word is near to nothing that differs in two letters': ['pat', null],
    'a word of any length is dealt with at once': ['x'.repeat(100_000), null],
  };
  for (const [sentence, [word, meant]] of Object.entries(cases)) test(sentence, () => assert.equal(suggest(word, known), meant));
});

test('edit distances', () => {
  assert.equal(editDistance('', ''), 0);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('same', 'same'), 0);
});
