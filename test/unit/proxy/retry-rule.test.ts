import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayHedge, mayRetry, type RetryQuestion } from '../../../src/proxy/retry-rule.ts';

const lostGet: RetryQuestion = {
  responseStarted: false,
  requestLeft: true,
  bodyWhole: true,
  method: 'GET',
  hasIdempotencyKey: false,
  retryMethods: 'Safe',
};

const cases: Record<string, [Partial<RetryQuestion>, boolean]> = {
  'a GET that left and has no answer may': [{}, true],
  'a HEAD may': [{ method: 'HEAD' }, true],
  'an OPTIONS may': [{ method: 'OPTIONS' }, true],
  'a TRACE may': [{ method: 'TRACE' }, true],
  'a GET whose answer has begun may not': [{ responseStarted: true }, false],
  'a GET with a body that was given up may not': [{ bodyWhole: false }, false],
  'a GET with None may not, once it has left': [{ retryMethods: 'None' }, false],
  'a POST that left may not': [{ method: 'POST' }, false],
  'a POST that left may not with Idempotent': [{ method: 'POST', retryMethods: 'Idempotent' }, false],
  'a POST without a key may not with Keyed': [{ method: 'POST', retryMethods: 'Keyed' }, false],
  'a POST with a key may with Keyed': [{ method: 'POST', retryMethods: 'Keyed', hasIdempotencyKey: true }, true],
  'a POST with a key may not with Idempotent': [{ method: 'POST', retryMethods: 'Idempotent', hasIdempotencyKey: true }, false],
  'a POST of which nothing left may': [{ method: 'POST', requestLeft: false }, true],
  'a POST of which nothing left may, even with None': [{ method: 'POST', requestLeft: false, retryMethods: 'None' }, true],
  'a POST of which nothing left may not, if its body is not whole': [{ method: 'POST', requestLeft: false, bodyWhole: false }, false],
  'a PUT that left may not with Safe': [{ method: 'PUT' }, false],
  'a PUT that left may with Idempotent': [{ method: 'PUT', retryMethods: 'Idempotent' }, true],
  'a DELETE that left may with Keyed': [{ method: 'DELETE', retryMethods: 'Keyed' }, true],
  'a PATCH that left may not with Idempotent': [{ method: 'PATCH', retryMethods: 'Idempotent' }, false],
  'a method nobody knows may not': [{ method: 'BREW', retryMethods: 'Idempotent' }, false],
};

for (const [sentence, [changes, expected]] of Object.entries(cases)) {
  test(`retry: ${sentence}`, () => assert.equal(mayRetry({ ...lostGet, ...changes }), expected));
}

test('only safe methods are hedged, whatever may be retried', () => {
  assert.equal(mayHedge('GET', 'Safe'), true);
  assert.equal(mayHedge('GET', 'None'), false);
  assert.equal(mayHedge('PUT', 'Idempotent'), false);
  assert.equal(mayHedge('POST', 'Keyed'), false);
});
