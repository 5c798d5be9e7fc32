import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heartbeatFigures, nextHeartbeat } from '../../../src/status/heartbeat.ts';
import type { HeartbeatStatus } from '../../../src/status/types.ts';
import { START, view } from './fixtures.ts';

const figures = (more: Partial<HeartbeatStatus> = {}): HeartbeatStatus => ({
  servers: 60,
  responsesPerSecond: 200,
  intervalMilliseconds: 300,
  maxDetectionMilliseconds: 1100,
  ...more,
});
const LONG_AGO = START - 3_600_000;

interface Case {
  readonly previous?: HeartbeatStatus;
  readonly current?: HeartbeatStatus;
  readonly writtenAtMs?: number;
  readonly newSettings?: true;
  readonly newCounts?: true;
  readonly rewritten: boolean;
  readonly dueInMs?: number;
}

const TABLE: Record<string, Case> = {
  'there are none yet': { current: figures(), rewritten: true },
  'no balancer reports any more': { previous: figures(), rewritten: false },
  'nothing changed': { previous: figures(), current: figures(), rewritten: false },
  'the interval changed by a fifth': { previous: figures(), current: figures({ intervalMilliseconds: 360 }), rewritten: false },
  'the interval changed by a third, long after the last write': {
    previous: figures(),
    current: figures({ intervalMilliseconds: 400 }),
    rewritten: true,
  },
  'the interval changed by a third, ten seconds after the last write': {
    previous: figures(),
    current: figures({ intervalMilliseconds: 400 }),
    writtenAtMs: START - 10_000,
    rewritten: false,
    dueInMs: 50_000,
  },
  'new settings were applied just after the last write': {
    previous: figures(),
    current: figures({ intervalMilliseconds: 301 }),
    writtenAtMs: START - 1,
    newSettings: true,
    rewritten: true,
  },
  'servers were added just after the last write, which is told anyway': {
    previous: figures({ servers: 1 }),
    current: figures(),
    writtenAtMs: START - 1,
    newCounts: true,
    rewritten: true,
  },
  'a few servers were added just after the last write, which is told anyway': {
    previous: figures(),
    current: figures({ servers: 62 }),
    writtenAtMs: START - 1,
    newCounts: true,
    rewritten: true,
  },
  'one server was added, ten seconds after the last write': {
    previous: figures(),
    current: figures({ servers: 61 }),
    writtenAtMs: START - 10_000,
    rewritten: false,
    dueInMs: 50_000,
  },
  'the answers of a second changed by a fifth just after the last write, and something else is told anyway': {
    previous: figures(),
    current: figures({ responsesPerSecond: 240 }),
    writtenAtMs: START - 1,
    newCounts: true,
    rewritten: false,
  },
  'the first servers were found just after the last write': {
    previous: figures({ servers: 0 }),
    current: figures(),
    writtenAtMs: START - 1,
    rewritten: true,
  },
  'the first heartbeat was answered just after the last write': {
    previous: figures({ responsesPerSecond: 0 }),
    current: figures(),
    writtenAtMs: START - 1,
    rewritten: true,
  },
};

for (const [sentence, each] of Object.entries(TABLE)) {
  const { previous, current, writtenAtMs = LONG_AGO, newSettings = false, newCounts = false, rewritten, dueInMs } = each;
  test(`heartbeat figures when ${sentence}: ${rewritten ? 'written' : 'kept'}`, () => {
    const change = nextHeartbeat(previous, current, { nowMs: START, writtenAtMs, newSettings, newCounts });
    assert.equal(change.rewritten, rewritten);
    assert.deepEqual(change.heartbeat, rewritten ? current : previous);
    assert.equal(change.dueAtMs, dueInMs === undefined ? null : START + dueInMs);
  });
}

test('the figures are those of the slowest balancer', () => {
  const slow = {
    servers: 3,
    responsesPerSecond: 14.96,
    intervalMilliseconds: 400.4,
    maxDetectionMilliseconds: 700,
    overMaxInterval: false,
  };
  const quick = { servers: 3, responsesPerSecond: 15, intervalMilliseconds: 200, maxDetectionMilliseconds: 620, overMaxInterval: false };
  assert.deepEqual(heartbeatFigures([view('a', { heartbeat: quick }), view('b', { heartbeat: slow })]), {
    servers: 3,
    responsesPerSecond: 15,
    intervalMilliseconds: 400,
    maxDetectionMilliseconds: 700,
  });
});
