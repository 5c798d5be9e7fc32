import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusInput } from '../../../src/status/input.ts';
import { buildStatus } from '../../../src/status/status.ts';
import type { Status } from '../../../src/status/types.ts';
import { reportBody } from '../../support/reports.ts';
import { input, resource, START, unhealthy, view, workload } from './fixtures.ts';

const problem = (reason: string) => ({ reason, message: `words about ${reason}` });
const FINE = input().outcome;
const down = { backends: [{ name: 'stable', endpoints: 3, healthy: 0 }], failOpen: ['http'] };
const behind = { appliedGeneration: 0 };
const lacking = { configError: 'port https: Secret shop-tls: it is missing' };
const refusing = { appliedGeneration: 0, configError: 'formatVersion 2 is not known' };

const refused = {
  refusedEndpoints: [{ address: '10.96.0.1:443', backend: 'stable', message: 'is an address of the API server' }],
  refusedOmitted: 2,
};

/** What happens, and the conditions that say so, as `Type=Status/Reason`. */
const TABLE: Record<string, { given: Partial<StatusInput>; expect: string[] }> = {
  'all is well': {
    given: {},
    expect: [
      'Accepted=True/Accepted',
      'Programmed=True/Programmed',
      'Ready=True/Serving',
      'EndpointsHealthy=True/AllHealthy',
      'FailOpen=False/EndpointsLeft',
      'HeartbeatsOnTime=True/WithinMaxInterval',
      'Reconciling=False/Reconciled',
      'Stalled=False/NotStalled',
    ],
  },
  'the spec makes no sense': {
    given: { outcome: { notAccepted: problem('Invalid'), stalled: problem('Invalid'), pending: null } },
    expect: ['Accepted=False/Invalid', 'Stalled=True/Invalid', 'Reconciling=False/Stalled', 'Ready=True/Serving'],
  },
  'the configuration of this generation is not written yet': {
    given: { resource: resource({}, 2) },
    expect: ['Programmed=False/Pending', 'Reconciling=True/Progressing'],
  },
  'one balancer of two is behind': {
    given: { views: [view('a'), view('b', behind)] },
    expect: ['Programmed=False/Pending', 'Reconciling=True/Progressing', 'Ready=True/Serving'],
  },
  'a balancer that has ended had not applied this generation': {
    given: { views: [view('a'), view('b', behind, { presence: 'Gone' })] },
    expect: ['Programmed=True/Programmed', 'Reconciling=False/Reconciled'],
  },
  'a balancer refuses the configuration': {
    given: { views: [view('a'), view('b', refusing)] },
    expect: ['Programmed=False/ConfigRefused'],
  },
  'a balancer has the configuration, and lacks a Secret of it': {
    given: { views: [view('a'), view('b', lacking)] },
    expect: ['Programmed=False/ConfigIncomplete'],
  },
  'a balancer leaves out endpoints that it may not connect to': {
    given: { views: [view('a'), view('b', refused)] },
    expect: ['EndpointsHealthy=False/EndpointsRefused', 'Ready=True/Serving', 'Accepted=True/Accepted', 'Reconciling=False/Reconciled'],
  },
  'of the endpoints some are left out, and one is out of service': {
    given: { views: [view('a', { ...refused, unhealthyEndpoints: [unhealthy('10.0.0.1:80')] })] },
    expect: ['EndpointsHealthy=False/EndpointsUnhealthy'],
  },
  'no balancer has reported': {
    given: { views: [] },
    expect: [
      'Programmed=False/Pending',
      'Ready=False/NoReport',
      'EndpointsHealthy=Unknown/NoReport',
      'FailOpen=Unknown/NoReport',
      'HeartbeatsOnTime=Unknown/NoReport',
    ],
  },
  'no balancer is ready': {
    given: { balancers: workload(2, { ready: 0 }) },
    expect: ['Ready=False/NoBalancerReady'],
  },
  'one endpoint is out': {
    given: { views: [view('a', { unhealthyEndpoints: [unhealthy('10.0.0.1:8080')] }), view('b')] },
    expect: ['EndpointsHealthy=False/EndpointsUnhealthy', 'Ready=True/Serving', 'Reconciling=False/Reconciled'],
  },
  'an endpoint is only suspect': {
    given: { views: [view('a', { unhealthyEndpoints: [unhealthy('10.0.0.1:8080', 0, { state: 'Suspect' })] })] },
    expect: ['EndpointsHealthy=True/AllHealthy'],
  },
  'every endpoint is out': {
    given: { views: [view('a', down), view('b', down)] },
    expect: ['Ready=False/NoHealthyEndpoint', 'FailOpen=True/NoEndpointLeft', 'Stalled=False/NotStalled'],
  },
  'a balancer out of service says that every endpoint is out': {
    given: { views: [view('a'), view('b', down, { presence: 'NotReady' })] },
    expect: ['Ready=True/Serving', 'FailOpen=False/EndpointsLeft', 'EndpointsHealthy=True/AllHealthy'],
  },
  'no server is there': {
    given: { views: [view('a', { backends: [{ name: 'stable', endpoints: 0, healthy: 0 }] })] },
    expect: ['Ready=False/NoEndpoints', 'EndpointsHealthy=False/NoEndpoints'],
  },
  'N / R lies over maxInterval': {
    given: { views: [view('a', { heartbeat: { ...reportBody().heartbeat, overMaxInterval: true } })] },
    expect: ['HeartbeatsOnTime=False/OverMaxInterval'],
  },
  'something is still being brought about': {
    given: { outcome: { ...FINE, pending: problem('ReplacingBackends') } },
    expect: ['Reconciling=True/ReplacingBackends', 'Stalled=False/NotStalled'],
  },
  'a Deployment is rolling out': {
    given: { servers: new Map([['stable', workload(3, { upToDate: false, rollingOut: 'one of three' })]]) },
    expect: ['Reconciling=True/RollingOut'],
  },
  'a Deployment cannot be rolled out': {
    given: { servers: new Map([['stable', workload(3, { upToDate: false, failed: problem('ProgressDeadlineExceeded') })]]) },
    expect: ['Stalled=True/ProgressDeadlineExceeded', 'Reconciling=False/Stalled', 'Accepted=True/Accepted', 'Ready=True/Serving'],
  },
  'pods of a new generation are not available yet': {
    given: { servers: new Map([['stable', workload(3, { ready: 1, upToDate: false })]]) },
    expect: ['Reconciling=True/Progressing'],
  },
  'a pod fails after all had come about once': {
    given: { previous: buildStatus(input()).status, servers: new Map([['stable', workload(3, { ready: 2, upToDate: false })]]) },
    expect: ['Reconciling=False/Reconciled'],
  },
  'the resource is suspended with a generation that was not handed out': {
    given: { resource: resource({ suspend: true }, 2), outcome: { ...FINE, pending: problem('Whatever') } },
    expect: ['Programmed=False/Suspended', 'Reconciling=False/Suspended', 'Ready=True/Serving'],
  },
};

const told = (status: Status) => new Set((status.conditions ?? []).map(({ type, status: holds, reason }) => `${type}=${holds}/${reason}`));

for (const [sentence, { given, expect }] of Object.entries(TABLE)) {
  test(`conditions when ${sentence}`, () => {
    const all = told(buildStatus(input(given)).status);
    assert.deepEqual(
      expect.filter((condition) => !all.has(condition)),
      [],
      [...all].join(' '),
    );
  });
}

test('lastTransitionTime changes with the status of a condition, not with its reason, message or generation', () => {
  const first = buildStatus(input()).status;
  const later = { nowMs: START + 60_000, previous: first, resource: resource({}, 2), configGeneration: 2 };
  const second = buildStatus(input({ ...later, views: [view('a', { appliedGeneration: 2, ...down })] })).status;
  const times = Object.fromEntries((second.conditions ?? []).map((each) => [each.type, each.lastTransitionTime]));
  assert.equal(times.Programmed, '2026-01-01T00:00:00Z');
  assert.equal(times.Ready, '2026-01-01T00:01:00Z');
  assert.ok(second.conditions?.every((condition) => condition.observedGeneration === 2));
});

test('what is left out is told with the first of it, also where others are out of service', () => {
  const told = (views: StatusInput['views']) =>
    buildStatus(input({ views })).status.conditions?.find(({ type }) => type === 'EndpointsHealthy')?.message;
  const first = 'not connected to: 10.96.0.1:443 (backend stable) is an address of the API server, and 2 more';
  assert.equal(told([view('a'), view('b', refused)]), first);
  assert.equal(
    told([view('a', { ...refused, unhealthyEndpoints: [unhealthy('10.0.0.1:80')] })]),
    `1 endpoint out of service: 10.0.0.1:80 (HeartbeatTimeout); ${first}`,
  );
});
