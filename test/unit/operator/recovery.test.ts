import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOnlyRecovery, recoveriesWholeAtMs, recoveryWaitMs } from '../../../src/operator/recovery.ts';
import { buildStatus } from '../../../src/status/status.ts';
import type { Status } from '../../../src/status/types.ts';
import { failover, input, START, unhealthy, view, workload } from '../status/fixtures.ts';

/** Two of three servers are out, for both balancers. */
const downViews = ['a', 'b'].map((name) =>
  view(name, {
    backends: [{ name: 'stable', endpoints: 3, healthy: 1 }],
    unhealthyEndpoints: [unhealthy('10.0.0.1:8080'), unhealthy('10.0.0.2:8080')],
    failovers: [failover(`${name}-2`, 0, null, { address: '10.0.0.2:8080' }), failover(`${name}-1`, 0, null)],
  }),
);
const down = buildStatus(input({ views: downViews })).status;

const upViews = ['a', 'b'].map((name) =>
  view(name, {
    backends: [{ name: 'stable', endpoints: 3, healthy: 2 }],
    unhealthyEndpoints: [unhealthy('10.0.0.2:8080')],
    failovers: [failover(`${name}-2`, 900, null, { address: '10.0.0.2:8080' }), failover(`${name}-1`, 900, 800)],
  }),
);
const next = (more: Parameters<typeof input>[0]): Status => buildStatus(input({ previous: down, nowMs: START + 1_000, ...more })).status;

describe('it is only a recovery that', () => {
  test('one of two endpoints is back', () => assert.equal(isOnlyRecovery(down, next({ views: upViews })), true));

  test('all are back', () => {
    const views = ['a', 'b'].map((name) =>
      view(name, { failovers: [failover(`${name}-2`, 900, 700, { address: '10.0.0.2:8080' }), failover(`${name}-1`, 900, 800)] }),
    );
    assert.equal(isOnlyRecovery(down, next({ views })), true);
  });
});

describe('it is more than a recovery that', () => {
  const cases: Record<string, Parameters<typeof input>[0]> = {
    'another endpoint is out meanwhile': {
      views: upViews.map((each) => ({ ...each, body: { ...each.body, unhealthyEndpoints: [unhealthy('10.0.0.3:8080')] } })),
    },
    'the one that is back has failed again': {
      views: upViews.map((each) => ({
        ...each,
        body: { ...each.body, failovers: [failover(`${each.name}-3`, 0, 0), ...each.body.failovers] },
      })),
    },
    'a balancer is gone': { views: upViews.slice(0, 1) },
    'a server is no longer ready': { views: upViews, servers: new Map([['stable', workload(3, { ready: 2 })]]) },
    'a rollout has begun': { views: upViews, servers: new Map([['stable', workload(3, { upToDate: false, rollingOut: 'one of three' })]]) },
    'every balancer is out of service': { views: upViews, balancers: workload(2, { ready: 0 }) },
  };
  for (const [what, more] of Object.entries(cases)) test(what, () => assert.equal(isOnlyRecovery(down, next(more)), false));

  test('the service as a whole is back', () => {
    const none = buildStatus(
      input({
        views: downViews.map((each) => ({ ...each, body: { ...each.body, backends: [{ name: 'stable', endpoints: 3, healthy: 0 }] } })),
      }),
    ).status;
    assert.equal(isOnlyRecovery(none, buildStatus(input({ previous: none, views: upViews, nowMs: START + 1_000 })).status), false);
  });

  test('there is a status at all', () => assert.equal(isOnlyRecovery(undefined, down), false));
});

describe('recoveries of one resource', () => {
  /** When each is told, of those that are known at these times, in seconds; `toldAnyway`: with something worse, which does not wait. */
  const told = (known: readonly number[], toldAnyway: readonly number[] = []): number[] => {
    let wholeAtMs = Number.NEGATIVE_INFINITY;
    return known.map((second) => {
      const nowMs = second * 1_000;
      const atMs = nowMs + (toldAnyway.includes(second) ? 0 : recoveryWaitMs(wholeAtMs, nowMs));
      wholeAtMs = recoveriesWholeAtMs(wholeAtMs, atMs);
      return atMs / 1_000;
    });
  };
  const cases: Record<string, { known: number[]; toldAnyway?: number[]; expect: number[] }> = {
    'the first two are told at once': { known: [0, 1], expect: [0, 1] },
    'the third waits until five seconds after the first': { known: [0, 1, 2], expect: [0, 1, 5] },
    'one every five seconds never waits': { known: [0, 5, 10, 15, 20], expect: [0, 5, 10, 15, 20] },
    'many, one after the other, are told once in five seconds': { known: [0, 1, 5, 6, 11], expect: [0, 1, 5, 10, 15] },
    'after five quiet seconds one more is told at once, and no second one': { known: [0, 1, 6, 7], expect: [0, 1, 6, 10] },
    'after ten quiet seconds two more are': { known: [0, 1, 11, 12], expect: [0, 1, 11, 12] },
    'those told with something worse count, and the wait after them is five seconds at most': {
      known: [0, 1, 2, 3, 4],
      toldAnyway: [2, 3],
      expect: [0, 1, 2, 3, 8],
    },
  };
  for (const [sentence, { known, toldAnyway, expect }] of Object.entries(cases)) {
    test(sentence, () => assert.deepEqual(told(known, toldAnyway), expect));
  }
});
