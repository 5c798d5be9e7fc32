import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validate } from '../../../../src/api/v1alpha1/validate.ts';
import { attacks, isName, nameAttacks, textFields, textPaths } from '../../../cases/attacks.ts';

const fields = textFields();

test('there is a valid resource for every text field, so that none is left out here', () => {
  assert.deepEqual([...fields.keys()].sort(), textPaths().sort());
});

for (const [path, field] of fields) {
  suite(path, () => {
    for (const [what, text] of Object.entries({ ...attacks, ...(isName(path) ? nameAttacks : {}) })) {
      test(`refuses ${what}`, () => {
        assert.notDeepEqual(validate(field.with(text, true)), [], 'behind what it had');
        assert.notDeepEqual(validate(field.with(text, false)), [], 'alone');
      });
    }
    test('is left as it was by nothing at all', () => assert.deepEqual(validate(field.with('', true)).length, 0));
  });
}
