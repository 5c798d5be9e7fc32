import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LineSplitter, LineTooLongError } from '../../../src/kube/line-splitter.ts';

const TEXT = '{"a":"grün"}\n\n{"b":"🙂"}\r\n{"rest":1}';

describe('the line splitter', () => {
  test('gives whole lines and keeps the rest', () => {
    const splitter = new LineSplitter(100);
    assert.deepEqual(splitter.push(Buffer.from(TEXT)), ['{"a":"grün"}', '{"b":"🙂"}']);
    assert.deepEqual(splitter.push(Buffer.from('\n')), ['{"rest":1}']);
  });

  test('gives the same byte by byte, also where a chunk ends within a character', () => {
    const splitter = new LineSplitter(100);
    const lines = [...Buffer.from(`${TEXT}\n`)].flatMap((byte) => splitter.push(Buffer.from([byte])));
    assert.deepEqual(lines, ['{"a":"grün"}', '{"b":"🙂"}', '{"rest":1}']);
  });

  test('refuses a line that is too long, whole or in pieces, and counts each line anew', () => {
    const splitter = new LineSplitter(10);
    assert.deepEqual(splitter.push(Buffer.from('0123456789\n0123456789\n')), ['0123456789', '0123456789']);
    assert.deepEqual(splitter.push(Buffer.from('012345')), []);
    assert.throws(() => splitter.push(Buffer.from('67890')), LineTooLongError);
    assert.throws(() => new LineSplitter(10).push(Buffer.from('01234567890\n')), LineTooLongError);
  });
});
