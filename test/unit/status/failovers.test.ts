import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FailoverMemory, MAX_RECENT, mergeFailovers } from '../../../src/status/failovers.ts';
import { readMemory, toRecentFailover } from '../../../src/status/memory.ts';
import type { BalancerView } from '../../../src/status/view.ts';
import { failover, START, unhealthy, view } from './fixtures.ts';

const NOTHING: FailoverMemory = { total: 0, recent: [], counted: new Map() };

interface Step {
  /** Seconds after START. */
  readonly at: number;
  readonly views: readonly BalancerView[];
  /** The memory goes through the status first, as when the operator has been restarted. */
  readonly restart?: true;
}

/** Runs the steps, and shows what has been counted after each, and at last the outages with their times in seconds after START. */
function run(steps: readonly Step[]) {
  let memory = NOTHING;
  const totals: number[] = [];
  const started: string[] = [];
  const recovered: string[] = [];
  for (const { at, views, restart } of steps) {
    if (restart) memory = throughStatus(memory);
    const nowMs = START + at * 1000;
    const change = mergeFailovers(
      memory,
      views.map((each) => ({ ...each, reportedAtMs: nowMs })),
      nowMs,
    );
    memory = change.memory;
    totals.push(memory.total);
    started.push(...change.started.map((outage) => outage.id));
    recovered.push(...change.recovered.map((outage) => outage.id));
  }
  const seconds = (ms: number | null) => (ms === null ? null : (ms - START) / 1000);
  const recent = memory.recent.map(({ id, rescued, lost, timeMs, recoveryTimeMs }) => ({
    id,
    rescued,
    lost,
    out: [seconds(timeMs), seconds(recoveryTimeMs)],
  }));
  return { totals, started, recovered, recent };
}

function throughStatus(memory: FailoverMemory): FailoverMemory {
  return readMemory({
    failovers: memory.total,
    recentFailovers: memory.recent.map(toRecentFailover),
    balancers: [...memory.counted].map(([name, lastFailover]) => ({ name, lastFailover })),
  });
}

test('a failover is counted when it is first reported, and not again', () => {
  const views = [view('a', { failovers: [failover('a-1', 0, null)] })];
  const result = run([
    { at: 0, views },
    { at: 1, views: [view('a', { failovers: [failover('a-1', 1000, null)] })] },
  ]);
  assert.deepEqual(result.totals, [1, 1]);
  assert.deepEqual(result.started, ['a-1']);
  assert.deepEqual(result.recent, [{ id: 'a-1', rescued: 0, lost: 0, out: [0, null] }]);
});

test('overlapping outages of one endpoint, as two balancers saw them, are one failover with summed requests and the first detection', () => {
  const seen = (ago: number, out: number | null) => [
    view('a', { failovers: [failover('a-1', ago, out, { rescued: 3, lost: 1, detectionMilliseconds: 450 })] }),
    view('b', { failovers: [failover('b-9', ago - 200, out, { rescued: 4, lost: 0, detectionMilliseconds: 410 })] }),
  ];
  const result = run([
    { at: 1, views: seen(1000, null) },
    { at: 5, views: seen(5000, 4000) },
  ]);
  assert.deepEqual(result.totals, [1, 1]);
  assert.deepEqual(result.recovered, ['a-1']);
  assert.deepEqual(result.recent, [{ id: 'a-1', rescued: 7, lost: 1, out: [0, 4.2] }]);
  const merged = mergeFailovers(NOTHING, seen(1000, null), START).memory.recent[0];
  assert.equal(merged?.detectionMilliseconds, 410);
});

test('the second balancer tells of an outage later, and nothing is counted for it', () => {
  const a = view('a', { failovers: [failover('a-1', 0, null)] });
  const result = run([
    { at: 0, views: [a, view('b')] },
    { at: 1, views: [view('a', { failovers: [failover('a-1', 1000, null)] }), view('b', { failovers: [failover('b-1', 600, null)] })] },
  ]);
  assert.deepEqual(result.totals, [1, 1]);
});

test('outages of two endpoints at one time are two failovers', () => {
  const views = [view('a', { failovers: [failover('a-2', 0, null, { address: '10.0.0.2:8080' }), failover('a-1', 0, null)] })];
  assert.deepEqual(run([{ at: 0, views }]).totals, [2]);
});

test('an endpoint that flaps is counted each time by a balancer, however close the outages are', () => {
  const flaps = (name: string, late: number) =>
    view(name, { failovers: [3, 2, 1].map((n) => failover(`${name}-${n}`, (4 - n) * 1400 - late, 700)) });
  assert.deepEqual(run([{ at: 5, views: [flaps('a', 0)] }]).totals, [3]);
  assert.deepEqual(run([{ at: 5, views: [flaps('a', 0), flaps('b', 60)] }]).totals, [3]);
});

test('an outage is over when the last balancer has taken the endpoint back', () => {
  const seen = (aOut: number | null, bOut: number | null, ago: number) => [
    view('a', { failovers: [failover('a-1', ago, aOut)] }),
    view('b', { failovers: [failover('b-1', ago, bOut)] }),
  ];
  const steps = [
    { at: 2, views: seen(null, null, 2000) },
    { at: 4, views: seen(2000, null, 4000) },
  ];
  assert.deepEqual(run(steps).recovered, []);
  const result = run([...steps, { at: 6, views: seen(2000, 6000, 6000) }]);
  assert.deepEqual(result.recovered, ['a-1']);
  assert.deepEqual(result.recent[0]?.out, [0, 6]);
});

test('after a restart of the operator nothing is counted twice, though recent failovers and reports know different ones', () => {
  const reports = Array.from({ length: 15 }, (_, n) => failover(`a-${15 - n}`, n * 10, null, { address: `10.0.0.${n}:8080` }));
  const views = [view('a', { failovers: reports })];
  const result = run([
    { at: 0, views },
    { at: 3, views, restart: true },
    { at: 4, views, restart: true },
  ]);
  assert.deepEqual(result.totals, [15, 15, 15]);
  assert.equal(result.recent.length, MAX_RECENT);
});

test('a failover that happened while the operator was away is counted when it is back, once', () => {
  const before = [view('a', { failovers: [failover('a-1', 0, 500)] })];
  const after = [view('a', { failovers: [failover('a-2', 3000, 1000), failover('a-1', 60_000, 500)] })];
  const result = run([
    { at: 0, views: before },
    { at: 60, views: after, restart: true },
    { at: 61, views: after, restart: true },
  ]);
  assert.deepEqual(result.totals, [1, 2, 2]);
  assert.deepEqual(
    result.recent.map((outage) => outage.id),
    ['a-2', 'a-1'],
  );
});

test('a merged failover stays merged over a restart of the operator', () => {
  const seen = (ago: number) => [
    view('a', { failovers: [failover('a-1', ago, null, { rescued: 1 })] }),
    view('b', { failovers: [failover('b-1', ago - 300, null, { rescued: 2 })] }),
  ];
  const result = run([
    { at: 1, views: seen(1000) },
    { at: 9, views: seen(9000), restart: true },
  ]);
  assert.deepEqual(result.totals, [1, 1]);
  assert.equal(result.recent[0]?.rescued, 3);
});

test('a balancer that restarts finds the endpoint out again: that is the outage which goes on', () => {
  const result = run([
    { at: 0, views: [view('a', { failovers: [failover('a-1', 0, null, { rescued: 5 })] })] },
    { at: 8, views: [view('a', { failovers: [failover('z-1', 1000, null)], unhealthyEndpoints: [unhealthy('10.0.0.1:8080')] })] },
  ]);
  assert.deepEqual(result.totals, [1, 1]);
  assert.deepEqual(result.recent, [{ id: 'a-1', rescued: 5, lost: 0, out: [0, null] }]);
});

test('an outage whose only witness has gone ends when balancers that know servers have nothing against the endpoint', () => {
  const witness = { at: 0, views: [view('a', { failovers: [failover('a-1', 0, null)] })] };
  assert.deepEqual(run([witness, { at: 5, views: [] }]).recovered, []);
  assert.deepEqual(run([witness, { at: 5, views: [view('b', { backends: [] })] }]).recovered, []);
  assert.deepEqual(run([witness, { at: 5, views: [view('b', { unhealthyEndpoints: [unhealthy('10.0.0.1:8080')] })] }]).recovered, []);
  const result = run([witness, { at: 5, views: [view('b')] }]);
  assert.deepEqual(result.recovered, ['a-1']);
  assert.deepEqual(result.recent[0]?.out, [0, 5]);
});

test('counts of a failover never fall when a balancer has forgotten its share', () => {
  const result = run([
    {
      at: 0,
      views: [
        view('a', { failovers: [failover('a-1', 0, null, { lost: 2 })] }),
        view('b', { failovers: [failover('b-1', 0, null, { lost: 3 })] }),
      ],
    },
    { at: 1, views: [view('a', { failovers: [failover('a-1', 1000, null, { lost: 2 })] }), view('b')] },
  ]);
  assert.equal(result.recent[0]?.lost, 5);
});

test('an outage whose endpoint has left takes in no later one, though nobody is left who knew of it', () => {
  const { totals, started } = run([
    { at: 0, views: [view('a', { failovers: [failover('a-1', 0, null)] })] },
    { at: 5, views: [view('a', { failovers: [failover('a-1', 5_000, null, { removed: true })] })] },
    { at: 60, views: [view('b', { failovers: [failover('b-1', 0, null)] })] },
  ]);
  assert.deepEqual(
    [totals, started],
    [
      [1, 1, 2],
      ['a-1', 'b-1'],
    ],
  );
});
