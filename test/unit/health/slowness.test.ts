import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OWED_REQUESTS, PACE_SAMPLES, Pace, slowAmong } from '../../../src/health/slowness.ts';
import { seeded } from '../balancing/fixtures.ts';

function paceOf(...samples: readonly number[]): Pace {
  const pace = new Pace();
  for (const sample of samples) pace.answered(sample);
  return pace;
}

const steady = (milliseconds: number): Pace => paceOf(...Array.from({ length: PACE_SAMPLES }, () => milliseconds));

function owing(pace: Pace, requests: number, since: number): Pace {
  for (let i = 0; i < requests; i += 1) pace.sent(since + i);
  pace.checked(since + requests);
  return pace;
}

describe('the pace of an endpoint', () => {
  it('is unknown at first', () => assert.equal(paceOf(10, 10, 10).at(0), null));
  it('is its usual time to first byte', () => assert.ok(Math.abs((steady(10).at(0) ?? 0) - 10) < 1e-9));
  it('one outlier of 100 times the rest moves it by a factor of 1.6', () => {
    const pace = steady(10);
    pace.answered(1_000);
    assert.ok((pace.at(0) ?? 0) < 16);
  });
  it('ten slow answers in a row make it slow', () => {
    const pace = steady(10);
    for (let i = 0; i < 10; i += 1) pace.answered(500);
    assert.ok((pace.at(0) ?? 0) > 100);
  });
  it('requests that go unanswered count by the age of the oldest', () => assert.equal(owing(steady(10), OWED_REQUESTS, 100).at(400), 300));
  it('a few of them do not', () => assert.ok((owing(steady(10), OWED_REQUESTS - 1, 100).at(9_000) ?? 0) < 11));
  it('nor do those that were given up', () => {
    const pace = owing(steady(10), OWED_REQUESTS, 100);
    pace.withdrawn();
    assert.ok((pace.at(9_000) ?? 0) < 11);
  });
  it('nor do any while no check was answered: it may be frozen', () => {
    const pace = steady(10);
    pace.checked(50);
    for (let i = 0; i < OWED_REQUESTS; i += 1) pace.sent(100 + i);
    assert.ok((pace.at(9_000) ?? 0) < 11);
  });
  it('any answer ends that', () => {
    const pace = owing(steady(10), OWED_REQUESTS, 100);
    pace.answered(10);
    assert.ok((pace.at(9_000) ?? 0) < 11);
  });
  it('is unknown again after a restart', () => {
    const pace = owing(steady(10), OWED_REQUESTS, 100);
    pace.restart();
    assert.equal(pace.at(9_000), null);
  });
});

describe('who is much slower than its peers', () => {
  const cases: Record<string, { paces: Pace[]; slow: number[] }> = {
    'nobody, all alike': { paces: [steady(10), steady(12), steady(8)], slow: [] },
    'the one of three that takes 50 times as long': { paces: [steady(10), steady(500), steady(10)], slow: [1] },
    'the slower of two': { paces: [steady(500), steady(10)], slow: [0] },
    'nobody where it is the only one': { paces: [steady(500)], slow: [] },
    'nobody where most are slow: slow is normal then': { paces: [steady(500), steady(500), steady(10)], slow: [] },
    'nobody for a few milliseconds': { paces: [steady(1), steady(40), steady(1)], slow: [] },
    'nobody for three times as long: servers are unequal': { paces: [steady(100), steady(300), steady(100)], slow: [] },
    'the one that leaves its requests unanswered while the others answer': {
      paces: [steady(10), owing(steady(10), 16, 900), steady(10)],
      slow: [1],
    },
    'nobody where all of them do': { paces: [1, 2, 3].map(() => owing(steady(10), 16, 900)), slow: [] },
    'nobody of whom too little is known': { paces: [paceOf(500, 500), steady(10), steady(10)], slow: [] },
  };
  for (const [name, { paces, slow }] of Object.entries(cases)) {
    it(name, () => {
      const peers = paces.map((pace, index) => ({ pace, index }));
      assert.deepEqual(
        slowAmong(peers, 1_000).map(({ index }) => index),
        slow,
      );
    });
  }

  it('no false alarm: 100,000 requests of which 1 % take 100 times the median, looked at after each', () => {
    const random = seeded(4);
    const peers = [new Pace(), new Pace(), new Pace()].map((pace) => ({ pace }));
    let alarms = 0;
    for (let i = 0; i < 100_000; i += 1) {
      peers[i % 3]?.pace.answered(random() < 0.01 ? 1_000 : 10);
      alarms += slowAmong(peers, 0).length;
    }
    assert.equal(alarms, 0);
  });
});
