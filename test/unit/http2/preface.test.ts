import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPreface, PREFACE } from '../../../src/http2/preface.ts';

test('the preface is known by its 24 bytes, and not before', () => {
  assert.equal(PREFACE.length, 24);
  for (let length = 0; length < 24; length++) assert.equal(matchPreface(PREFACE.subarray(0, length)), 'partly');
  assert.equal(matchPreface(PREFACE), 'whole');
  assert.equal(matchPreface(Buffer.concat([PREFACE, Buffer.from('more')])), 'whole');
});

test('a request of HTTP/1.1 differs at its first other byte', () => {
  for (const text of ['G', 'PO', 'PRI /', 'PRI * HTTP/1.1', `${PREFACE.toString().slice(0, -1)}x`]) {
    assert.equal(matchPreface(Buffer.from(text)), 'no', text);
  }
});
