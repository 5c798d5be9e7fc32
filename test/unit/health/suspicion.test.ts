import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ENOUGH_SAMPLES,
  FirstByteTime,
  isOverdue,
  Silence,
  SUSPICION_FLOOR_MS,
  suspicionThreshold,
  THRESHOLD_FACTOR,
} from '../../../src/health/suspicion.ts';
import type { Random } from '../../../src/model/clock.ts';
import { seeded } from '../balancing/fixtures.ts';

function observed(...samples: readonly number[]): FirstByteTime {
  const time = new FirstByteTime();
  for (const sample of samples) time.observe(sample);
  return time;
}

const times = <T>(count: number, value: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));

describe('the usual time to first byte', () => {
  it('says nothing before there are enough samples', () => {
    assert.equal(observed(...times(ENOUGH_SAMPLES - 1, () => 10)).estimate, null);
    assert.notEqual(observed(...times(ENOUGH_SAMPLES, () => 10)).estimate, null);
  });

  const spreads: Record<string, { sample: (random: Random) => number; low: number; high: number }> = {
    'always 10 ms': { sample: () => 10, low: 8, high: 12 },
    'even between 0 and 100 ms: 95 % lie under 95': { sample: (random) => random() * 100, low: 75, high: 130 },
    'exponential with mean 10 ms: 95 % lie under 30': { sample: (random) => -10 * Math.log(1 - random()), low: 18, high: 50 },
    '1 % take 100 times the median: as if they were not there': { sample: (random) => (random() < 0.01 ? 1_000 : 10), low: 8, high: 16 },
  };
  for (const [name, { sample, low, high }] of Object.entries(spreads)) {
    it(name, () => {
      const random = seeded(11);
      const time = new FirstByteTime();
      const estimates: number[] = [];
      for (let i = 0; i < 20_000; i += 1) {
        time.observe(sample(random));
        if (i > 200) estimates.push(time.estimate ?? Number.NaN);
      }
      const sorted = estimates.sort((a, b) => a - b);
      const [least, most] = [0.02, 0.98].map((part) => sorted[Math.floor(part * sorted.length)] ?? Number.NaN);
      assert.ok((least ?? 0) >= low && (most ?? 0) <= high, `${least}..${most}`);
    });
  }

  it('follows a service that becomes ten times slower within 50 requests', () => {
    const time = observed(...times(1_000, () => 10), ...times(50, () => 100));
    assert.ok((time.estimate ?? 0) > 90, `${time.estimate}`);
  });

  it('one answer after an hour moves it by a tenth at most', () => {
    const before = observed(...times(1_000, () => 10)).estimate ?? 0;
    const after = observed(...times(1_000, () => 10), 3_600_000).estimate ?? 0;
    assert.ok(after <= before * 1.1);
  });

  it('stays a positive number whatever it is fed', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: ENOUGH_SAMPLES, maxLength: 200 }), (samples) => {
        const { estimate } = observed(...samples);
        assert.ok(estimate !== null && estimate > 0 && Number.isFinite(estimate));
      }),
    );
  });
});

describe('the threshold of suspicion', () => {
  const none = new FirstByteTime();
  const ten = observed(...times(100, () => 10));
  const twoHundred = observed(...times(100, () => 200));

  it('nothing known: nobody is suspected', () => assert.equal(suspicionThreshold(none, none), Number.POSITIVE_INFINITY));
  it('quick servers: the floor', () => assert.equal(suspicionThreshold(ten, ten), SUSPICION_FLOOR_MS));
  it('slow servers: some times what is usual', () =>
    assert.equal(suspicionThreshold(twoHundred, none), THRESHOLD_FACTOR * (twoHundred.estimate ?? 0)));
  it('a new endpoint takes the measure of the pool', () =>
    assert.equal(suspicionThreshold(none, twoHundred), suspicionThreshold(twoHundred, none)));
  it('one with samples of its own keeps its own', () => assert.equal(suspicionThreshold(ten, twoHundred), SUSPICION_FLOOR_MS));
});

describe('what an endpoint owes', () => {
  const silence = (steps: (owed: Silence) => void): number | null => {
    const owed = new Silence();
    steps(owed);
    return owed.since;
  };
  const cases: Record<string, { steps: (owed: Silence) => void; since: number | null }> = {
    'nothing at first': { steps: () => {}, since: null },
    'an answer since the first request that was sent': {
      steps: (owed) => {
        owed.sent(10);
        owed.sent(20);
      },
      since: 10,
    },
    'nothing once anything was received': {
      steps: (owed) => {
        owed.sent(10);
        owed.sent(20);
        owed.received(50);
      },
      since: null,
    },
    'older requests do not count any more, later ones do': {
      steps: (owed) => {
        owed.sent(10);
        owed.received(50);
        owed.sent(30);
      },
      since: 30,
    },
    'nothing when the only request is withdrawn': {
      steps: (owed) => {
        owed.sent(10);
        owed.withdrawn(10);
      },
      since: null,
    },
    'a request that no longer counts is withdrawn: no difference': {
      steps: (owed) => {
        owed.sent(10);
        owed.received(50);
        owed.sent(30);
        owed.withdrawn(10);
      },
      since: 30,
    },
    'a later request is withdrawn: the oldest still counts': {
      steps: (owed) => {
        owed.sent(10);
        owed.sent(20);
        owed.withdrawn(20);
      },
      since: 10,
    },
    'the oldest is withdrawn: a later one counts': {
      steps: (owed) => {
        owed.sent(10);
        owed.sent(20);
        owed.sent(30);
        owed.withdrawn(10);
      },
      since: 30,
    },
    'all are withdrawn, the oldest first: nothing': {
      steps: (owed) => {
        for (const at of [10, 20, 30]) owed.sent(at);
        for (const at of [10, 20, 30]) owed.withdrawn(at);
      },
      since: null,
    },
  };
  for (const [name, { steps, since }] of Object.entries(cases)) it(name, () => assert.equal(silence(steps), since));

  it('is never older than it is in truth, and null only if nothing is owed', () => {
    const step = fc.constantFrom('sent', 'received', 'withdrawn' as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat()), { maxLength: 60 }), (steps) => {
        const owed = new Silence();
        let waiting: number[] = [];
        let old: number[] = [];
        steps.forEach(([what, which], at) => {
          if (what === 'sent') {
            owed.sent(at);
            waiting.push(at);
          } else if (what === 'received') {
            owed.received(50);
            old = [...old, ...waiting];
            waiting = [];
          } else {
            const [gone] = [...old, ...waiting].slice(which % Math.max(old.length + waiting.length, 1));
            if (gone === undefined) return;
            owed.withdrawn(gone);
            old = old.filter((sentAt) => sentAt !== gone);
            waiting = waiting.filter((sentAt) => sentAt !== gone);
          }
          const [oldest] = waiting;
          assert.equal(owed.since === null, oldest === undefined);
          if (owed.since !== null && oldest !== undefined) assert.ok(owed.since >= oldest);
        });
      }),
    );
  });

  it('is overdue beyond the threshold, standstills of our own taken out', () => {
    assert.equal(isOverdue(null, 1_000, 40, 0), false);
    assert.equal(isOverdue(960, 1_000, 40, 0), false);
    assert.equal(isOverdue(959, 1_000, 40, 0), true);
    assert.equal(isOverdue(959, 1_000, 40, 30), false);
    assert.equal(isOverdue(0, 1_000, Number.POSITIVE_INFINITY, 0), false);
  });
});

/**
 * One endpoint under traffic, millisecond by millisecond, looked at every 10 ms as the balancer does. A suspicion is followed by a check that
 * is answered 2 ms later, unless the endpoint is frozen.
 */
interface Traffic {
  readonly perSecond: number;
  readonly latency: (random: Random) => number;
  readonly seconds: number;
  readonly frozenFrom?: number;
}

function suspicions({ perSecond, latency, seconds, frozenFrom = Number.POSITIVE_INFINITY }: Traffic): number[] {
  const random = seeded(5);
  const time = new FirstByteTime();
  const owed = new Silence();
  const answers = new Map<number, { sentAt: number }[]>();
  const checks = new Set<number>();
  const found: number[] = [];
  let next = 0;
  let suspect = false;
  for (let now = 0; now < seconds * 1_000; now += 1) {
    for (; next <= now; next += -(1_000 / perSecond) * Math.log(1 - random())) {
      if (suspect) continue;
      owed.sent(now);
      const answeredAt = now + Math.max(Math.round(latency(random)), 1);
      if (answeredAt < frozenFrom) answers.set(answeredAt, [...(answers.get(answeredAt) ?? []), { sentAt: now }]);
    }
    for (const { sentAt } of answers.get(now) ?? []) {
      time.observe(now - sentAt);
      owed.received(50);
      suspect = false;
    }
    answers.delete(now);
    if (checks.delete(now)) {
      owed.received(50);
      suspect = false;
    }
    if (now % 10 !== 0 || suspect || !isOverdue(owed.since, now, suspicionThreshold(time, time), 0)) continue;
    found.push(now);
    suspect = true;
    if (now + 2 < frozenFrom) checks.add(now + 2);
  }
  return found;
}

describe('suspicion under traffic', () => {
  const exponential = (mean: number) => (random: Random) => -mean * Math.log(1 - random());

  it('a freeze of 10 ms servers at 333 requests/s is suspected after 40 to 60 ms', () => {
    for (let frozenFrom = 2_000; frozenFrom < 2_010; frozenFrom += 1) {
      const [first = 0] = suspicions({ perSecond: 333, latency: () => 10, seconds: 3, frozenFrom });
      assert.ok(first - frozenFrom >= 30 && first - frozenFrom <= 65, `${first - frozenFrom}`);
    }
  });

  it('a freeze of slow servers is suspected too', () => {
    const [first = 0] = suspicions({ perSecond: 50, latency: exponential(100), seconds: 60, frozenFrom: 50_000 });
    assert.ok(first >= 50_000 && first < 52_000, `${first}`);
  });

  const calm: Record<string, Traffic & { most: number }> = {
    'steady 10 ms': { perSecond: 333, latency: () => 10, seconds: 60, most: 0 },
    'exponential, mean 10 ms': { perSecond: 333, latency: exponential(10), seconds: 60, most: 0 },
    'bimodal: 1 % take 100 times the median, busy': {
      perSecond: 333,
      latency: (random) => (random() < 0.01 ? 1_000 : 10),
      seconds: 600,
      most: 0,
    },
    'bimodal, quiet: at most the slow ones, a moment each': {
      perSecond: 5,
      latency: (random) => (random() < 0.01 ? 1_000 : 10),
      seconds: 600,
      most: 40,
    },
    'long polls of up to 30 s': { perSecond: 5, latency: (random) => random() * 30_000, seconds: 600, most: 20 },
    'a request every ten seconds': { perSecond: 0.1, latency: exponential(20), seconds: 3_600, most: 5 },
  };
  for (const [name, { most, ...traffic }] of Object.entries(calm)) {
    it(`no flapping: ${name}`, () => {
      const found = suspicions(traffic);
      assert.ok(found.length <= most, `suspected ${found.length} times`);
    });
  }
});
