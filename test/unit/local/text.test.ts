import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ansi, clip, counted, readableCount, readableDuration, wrap } from '../../../src/local/text.ts';

describe('readableDuration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0 ms'],
    [0.84, '0.8 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [620, '620 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1240, '1.2 s'],
    [9940, '9.9 s'],
    [12_300, '12 s'],
    [119_000, '119 s'],
    [121_000, '2 min'],
    [7_199_000, '119 min'],
    [7_200_000, '2 h'],
  ];
  for (const [milliseconds, text] of cases) test(`${milliseconds} ms is ${text}`, () => assert.equal(readableDuration(milliseconds), text));
});

test('counts have commas', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(readableCount), ['0', '999', '1,000', '1,234,567']);
});

test('one is one, and all else are many', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'request')),
    ['0 requests', '1 request', '2 requests'],
  );
});

test('a text that is too long ends in an ellipsis', () => {
  assert.equal(clip('127.0.0.1:8080', 8), '127.0.0…');
  assert.equal(clip('127.0.0.1:8080', 14), '127.0.0.1:8080');
});

test('lines break between words, and go on indented', () => {
  assert.deepEqual(wrap('one two three four', 9, '  '), ['one two', '  three', '  four']);
  assert.deepEqual(wrap('incomprehensibilities', 5), ['incomprehensibilities']);
  assert.deepEqual(wrap('it took 45 ms', 10), ['it took', '45 ms']);
  assert.deepEqual(wrap('', 5), []);
});

test('a colour ends where the text ends', () => assert.equal(ansi('up', 'green'), '\x1b[32mup\x1b[0m'));
