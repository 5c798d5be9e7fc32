/** What the operator and the balancers write: the fullest is taken as it is, and what is wrong in one place is refused. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import type { BalancerReport, LoadBalancedService, LoadBalancedServiceStatus } from '../../../src/api/v1alpha1/types.ts';
import { resourceCases } from '../../cases/resources.ts';
import { api, kubectl } from '../support/api.ts';
import { waitFor } from '../support/wait.ts';

const namespace = 'written-test';
const of = (plural: string) => `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/${plural}`;
const reports = of('balancerreports');
const resources = of('loadbalancedservices');

const long = 'x'.repeat(253);
const time = '2026-01-02T03:04:05Z';
const many = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => item(index));

const report: BalancerReport['spec'] = {
  appliedGeneration: 3,
  configError: '',
  endpointsStale: false,
  backends: many(32, (index) => ({ name: `b${index}`, endpoints: 1000, healthy: 900 })),
  heartbeat: {
    servers: 1000,
    responsesPerSecond: 0.25,
    intervalMilliseconds: 312.5,
    maxDetectionMilliseconds: 1343.75,
    overMaxInterval: true,
  },
  unhealthyEndpoints: many(100, (index) => ({
    address: `10.0.0.${index}:8080`,
    backend: 'b0',
    state: 'Unhealthy',
    reason: 'HeartbeatTimeout',
    forMilliseconds: 1.5,
    podName: long,
    nodeName: long,
  })),
  unhealthyOmitted: 7,
  refusedEndpoints: many(20, (index) => ({ address: `10.0.0.${index}:8080`, backend: 'b0', message: 'is not allowed' })),
  refusedOmitted: 1,
  failOpen: many(16, (index) => `p${index}`),
  failovers: many(100, (index) => ({
    id: `f-${index}`,
    address: `10.0.0.${index}:8080`,
    backend: 'b0',
    podName: long,
    nodeName: long,
    reason: 'HeartbeatTimeout',
    detectionMilliseconds: 712.25,
    rescued: 5,
    lost: 1,
    agoMilliseconds: 20,
    removed: false,
    outMilliseconds: index === 1 ? null : 30.5,
  })),
};

const status: LoadBalancedServiceStatus = {
  observedGeneration: 1,
  conditions: ['Accepted', 'Programmed', 'Ready', 'EndpointsHealthy', 'FailOpen', 'HeartbeatsOnTime', 'Reconciling', 'Stalled'].map(
    (type) => ({ type, status: 'True', observedGeneration: 1, lastTransitionTime: time, reason: 'Because', message: '' }),
  ),
  summary: { endpoints: '59/60', balancers: '2/2', strategy: 'RoundRobin' },
  balancers: many(100, (index) => ({ name: `${long.slice(3)}${100 + index}`, appliedGeneration: 1, lastFailover: 'x'.repeat(64) })),
  backends: many(16, (index) => ({ name: `b${index}`, desired: 60, ready: 60, healthy: 59 })),
  heartbeat: { servers: 60, responsesPerSecond: 0.5, intervalMilliseconds: 300, maxDetectionMilliseconds: 1100 },
  unhealthyEndpoints: many(32, (index) => ({
    address: `[fd00::${index}]:8080`,
    backend: 'stable',
    podName: long,
    nodeName: long,
    state: 'Unhealthy',
    reason: 'HeartbeatTimeout',
    lastTransitionTime: time,
    unhealthyBalancers: 1,
    totalBalancers: 2,
  })),
  unhealthyOmitted: 968,
  failovers: 3,
  lastFailoverTime: time,
  recentFailovers: many(10, (index) => ({
    id: `${index}`,
    time,
    endpoint: '10.0.0.7:8080',
    backend: 'stable',
    podName: long,
    nodeName: long,
    reason: 'HeartbeatTimeout',
    detectionMilliseconds: 700,
    rescued: 5,
    lost: 0,
    recoveryTime: time,
    removedTime: time,
  })),
};

type Steps = readonly (string | number)[];

/** What stands in place of what; `undefined`: it is left out. */
type Wrong = readonly [steps: Steps, value: unknown];

/** Where a number stands in the first item of each list: none may be under 0. */
function* negatives(value: unknown, steps: Steps = []): Generator<Wrong> {
  if (typeof value === 'number') yield [steps, -1];
  if (Array.isArray(value)) yield* negatives(value[0], [...steps, 0]);
  else if (typeof value === 'object') for (const [name, child] of Object.entries(value ?? {})) yield* negatives(child, [...steps, name]);
}

const missing = (steps: Steps, ...names: readonly string[]): Wrong[] => names.map((name) => [[...steps, name], undefined]);
/** The second item has the identity of the first. */
const twice = (list: string, key: string, value: unknown): Wrong => [[list, 1, key], value];

const wrongReports: readonly Wrong[] = [
  ...negatives(report),
  [['backends', 0, 'name'], ''],
  [['unhealthyEndpoints', 0, 'address'], ''],
  [['unhealthyEndpoints', 0, 'state'], 'Gone'],
  [['refusedEndpoints', 0, 'address'], ''],
  [['failovers', 0, 'id'], ''],
  [['failovers', 0, 'address'], ''],
  [['failOpen', 1], 'p0'],
  twice('backends', 'name', 'b0'),
  twice('unhealthyEndpoints', 'address', '10.0.0.0:8080'),
  twice('failovers', 'id', 'f-0'),
  ...missing([], 'appliedGeneration'),
  ...missing(['backends', 0], 'name', 'endpoints', 'healthy'),
  ...missing(['heartbeat'], ...Object.keys(report.heartbeat ?? {})),
  ...missing(['unhealthyEndpoints', 0], 'address', 'backend', 'state', 'reason', 'forMilliseconds'),
  ...missing(['refusedEndpoints', 0], 'address', 'backend', 'message'),
  ...missing(['failovers', 0], 'id', 'address', 'backend', 'reason', 'detectionMilliseconds', 'rescued', 'lost', 'agoMilliseconds'),
];

const wrongStatuses: readonly Wrong[] = [
  ...[...negatives(status)].filter(([steps]) => steps[0] !== 'observedGeneration'),
  [['observedGeneration'], -2],
  [['conditions', 0, 'type'], ''],
  [['conditions', 0, 'status'], 'Maybe'],
  [['conditions', 0, 'reason'], ''],
  [['conditions', 0, 'reason'], 'Not one word'],
  [['conditions', 0, 'lastTransitionTime'], 'yesterday'],
  [['backends', 0, 'name'], ''],
  [['unhealthyEndpoints', 0, 'address'], ''],
  [['unhealthyEndpoints', 0, 'lastTransitionTime'], 'yesterday'],
  [['balancers', 0, 'name'], ''],
  [['lastFailoverTime'], 'yesterday'],
  [['recentFailovers', 0, 'id'], ''],
  [['recentFailovers', 0, 'endpoint'], ''],
  ...['time', 'recoveryTime', 'removedTime'].map((name): Wrong => [['recentFailovers', 0, name], 'yesterday']),
  twice('conditions', 'type', 'Accepted'),
  twice('backends', 'name', 'b0'),
  twice('unhealthyEndpoints', 'address', '[fd00::0]:8080'),
  twice('balancers', 'name', status.balancers?.[0]?.name),
  twice('recentFailovers', 'id', '0'),
  ...missing(['conditions', 0], 'type', 'status', 'lastTransitionTime', 'reason', 'message'),
  ...missing(['backends', 0], 'name'),
  ...missing(['unhealthyEndpoints', 0], 'address', 'backend', 'state', 'reason'),
  ...missing(['balancers', 0], 'name'),
  ...missing(['recentFailovers', 0], 'id', 'time', 'endpoint'),
];

function withWrong<T>(right: T, [steps, wrong]: Wrong): T {
  const copy = structuredClone(right);
  let at = copy as Record<string | number, unknown>;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = steps.at(-1) ?? '';
  if (wrong === undefined) delete at[last];
  else at[last] = wrong;
  return copy;
}

function sentence([steps, wrong]: Wrong): string {
  return `${steps.join('.')} ${wrong === undefined ? 'left out' : JSON.stringify(wrong)} is refused`;
}

const reportOf = (spec: unknown) => ({ apiVersion: 'evenkeel.dev/v1alpha1', kind: 'BalancerReport', metadata: { name: 'shop-1' }, spec });
const writeStatus = (patch: unknown) =>
  api.request('PATCH', `${resources}/columns/status?fieldValidation=Strict`, patch, 'application/merge-patch+json');

before(async () => {
  await kubectl(['apply', '-f', 'crds/']);
  await kubectl(['create', 'namespace', namespace]);
  await waitFor('the API server serves the new kinds', async () => (await api.request('GET', resources)).status === 200);
  const resource = parse(resourceCases['the smallest resource is taken']?.resource ?? '') as LoadBalancedService;
  resource.metadata.name = 'columns';
  resource.spec.suspend = true;
  await api.send('POST', resources, resource);
});
after(() => kubectl(['delete', 'namespace', namespace, '--wait=false']));

suite('a report of a balancer', () => {
  test('the fullest is taken, and kept as it is', async () => {
    const { status, text } = await api.request('POST', `${reports}?fieldValidation=Strict`, reportOf(report));
    assert.equal(status, 201, text);
    assert.deepEqual((await api.get<BalancerReport>(`${reports}/shop-1`))?.spec, report);
  });

  for (const wrong of wrongReports) {
    test(sentence(wrong), async () => {
      const { status, text } = await api.request(
        'POST',
        `${reports}?fieldValidation=Strict&dryRun=All`,
        reportOf(withWrong(report, wrong)),
      );
      assert.equal(status, 422, text);
    });
  }
});

suite('the status of a resource', () => {
  test('the fullest is taken, shown in the columns, and does not touch the spec', async () => {
    const columns = await waitFor('the columns show the status (an operator that runs here may write its own at any moment)', async () => {
      const stored = JSON.parse((await writeStatus({ status, spec: { suspend: false } })).text) as LoadBalancedService;
      assert.deepEqual(stored.status, status);
      assert.equal(stored.spec.suspend, true);
      const lines = (await kubectl(['get', 'lbs', 'columns', '-n', namespace])).split('\n').map((line) => line.trim().split(/ {2,}/));
      return lines[1]?.includes('59/60') ? lines : null;
    });
    assert.deepEqual(columns[0], ['NAME', 'ENDPOINTS', 'BALANCERS', 'STRATEGY', 'READY', 'FAILOVERS', 'LAST-FAILOVER', 'AGE']);
    assert.deepEqual(columns[1]?.slice(0, 6), ['columns', '59/60', '2/2', 'RoundRobin', 'True', '3']);
  });

  for (const wrong of wrongStatuses) {
    test(sentence(wrong), async () => {
      // A put, since a patch would leave what is missing as it was.
      const stored = await api.get<LoadBalancedService>(`${resources}/columns`);
      const answer = await api.request('PUT', `${resources}/columns/status?dryRun=All`, { ...stored, status: withWrong(status, wrong) });
      assert.equal(answer.status, 422, answer.text);
    });
  }
});
