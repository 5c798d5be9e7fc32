import {
  deployment,
  type ResourceCases,
  withBackends,
  withCheck,
  withFailover,
  withHeartbeat,
  withLimits,
  withSchedule,
  withSpec,
} from './parts.ts';

type Range = readonly [at: string, resource: (value: number) => string, least: number, greatest: number];

const withAddress = (field: string) => (value: number) =>
  withBackends(`{name: a, type: Addresses, addresses: [{host: 10.0.0.7, ${field === 'port' ? '' : 'port: 80, '}${field}: ${value}}]}`);
const withStatuses = (range: (value: number) => string) => (value: number) => withCheck(`{expectedStatuses: [{${range(value)}}]}`);
const inFailover = (field: string, least: number, greatest: number): Range => [
  `spec.failover.${field}`,
  (value) => withFailover(`{${field}: ${value}}`),
  least,
  greatest,
];
const inLimits = (field: string, least: number, greatest: number, beside = ''): Range => [
  `spec.limits.${field}`,
  (value) => withLimits(`{${beside}${field}: ${value}}`),
  least,
  greatest,
];
const inHeartbeat = (field: string, least: number, greatest: number): Range => [
  `spec.heartbeat.${field}`,
  (value) => withHeartbeat(`{${field}: ${value}}`),
  least,
  greatest,
];
const checkPort = (type: string): Range => [
  `spec.heartbeat.${type.toLowerCase()}.port`,
  (value) => withHeartbeat(`{type: ${type}, ${type.toLowerCase()}: {port: ${value}}}`),
  1,
  65_535,
];

const RANGES: readonly Range[] = [
  // Where 0 is the least, a backend beside it keeps all weights from being 0.
  [
    'spec.backends[0].weight',
    (value) => withBackends(deployment('a', `, weight: ${value}, ports: [{port: 80}]`), deployment('b')),
    0,
    1000,
  ],
  ['spec.backends[0].serverWeight', (value) => withBackends(deployment('a', `, serverWeight: ${value}, ports: [{port: 80}]`)), 1, 1000],
  [
    'spec.backends[0].deployment.replicas',
    (value) => withBackends(deployment('a').replace('deployment: {', `deployment: {replicas: ${value}, `)),
    0,
    1000,
  ],
  ['spec.backends[0].addresses[0].port', withAddress('port'), 1, 65_535],
  ['spec.backends[0].addresses[0].weight', withAddress('weight'), 1, 1000],
  checkPort('HTTP'),
  checkPort('TCP'),
  checkPort('GRPC'),
  ['spec.heartbeat.http.expectedStatuses[0].start', withStatuses((value) => `start: ${value}, end: 599`), 100, 599],
  ['spec.heartbeat.http.expectedStatuses[0].end', withStatuses((value) => `start: 100, end: ${value}`), 100, 599],
  [
    'spec.heartbeat.schedule.budget.checksPerSecond',
    (value) => withSchedule(`{type: Budget, budget: {checksPerSecond: ${value}}}`),
    1,
    10_000,
  ],
  inHeartbeat('failureThreshold', 1, 100),
  inHeartbeat('successThreshold', 1, 100),
  inHeartbeat('jitterPercent', 0, 50),
  inFailover('retryBudgetPercent', 0, 100),
  inFailover('replayBufferBytes', 0, 1_048_576),
  inFailover('maxEjectedPercent', 0, 100),
  inLimits('headerBytes', 1024, 1_048_576),
  inLimits('headerCount', 8, 1024),
  inLimits('uriBytes', 256, 65_536),
  inLimits('bodyBytes', 1, 1_099_511_627_776),
  inLimits('connectionsPerPort', 1, 1_000_000),
  inLimits('requestsPerConnection', 1, 1_000_000_000),
  inLimits('bodyProgressBytes', 1, 1_048_576),
  inLimits('requestsPerServer', 1, 100_000),
  inLimits('pendingRequests', 0, 100_000, 'requestsPerServer: 1, '),
  ['spec.balancer.dedicated.replicas', (value) => withSpec(`balancer: {type: Dedicated, dedicated: {replicas: ${value}}}`), 1, 100],
  ['spec.balancer.dedicated.workers', (value) => withSpec(`balancer: {type: Dedicated, dedicated: {workers: ${value}}}`), 1, 16],
];

/** Both ends of each range are taken, and what is one beyond them is refused. */
export const rangesCases: ResourceCases = Object.fromEntries(
  RANGES.flatMap(([at, resource, least, greatest]) => [
    [`${at} of ${least} is taken`, { resource: resource(least) }],
    [`${at} of ${greatest} is taken`, { resource: resource(greatest) }],
    [
      `${at} of ${least - 1} is refused`,
      {
        resource: resource(least - 1),
        refused: { at, says: `must be at least ${least}`, serverSays: `greater than or equal to ${least}` },
      },
    ],
    [
      `${at} of ${greatest + 1} is refused`,
      {
        resource: resource(greatest + 1),
        refused: { at, says: `must be at most ${greatest}`, serverSays: `less than or equal to ${greatest}` },
      },
    ],
  ]),
);
