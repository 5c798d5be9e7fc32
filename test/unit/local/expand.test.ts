import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandVariables } from '../../../src/local/expand.ts';

const VARIABLES = new Map([
  ['PORT', '8080'],
  ['EMPTY', ''],
  ['NESTED', '$(PORT)'],
]);

/** Sentence -> text, and what becomes of it; as in Kubernetes' own table (expansion_test.go). */
const CASES: Record<string, readonly [string, string]> = {
  'a reference gives its value': ['--port=$(PORT)', '--port=8080'],
  'references stand side by side': ['$(PORT)$(PORT)', '80808080'],
  'an empty value is a value': ['a$(EMPTY)b', 'ab'],
  'an unknown name stays as it is': ['$(OTHER)', '$(OTHER)'],
  'a doubled dollar escapes the reference': ['$$(PORT)', '$(PORT)'],
  'two doubled dollars are two dollars': ['$$$$(PORT)', '$$(PORT)'],
  'a third dollar begins a reference again': ['$$$(PORT)', '$8080'],
  'a value is not expanded a second time': ['$(NESTED)', '$(PORT)'],
  'a dollar alone is a dollar': ['cost: 5$', 'cost: 5$'],
  'the shell’s own form is none of ours': ['$PORT $1', '$PORT $1'],
  'a reference that does not end is text': ['$(PORT', '$(PORT'],
  'an empty reference is text': ['$()', '$()'],
};

for (const [sentence, [text, expected]] of Object.entries(CASES)) {
  test(sentence, () => assert.equal(expandVariables(text, VARIABLES), expected));
}
