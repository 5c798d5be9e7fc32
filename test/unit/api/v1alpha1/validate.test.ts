import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { normalize, validate } from '../../../../src/api/v1alpha1/validate.ts';
import { formatPath } from '../../../../src/api/v1alpha1/validation/issue.ts';
import { resourceCases } from '../../../cases/resources.ts';

suite('local validation, by the table that the API server is held against too', () => {
  for (const [sentence, { resource, refused }] of Object.entries(resourceCases)) {
    test(sentence, () => {
      const issues = validate(normalize(parse(resource))).map(({ path, message }) => `${formatPath(path)}: ${message}`);
      if (!refused) assert.deepEqual(issues, []);
      else
        assert.ok(
          issues.some((issue) => issue.startsWith(`${refused.at}: `) && issue.includes(refused.says)),
          `expected ${refused.at}: ${refused.says}\ngot ${issues.join('\n')}`,
        );
    });
  }
});
