import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Candidate, eligible, mayEject, type Tier } from '../../../src/balancing/pool.ts';

/**
 * `a1 ok`: Healthy. `slow@7`: Suspect for its traffic alone, since 7. `miss`: Suspect after a missed heartbeat. `down`: Unhealthy for
 * heartbeats. `out`: Unhealthy for its traffic alone. `drain`: Draining, and Healthy.
 */
function pool(...lines: string[]): Candidate[] {
  return lines.map((line) => {
    const [id = '', what = '', since = '0'] = line.split(/[ @]/);
    const state = what === 'ok' || what === 'drain' ? 'Healthy' : what === 'slow' || what === 'miss' ? 'Suspect' : 'Unhealthy';
    const trafficAlone = what === 'slow' || what === 'out';
    const lifecycle = what === 'drain' ? 'Draining' : 'Ready';
    return { id, backend: id.replace(/\d+$/, ''), weight: 1, lifecycle, health: { state, since: Number(since), trafficAlone } };
  });
}

interface Case {
  endpoints: string[];
  weights?: [string, number | null][];
  maxEjectedPercent?: number;
  tier: Tier;
  targets: string[];
}

const cases: Record<string, Case> = {
  'nobody there': { endpoints: [], tier: 'Empty', targets: [] },
  'all healthy': { endpoints: ['a1 ok', 'a2 ok'], tier: 'Healthy', targets: ['a1', 'a2'] },
  'a suspect gets nothing while another is healthy': { endpoints: ['a1 ok', 'a2 slow'], tier: 'Healthy', targets: ['a1'] },
  'a missed heartbeat likewise': { endpoints: ['a1 ok', 'a2 miss', 'a3 miss'], tier: 'Healthy', targets: ['a1'] },
  'no healthy one left: the suspects': { endpoints: ['a1 slow', 'a2 miss', 'a3 down'], tier: 'Suspect', targets: ['a1', 'a2'] },
  'a lone suspect goes on': { endpoints: ['a1 slow'], tier: 'Suspect', targets: ['a1'] },
  'none of both: all are tried': { endpoints: ['a1 down', 'a2 out'], tier: 'FailOpen', targets: ['a1', 'a2'] },
  'draining ones never': { endpoints: ['a1 drain', 'a2 ok'], tier: 'Healthy', targets: ['a2'] },
  'draining ones not even when the rest is down': { endpoints: ['a1 drain', 'a2 down'], tier: 'FailOpen', targets: ['a2'] },
  'only draining ones: nobody': { endpoints: ['a1 drain'], tier: 'Empty', targets: [] },
  'a backend of weight 0 never': {
    endpoints: ['a1 ok', 'b1 ok'],
    weights: [
      ['a', 0],
      ['b', 1],
    ],
    tier: 'Healthy',
    targets: ['b1'],
  },
  'a backend of weight 0 not even when the rest is down': {
    endpoints: ['a1 ok', 'b1 down'],
    weights: [
      ['a', 0],
      ['b', 1],
    ],
    tier: 'FailOpen',
    targets: ['b1'],
  },
  'a backend whose only server is suspect gives its share to the others': {
    endpoints: ['a1 ok', 'a2 ok', 'b1 slow'],
    weights: [
      ['a', 9],
      ['b', 1],
    ],
    tier: 'Healthy',
    targets: ['a1', 'a2'],
  },
  'half of a backend at most is turned away from for its traffic alone: the first suspects': {
    endpoints: ['a1 slow@3', 'a2 slow@1', 'a3 slow@2', 'a4 ok'],
    tier: 'Healthy',
    targets: ['a1', 'a4'],
  },
  'the limit counts those that were put out for their traffic': {
    endpoints: ['a1 out', 'a2 slow@1', 'a3 slow@2', 'a4 ok'],
    tier: 'Healthy',
    targets: ['a3', 'a4'],
  },
  'the limit does not count missed heartbeats': {
    endpoints: ['a1 down', 'a2 down', 'a3 slow@1', 'a4 slow@2', 'a5 ok', 'a6 miss'],
    tier: 'Healthy',
    targets: ['a5'],
  },
  'a limit that rounds to none still lets one suspect rest': {
    endpoints: ['a1 slow@1', 'a2 slow@2', 'a3 ok'],
    maxEjectedPercent: 10,
    tier: 'Healthy',
    targets: ['a2', 'a3'],
  },
  'a limit of 0: suspicion for traffic alone steers nobody': {
    endpoints: ['a1 slow', 'a2 miss', 'a3 ok'],
    maxEjectedPercent: 0,
    tier: 'Healthy',
    targets: ['a1', 'a3'],
  },
  'spared suspects alone are no healthy tier': {
    endpoints: ['a1 slow@1', 'a2 slow@2', 'a3 miss'],
    tier: 'Suspect',
    targets: ['a1', 'a2', 'a3'],
  },
};

describe('who may get new requests', () => {
  for (const [name, { endpoints, weights = [], maxEjectedPercent = 50, tier, targets }] of Object.entries(cases)) {
    it(name, () => {
      const found = eligible(pool(...endpoints), new Map(weights), maxEjectedPercent);
      assert.deepEqual({ tier: found.tier, targets: found.targets.map(({ id }) => id) }, { tier, targets });
    });
  }
});

describe('who may be put out for traffic alone', () => {
  const ejections: Record<string, { endpoints: string[]; percent: number; may: boolean }> = {
    'one of two, at 50 %': { endpoints: ['a1 slow', 'a2 ok'], percent: 50, may: true },
    'not the other one too': { endpoints: ['a1 out', 'a2 slow'], percent: 50, may: false },
    'not the only one': { endpoints: ['a1 slow'], percent: 50, may: false },
    'one of three at 50 %: rounded down': { endpoints: ['a1 out', 'a2 slow', 'a3 ok'], percent: 50, may: false },
    'those that missed heartbeats do not count': { endpoints: ['a1 down', 'a2 slow', 'a3 ok'], percent: 50, may: true },
    'draining ones are not there': { endpoints: ['a1 drain', 'a2 slow'], percent: 50, may: false },
    'another backend is another matter': { endpoints: ['a1 slow', 'a2 ok', 'b1 out', 'b2 ok'], percent: 50, may: true },
    'nobody at 0 %': { endpoints: ['a1 slow', 'a2 ok', 'a3 ok'], percent: 0, may: false },
    'everybody at 100 %': { endpoints: ['a1 slow', 'a2 out'], percent: 100, may: true },
  };
  for (const [name, { endpoints, percent, may }] of Object.entries(ejections)) {
    it(name, () => assert.equal(mayEject(pool(...endpoints), 'a', percent), may));
  }
});
