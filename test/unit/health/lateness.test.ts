import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { STANDSTILL_MS, standstill } from '../../../src/health/lateness.ts';

describe('a standstill of our own loop', () => {
  it('a timer in time, or early, reveals none', () => assert.deepEqual([standstill(100, 100), standstill(100, 99)], [0, 0]));
  it('ordinary jitter is none', () => assert.equal(standstill(100, 100 + STANDSTILL_MS - 1), 0));
  it('beyond that all of it counts', () => assert.equal(standstill(100, 2_100), 2_000));
  it('without a timer there is none', () => assert.equal(standstill(Number.POSITIVE_INFINITY, 2_100), 0));
});
