import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intervalOf, MeanResponse, maxDetectionMs } from '../../../src/health/interval.ts';
import type { ScheduleConfig } from '../../../src/model/config.ts';

interface Case {
  schedule: ScheduleConfig;
  servers: number;
  mean?: number;
  intervalMs: number;
  over?: boolean;
}

const fixed: ScheduleConfig = { type: 'Fixed', intervalMs: 1_000 };
const budget: ScheduleConfig = { type: 'Budget', checksPerSecond: 200, minIntervalMs: 250, maxIntervalMs: 30_000 };
const measured: ScheduleConfig = { type: 'Measured', minIntervalMs: 250, maxIntervalMs: 30_000 };

const cases: Record<string, Case> = {
  'Fixed: T is given, however many servers': { schedule: fixed, servers: 5_000, intervalMs: 1_000 },
  'Fixed: however slowly they answer': { schedule: fixed, servers: 3, mean: 5_000, intervalMs: 1_000 },
  'Budget: T = N / R': { schedule: budget, servers: 60, intervalMs: 300 },
  'Budget: few servers, T stays at minInterval': { schedule: budget, servers: 3, intervalMs: 250 },
  'Budget: at maxInterval exactly': { schedule: budget, servers: 6_000, intervalMs: 30_000 },
  'Budget: the budget wins over maxInterval, and says so': { schedule: budget, servers: 6_001, intervalMs: 30_005, over: true },
  'Budget: no servers': { schedule: budget, servers: 0, intervalMs: 250 },
  'Measured: T = N x mean response time': { schedule: measured, servers: 100, mean: 20, intervalMs: 2_000 },
  'Measured: quick answers, T stays at minInterval': { schedule: measured, servers: 3, mean: 1, intervalMs: 250 },
  'Measured: slow answers, T stays at maxInterval': { schedule: measured, servers: 1_000, mean: 400, intervalMs: 30_000 },
  'Measured: nothing measured yet, maxInterval': { schedule: measured, servers: 3, intervalMs: 30_000 },
};

describe('T = N / R', () => {
  for (const [name, { schedule, servers, mean = null, intervalMs, over = false }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(intervalOf(schedule, servers, mean), { intervalMs, overMaxInterval: over }));
  }
});

describe('the longest time until a freeze is noticed', () => {
  it('is a whole jittered interval and as many timeouts as it takes misses', () => {
    assert.equal(maxDetectionMs(300, { jitterPercent: 10, failureThreshold: 2, timeoutMs: 200 }), 730);
    assert.equal(maxDetectionMs(1_000, { jitterPercent: 0, failureThreshold: 1, timeoutMs: 500 }), 1_500);
  });
});

describe('the mean response time', () => {
  it('is unknown before the first answer, and the first answer after it', () => {
    const response = new MeanResponse();
    assert.equal(response.mean, null);
    response.observe(12, 3);
    assert.equal(response.mean, 12);
  });

  it('is the plain mean at first', () => {
    const response = new MeanResponse();
    for (const ms of [10, 20, 30, 40]) response.observe(ms, 3);
    assert.equal(response.mean, 25);
  });

  it('changes smoothly: one answer among many servers hardly moves it', () => {
    const response = new MeanResponse();
    for (let i = 0; i < 1_000; i += 1) response.observe(10, 100);
    response.observe(1_010, 100);
    assert.ok(Math.abs((response.mean ?? 0) - 20) < 1e-9);
  });

  it('follows a lasting change within a few rounds', () => {
    const response = new MeanResponse();
    for (let i = 0; i < 1_000; i += 1) response.observe(10, 50);
    for (let i = 0; i < 200; i += 1) response.observe(50, 50);
    assert.ok((response.mean ?? 0) > 49);
  });
});
