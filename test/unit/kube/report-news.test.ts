import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isNews } from '../../../src/kube/report-news.ts';
import type { BalancerReportBody, FailoverReport, UnhealthyEndpointReport } from '../../../src/model/report.ts';

const out: UnhealthyEndpointReport = {
  address: '10.0.0.1:80',
  backend: 'a',
  state: 'Unhealthy',
  reason: 'HeartbeatTimeout',
  forMilliseconds: 500,
};
const suspect: UnhealthyEndpointReport = { ...out, address: '10.0.0.2:80', state: 'Suspect', reason: 'TrafficUnanswered' };
const failover: FailoverReport = {
  id: 'x-1',
  address: '10.0.0.1:80',
  backend: 'a',
  reason: 'HeartbeatTimeout',
  detectionMilliseconds: 400,
  rescued: 1,
  lost: 0,
  agoMilliseconds: 500,
  removed: false,
  outMilliseconds: null,
};
const heartbeat = {
  servers: 3,
  responsesPerSecond: 100,
  intervalMilliseconds: 1_000,
  maxDetectionMilliseconds: 2_000,
  overMaxInterval: false,
};
const written: BalancerReportBody = {
  appliedGeneration: 1,
  configError: '',
  endpointsStale: false,
  backends: [{ name: 'a', endpoints: 3, healthy: 2 }],
  heartbeat,
  unhealthyEndpoints: [out],
  unhealthyOmitted: 0,
  refusedEndpoints: [],
  refusedOmitted: 0,
  failOpen: [],
  failovers: [failover],
};

describe('a report that is', () => {
  const cases: readonly [string, boolean, Partial<BalancerReportBody>][] = [
    ['the same is no news', false, {}],
    [
      'older is no news',
      false,
      { unhealthyEndpoints: [{ ...out, forMilliseconds: 9_000 }], failovers: [{ ...failover, agoMilliseconds: 9_000 }] },
    ],
    ['about another suspect is no news', false, { unhealthyEndpoints: [out, suspect] }],
    ['about so many suspects that some are left out is no news', false, { unhealthyEndpoints: [out, suspect], unhealthyOmitted: 7 }],
    ['about more that are out than it names is news', true, { unhealthyOmitted: 7 }],
    ['about one more that is out is news', true, { unhealthyEndpoints: [out, { ...suspect, state: 'Unhealthy' }] }],
    ['about one less that is out is news', true, { unhealthyEndpoints: [] }],
    ['about another reason is news', true, { unhealthyEndpoints: [{ ...out, reason: 'HeartbeatRefused' }] }],
    ['about a new failover is news', true, { failovers: [{ ...failover, id: 'x-2' }, failover] }],
    ['about the end of a failover is news', true, { failovers: [{ ...failover, outMilliseconds: 3_000 }] }],
    ['about one more rescued request is news', true, { failovers: [{ ...failover, rescued: 2 }] }],
    ['without an old failover is no news', false, { failovers: [] }],
    ['about another generation is news', true, { appliedGeneration: 2 }],
    ['about other counts is news', true, { backends: [{ name: 'a', endpoints: 4, healthy: 3 }] }],
    ['about a rate a quarter higher is no news', false, { heartbeat: { ...heartbeat, responsesPerSecond: 125 } }],
    ['about a rate more than a quarter higher is news', true, { heartbeat: { ...heartbeat, responsesPerSecond: 126 } }],
    ['about one server more under heartbeat is news', true, { heartbeat: { ...heartbeat, servers: 4 } }],
  ];
  for (const [what, expected, changes] of cases) test(what, () => assert.equal(isNews(written, { ...written, ...changes }), expected));

  test('about a first rate is news', () => {
    const silent = { ...written, heartbeat: { ...heartbeat, responsesPerSecond: 0 } };
    assert.equal(isNews(silent, written), true);
  });
});
