import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESTARTS, restartDelay } from '../../../src/local/backoff.ts';

test('the wait for the next start doubles from 0.2 s to 10 s, and stays there', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((restarts) => restartDelay(restarts, RESTARTS));
  assert.deepEqual(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
});
