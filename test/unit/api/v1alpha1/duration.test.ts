import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../../src/api/v1alpha1/duration.ts';

const cases: Readonly<Record<string, readonly [string, number | null]>> = {
  milliseconds: ['500ms', 500],
  seconds: ['2s', 2_000],
  'minutes are not milliseconds': ['2m', 120_000],
  hours: ['1h', 3_600_000],
  'units are added up': ['1h1m1s1ms', 3_661_001],
  'a unit may come again': ['1s1s', 2_000],
  'zero is a duration': ['0s', 0],
  'the longest': ['99999h99999h99999h99999h', 1_439_985_600_000],
  'a number alone is none': ['5', null],
  'a unit alone is none': ['s', null],
  'nothing is none': ['', null],
  'a fraction is none': ['1.5s', null],
  'a sign makes it none': ['-1s', null],
  'a blank makes it none': ['1 s', null],
  'a line break at the end makes it none': ['1s\n', null],
  'six digits are too many': ['100000ms', null],
  'five units are too many': ['1s1s1s1s1s', null],
};

for (const [sentence, [text, milliseconds]] of Object.entries(cases)) {
  test(`duration: ${sentence}`, () => assert.equal(parseDuration(text), milliseconds));
}
