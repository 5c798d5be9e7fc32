import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthRequest, saysServing } from '../../../src/heartbeat/grpc-health.ts';

test('a request names its service, or none', () => {
  assert.deepEqual([...healthRequest('')], [0, 0, 0, 0, 0]);
  assert.deepEqual([...healthRequest('ab')], [0, 0, 0, 0, 4, 0x0a, 2, 0x61, 0x62]);
  assert.deepEqual([...healthRequest('x'.repeat(200)).subarray(0, 8)], [0, 0, 0, 0, 203, 0x0a, 0xc8, 1]);
});

test('a response says SERVING, something else, or is none', () => {
  assert.equal(saysServing(Buffer.from([0, 0, 0, 0, 2, 8, 1])), true);
  assert.equal(saysServing(Buffer.from([0, 0, 0, 0, 2, 8, 2])), false);
  assert.equal(saysServing(Buffer.from([0, 0, 0, 0, 0])), false);
  for (const bytes of [[], [0, 0, 0, 0], [1, 0, 0, 0, 2, 8, 1], [0, 0, 0, 0, 3, 8, 1], [0, 0, 0, 0, 2, 9, 1], [0, 0, 0, 0, 3, 8, 1, 0]]) {
    assert.equal(saysServing(Buffer.from(bytes)), null, String(bytes));
  }
});
