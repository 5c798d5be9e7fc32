import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type HealthThresholds,
  HOLD_BASE_MS,
  HOLD_FORGOTTEN_MS,
  HOLD_MAX_MS,
  heedsAnswers,
  nextHealth,
  type Outcome,
  TRIAL_RESPONSES,
} from '../../../src/health/machine.ts';
import { discovered, type HealthEvent, type HealthRecord } from '../../../src/health/record.ts';

const THRESHOLDS: HealthThresholds = { failureThreshold: 2, successThreshold: 2, timeoutMs: 200 };

/** Events in short: each takes the time at which it happens. A check that times out began one timeout before. */
const answered = (at: number): HealthEvent => ({ type: 'CheckAnswered', at, stale: false });
const answeredStale = (at: number): HealthEvent => ({ type: 'CheckAnswered', at, stale: true });
const timeout = (at: number, loopLateMs = 0): HealthEvent => ({
  type: 'CheckMissed',
  at,
  startedAt: at - THRESHOLDS.timeoutMs,
  reason: 'HeartbeatTimeout',
  loopLateMs,
});
const refused = (at: number, loopLateMs = 0): HealthEvent => ({
  type: 'CheckMissed',
  at,
  startedAt: at - 1,
  reason: 'HeartbeatRefused',
  loopLateMs,
});
const badStatus = (at: number, loopLateMs = 0): HealthEvent => ({
  type: 'CheckMissed',
  at,
  startedAt: at - 1,
  reason: 'HeartbeatBadStatus',
  loopLateMs,
});
const unanswered = (at: number): HealthEvent => ({ type: 'TrafficUnanswered', at, unansweredSince: at - 40 });
const firstByte = (at: number): HealthEvent => ({ type: 'TrafficAnswered', at });
const whole = (at: number): HealthEvent => ({ type: 'TrafficCompleted', at });
const failed = (at: number): HealthEvent => ({ type: 'TrafficFailed', at, mayEject: true });
const failedAtLimit = (at: number): HealthEvent => ({ type: 'TrafficFailed', at, mayEject: false });
const cut = (at: number): HealthEvent => ({ type: 'ResponseCut', at, mayEject: true });
const slow = (at: number): HealthEvent => ({ type: 'TrafficSlow', at });

interface Run {
  readonly record: HealthRecord;
  readonly outcomes: readonly Outcome[];
}

function run(events: readonly HealthEvent[], thresholds = THRESHOLDS, from = discovered(0)): Run {
  let record = from;
  const outcomes = events.map((event) => {
    const outcome = nextHealth(record, event, thresholds);
    record = outcome.record;
    return outcome;
  });
  return { record, outcomes };
}

interface Case {
  events: readonly HealthEvent[];
  thresholds?: Partial<HealthThresholds>;
  /** State after each event: Healthy, Suspect, Unhealthy; `!` after it: check at once. */
  states: string;
  reason?: HealthRecord['reason'];
  detection?: number;
  trafficAlone?: boolean;
}

const five = (event: (at: number) => HealthEvent, from = 1): HealthEvent[] => [0, 1, 2, 3, 4].map((i) => event(from + i));

const cases: Record<string, Case> = {
  'a new endpoint is Healthy and stays so while checks are answered': {
    events: [answered(1), answered(2)],
    states: 'H H',
    reason: 'Discovered',
  },
  'the first miss makes it Suspect and is checked at once, the second puts it out': {
    events: [timeout(1_000), timeout(1_210)],
    states: 'S! U',
    reason: 'HeartbeatTimeout',
    detection: 410,
    trafficAlone: false,
  },
  'with a threshold of 1 the first miss puts it out': {
    events: [refused(1_000)],
    thresholds: { failureThreshold: 1 },
    states: 'U',
    reason: 'HeartbeatRefused',
    detection: 1,
  },
  'with a threshold of 3 it takes three': {
    events: [timeout(200), timeout(400), timeout(600)],
    thresholds: { failureThreshold: 3 },
    states: 'S! S! U',
    detection: 600,
  },
  'an answer between two misses ends the count': { events: [timeout(200), answered(210), timeout(500)], states: 'S! H S!' },
  'one answer clears a suspicion': { events: [timeout(200), answered(210)], states: 'S! H', reason: 'HeartbeatAnswered' },
  'the newest miss gives the reason': { events: [badStatus(1), refused(2)], states: 'S! U', reason: 'HeartbeatRefused' },

  'it takes successThreshold answers in a row to come back': {
    events: [refused(1), refused(2), answered(3), answered(4)],
    states: 'S! U U H',
    reason: 'HeartbeatAnswered',
  },
  'a miss between two answers ends the count of answers': {
    events: [refused(1), refused(2), answered(3), refused(4), answered(5), answered(6)],
    states: 'S! U U U U H',
  },
  'an endpoint that failed is not taken back while the list of endpoints is stale': {
    events: [refused(1), refused(2), answeredStale(3), answeredStale(4), answeredStale(5)],
    states: 'S! U U U U',
  },
  'it is taken back at the first answer once the list is good again': {
    events: [refused(1), refused(2), answeredStale(3), answeredStale(4), answered(5)],
    states: 'S! U U U H',
  },
  'a mere suspicion is cleared while the list is stale': { events: [timeout(200), answeredStale(210)], states: 'S! H' },

  'unanswered traffic makes it Suspect, and it is checked at once': {
    events: [unanswered(100)],
    states: 'S!',
    reason: 'TrafficUnanswered',
    trafficAlone: true,
  },
  'unanswered traffic alone never puts it out': { events: [unanswered(100), unanswered(200), unanswered(9_000)], states: 'S! S S' },
  'unanswered traffic and one miss are not enough': {
    events: [unanswered(100), timeout(300)],
    states: 'S! S!',
    reason: 'HeartbeatTimeout',
    trafficAlone: false,
  },
  'a freeze under traffic: from the first byte left unanswered': {
    events: [unanswered(100), timeout(300), timeout(500)],
    states: 'S! S! U',
    detection: 440,
  },
  'its traffic answers: cleared': { events: [unanswered(100), firstByte(110)], states: 'S! H', reason: 'TrafficAnswered' },
  'its check is answered: cleared': { events: [unanswered(100), answered(101)], states: 'S! H', reason: 'HeartbeatAnswered' },
  'frozen and thawed: answers to old requests do not outweigh a missed check, the next check does': {
    events: [unanswered(100), timeout(300), firstByte(310), answered(311)],
    states: 'S! S! S H',
  },
  'answers to old requests do not bring back one that is out': {
    events: [timeout(200), timeout(400), firstByte(410), whole(411)],
    states: 'S! U U U',
  },
  'an answered check does not end a count of misses twice': {
    events: [answered(1), unanswered(100), timeout(300), answered(310), timeout(900)],
    states: 'H S! S! H S!',
  },

  'a failed connection makes it Suspect, and it is checked at once': {
    events: [failed(100)],
    states: 'S!',
    reason: 'TrafficFailed',
    trafficAlone: true,
  },
  'killed: one failed connection and one refused check agree': {
    events: [failed(100), refused(102)],
    states: 'S! U',
    reason: 'HeartbeatRefused',
    detection: 2,
    trafficAlone: false,
  },
  'they agree in the other order too': { events: [refused(100), failed(102)], states: 'S! U', reason: 'HeartbeatRefused', detection: 3 },
  'a failed connection and a check without an answer agree': { events: [failed(100), timeout(300)], states: 'S! U' },
  'a bad status does not agree with a failed connection': { events: [failed(100), badStatus(102), failed(103)], states: 'S! S! S' },
  'a failure that a check has answered since does not agree with a later miss': {
    events: [failed(100), answered(101), refused(900)],
    states: 'S! H S!',
  },
  'the detection of a later outage does not begin at an old failure': {
    events: [failed(100), answered(101), refused(9_000), refused(9_010)],
    states: 'S! H S! U',
    detection: 11,
  },

  'five failures in a row put it out, though its checks are answered': {
    events: [failed(1), answered(2), failed(3), answered(4), failed(5), answered(6), failed(7), answered(8), failed(9)],
    states: 'S! H S! H S! H S! H U!',
    reason: 'TrafficFailed',
    trafficAlone: true,
    detection: 8,
  },
  'five cut responses in a row likewise, without a suspicion before': {
    events: five(cut),
    states: 'H H H H U!',
    reason: 'TrafficFailed',
    detection: 4,
  },
  'a whole response between them ends the count': { events: [cut(1), cut(2), cut(3), cut(4), whole(5), cut(6)], states: 'H H H H H H' },
  'a first byte does not: a response that is cut had one': {
    events: [cut(1), cut(2), cut(3), cut(4), firstByte(5), cut(6)],
    states: 'H H H H H U!',
  },
  'not more than the limit are put out for their traffic': { events: five(failedAtLimit), states: 'S! S S S S' },
  'failures while it is out change nothing': {
    events: [refused(1), refused(2), failed(3), cut(4), slow(5), unanswered(6)],
    states: 'S! U U U U U',
  },
  'put out for its traffic, then checks are missed too: out for missed heartbeats': {
    events: [...five(cut), timeout(300), timeout(600)],
    states: 'H H H H U! U U',
    reason: 'HeartbeatTimeout',
    trafficAlone: false,
  },

  'much slower than its peers: Suspect, and answers do not clear it': {
    events: [slow(100), answered(200), firstByte(300), whole(301)],
    states: 'S S S S',
    reason: 'TrafficUnanswered',
    trafficAlone: true,
  },
  'slowness alone never puts it out': { events: [slow(100), unanswered(200), slow(300)], states: 'S S S' },
  'a slow one that misses heartbeats is put out by them': {
    events: [slow(100), timeout(400), timeout(600)],
    states: 'S S! U',
    reason: 'HeartbeatTimeout',
  },
  'a slow one is cleared when its time is over': {
    events: [slow(100), answered(99 + HOLD_BASE_MS), answered(100 + HOLD_BASE_MS)],
    states: 'S S H',
  },

  'a timeout while our own loop stood still is void, and checked again at once': { events: [timeout(2_000, 150)], states: 'H!' },
  'void timeouts never add up': { events: [1, 2, 3, 4, 5].map((i) => timeout(i * 2_000, 150)), states: 'H! H! H! H! H!' },
  'a timeout that left the endpoint all its time counts, late or not': {
    events: [{ type: 'CheckMissed', at: 2_200, startedAt: 0, reason: 'HeartbeatTimeout', loopLateMs: 2_000 }],
    states: 'S!',
  },
  'a broken connection while our own loop stood still is void, but not for ever': {
    events: [refused(1, 50), refused(2, 50), refused(3, 50)],
    states: 'H! H! S!',
  },
  'a bad status is never void': { events: [badStatus(1, 50)], states: 'S!' },
  'a void miss does not agree with anything': { events: [failed(100), timeout(300, 150)], states: 'S! S!', reason: 'TrafficFailed' },
};

describe('the health of an endpoint', () => {
  for (const [name, { events, thresholds, states, reason, detection, trafficAlone }] of Object.entries(cases)) {
    it(name, () => {
      const { record, outcomes } = run(events, { ...THRESHOLDS, ...thresholds });
      assert.equal(outcomes.map((outcome) => outcome.record.state.charAt(0) + (outcome.checkNow ? '!' : '')).join(' '), states);
      if (reason !== undefined) assert.equal(record.reason, reason);
      if (trafficAlone !== undefined) assert.equal(record.trafficAlone, trafficAlone);
      if (detection !== undefined)
        assert.equal(
          outcomes.map((outcome) => outcome.detectionMilliseconds).find((ms) => ms !== null),
          detection,
        );
    });
  }

  it('says when the state changed, and since when it is what it is', () => {
    const { outcomes } = run([timeout(200), unanswered(250), timeout(400), timeout(600), answered(700), answered(800)]);
    assert.deepEqual(
      outcomes.map(({ changed, record }) => [changed, record.since]),
      [
        [true, 200],
        [false, 200],
        [true, 400],
        [false, 400],
        [false, 400],
        [true, 800],
      ],
    );
  });

  it('reports a detection once, at the change to Unhealthy', () => {
    const { outcomes } = run([timeout(200), timeout(400), timeout(600), answered(700)]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.detectionMilliseconds),
      [null, 400, null, null],
    );
  });
});

describe('held for its traffic', () => {
  const putOut = run(five(cut, 0)).record;

  it('answered checks bring it back, but not before its time', () => {
    const checks = [100, 200, HOLD_BASE_MS, HOLD_BASE_MS + 4].map(answered);
    assert.deepEqual(
      run(checks, THRESHOLDS, putOut).outcomes.map(({ record }) => record.state),
      ['Unhealthy', 'Unhealthy', 'Unhealthy', 'Healthy'],
    );
  });

  it('back on trial, one failure puts it out for twice as long', () => {
    let record = putOut;
    let at = 4;
    const holds: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      holds.push(record.heldUntil - at);
      at = record.heldUntil;
      record = run([answered(at - 1), answered(at), cut(at + 1)], THRESHOLDS, record).record;
      assert.equal(record.state, 'Unhealthy');
      at += 1;
    }
    assert.deepEqual(
      holds,
      [1, 2, 4, 8, 16, 32, 60, 60, 60].map((times) => Math.min(times * HOLD_BASE_MS, HOLD_MAX_MS)),
    );
  });

  it('whole responses end the trial: again it takes five', () => {
    const back = run([answered(HOLD_BASE_MS), answered(HOLD_BASE_MS + 4)], THRESHOLDS, putOut).record;
    const trusted = run(
      Array.from({ length: TRIAL_RESPONSES }, (_, i) => whole(HOLD_BASE_MS + 5 + i)),
      THRESHOLDS,
      back,
    ).record;
    assert.equal(run([cut(HOLD_BASE_MS + 50)], THRESHOLDS, trusted).record.state, 'Healthy');
    assert.equal(run(five(cut, HOLD_BASE_MS + 50), THRESHOLDS, trusted).record.state, 'Unhealthy');
  });

  it('a minute without another hold, and the next one is short again', () => {
    const later = putOut.heldUntil + HOLD_FORGOTTEN_MS + 1;
    const back = run([answered(later - 2), answered(later - 1)], THRESHOLDS, putOut).record;
    assert.equal(run([cut(later)], THRESHOLDS, back).record.heldUntil, later + HOLD_BASE_MS);
  });

  it('a limit that is reached lets a failing one on trial stay', () => {
    const back = run([answered(HOLD_BASE_MS), answered(HOLD_BASE_MS + 4)], THRESHOLDS, putOut).record;
    assert.equal(run([failedAtLimit(HOLD_BASE_MS + 5)], THRESHOLDS, back).record.state, 'Suspect');
  });
});

describe('whatever happens', () => {
  const anyEvent = fc.constantFrom(
    answered,
    answeredStale,
    timeout,
    refused,
    badStatus,
    unanswered,
    firstByte,
    whole,
    failed,
    failedAtLimit,
    cut,
    slow,
  );
  const anyEvents = fc.array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 3_000 })), { maxLength: 60 }).map((steps) => {
    let at = 1_000;
    return steps.map(([event, after]) => event((at += after)));
  });

  it('a Healthy endpoint has missed no check, and nothing is held against it', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        for (const { record } of run(events).outcomes)
          if (record.state === 'Healthy') assert.deepEqual([record.misses, record.trafficAlone], [0, false]);
      }),
    );
  });

  it('without a missed check and without a failure nothing is ever put out', () => {
    const harmless = anyEvents.map((events) =>
      events.filter(({ type }) => !['CheckMissed', 'TrafficFailed', 'ResponseCut'].includes(type)),
    );
    fc.assert(fc.property(harmless, (events) => run(events).outcomes.every(({ record }) => record.state !== 'Unhealthy')));
  });

  it('from anywhere, answered checks bring it back in the end', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { record } = run(events);
        const later = Math.max(record.heldUntil, record.since) + 1;
        assert.equal(run([answered(later), answered(later + 1)], THRESHOLDS, record).record.state, 'Healthy');
      }),
    );
  });

  it('from anywhere, missed checks put it out in the end', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { record } = run(events);
        const later = record.since + 100_000;
        const out = run([timeout(later), timeout(later + 200)], THRESHOLDS, record).record;
        assert.deepEqual([out.state, out.trafficAlone], ['Unhealthy', false]);
      }),
    );
  });

  it('what heedsAnswers calls of no meaning changes nothing', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { record } = run(events);
        if (heedsAnswers(record)) return;
        for (const event of [firstByte(1e9), whole(1e9)]) assert.equal(nextHealth(record, event, THRESHOLDS).record, record);
      }),
    );
  });

  it('a detection is never negative and comes with every change to Unhealthy, and only then', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        for (const { changed, record, detectionMilliseconds } of run(events).outcomes) {
          const out = changed && record.state === 'Unhealthy';
          assert.equal(detectionMilliseconds !== null, out);
          if (detectionMilliseconds !== null) assert.ok(detectionMilliseconds >= 0);
        }
      }),
    );
  });
});
