import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSentence, tryOut } from '../../../src/local/demo-tour.ts';
import type { Overview, ServerRow } from '../../../src/local/overview.ts';

const COUNTS = { sent: 12_001, answered: 12_001, failed: 0, slowestMs: 98, lastFailure: '' };

test('the load in one sentence', () => {
  assert.equal(loadSentence(COUNTS), '12,001 requests sent, 0 failed; the slowest took 98 ms');
  assert.equal(
    loadSentence({ ...COUNTS, failed: 2, lastFailure: 'answered with 503' }),
    '12,001 requests sent, 2 failed (answered with 503); the slowest took 98 ms',
  );
});

const row = (pid: number | null): ServerRow => ({
  address: '127.0.0.1:8080',
  backend: 'hello',
  weight: null,
  process: 'hello-1',
  pid,
  state: 'Healthy',
  reason: null,
  sinceMs: 0,
  requests: 0,
  heartbeatMs: null,
});

const overview = (...pids: (number | null)[]): Overview => ({
  name: 'demo',
  urls: ['http://127.0.0.1:8000'],
  strategy: 'RoundRobin',
  schedule: 'Fixed',
  heartbeat: { servers: 0, responsesPerSecond: 0, intervalMilliseconds: 0, maxDetectionMilliseconds: 0, overMaxInterval: false },
  failOpen: [],
  failovers: 0,
  recentFailovers: [],
  servers: pids.map(row),
});

test('the commands to try name processes that are there', () => {
  const curl = 'curl -i http://127.0.0.1:8000';
  assert.deepEqual(tryOut(overview(1, null, 3)), ['kill -9 1', 'kill -STOP 3', 'kill -CONT 3', curl]);
  assert.deepEqual(tryOut(overview(7)), ['kill -9 7', 'kill -STOP 7', 'kill -CONT 7', curl]);
  assert.deepEqual(tryOut(overview(null)), [curl]);
});
