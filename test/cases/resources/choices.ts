import {
  deployment,
  fixed,
  type ResourceCases,
  service,
  withBackends,
  withFailover,
  withHeartbeat,
  withPorts,
  withSchedule,
  withSpec,
} from './parts.ts';

/** Where, a resource that has the word there, and the words that there are. */
type Choice = readonly [at: string, resource: (word: string) => string, words: readonly string[]];

const inService = (field: string, ...words: readonly string[]): Choice => [
  `spec.service.${field}`,
  (word) => withSpec(`service: {${field}: ${word}}`),
  words,
];
const backendOfType = (type: string) => {
  if (type === 'Addresses') return fixed('a');
  return type === 'Service' ? service('a', 'other') : deployment('a').replace('type: Deployment', `type: ${type}`);
};
const HTTPS = '{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: a}]';

const CHOICES: readonly Choice[] = [
  inService('type', 'ClusterIP', 'NodePort', 'LoadBalancer'),
  inService('adoption', 'Never', 'IfUnowned'),
  inService('deletion', 'Delete', 'Orphan'),
  [
    'spec.ports[0].protocol',
    (word) => withPorts(word === 'HTTPS' ? `[${HTTPS}}}]` : `[{name: http, port: 80, protocol: ${word}}]`),
    ['HTTP', 'HTTPS', 'TCP', 'TLS'],
  ],
  ['spec.ports[0].tls.minVersion', (word) => withPorts(`[${HTTPS}, minVersion: "${word}"}}]`), ['1.2', '1.3']],
  ['spec.backends[0].type', (word) => withBackends(backendOfType(word)), ['Deployment', 'Service', 'Addresses']],
  ['spec.backends[0].protocol', (word) => withBackends(fixed('a', `, protocol: ${word}`)), ['HTTP1', 'HTTP2']],
  ['spec.backends[0].proxyProtocol', (word) => withBackends(fixed('a', `, proxyProtocol: ${word}`)), ['V1', 'V2']],
  ['spec.strategy.type', (word) => withSpec(`strategy: {type: ${word}}`), ['RoundRobin', 'Random', 'WeightedRoundRobin']],
  ['spec.heartbeat.type', (word) => withHeartbeat(`{type: ${word}}`), ['HTTP', 'TCP', 'GRPC']],
  [
    'spec.heartbeat.schedule.type',
    (word) => withSchedule(`{type: ${word}${word === 'Budget' ? ', budget: {checksPerSecond: 1}' : ''}}`),
    ['Fixed', 'Budget', 'Measured'],
  ],
  ['spec.failover.retryMethods', (word) => withFailover(`{retryMethods: ${word}}`), ['Safe', 'Idempotent', 'Keyed', 'None']],
  ['spec.balancer.type', (word) => withSpec(`balancer: {type: ${word}}`), ['Dedicated']],
  ['spec.telemetry.accessLog', (word) => withSpec(`telemetry: {accessLog: ${word}}`), ['None', 'JSON']],
];

/** Each word is taken, and any other is refused; so is one in the wrong case. */
export const choicesCases: ResourceCases = Object.fromEntries(
  CHOICES.flatMap(([at, resource, words]) => [
    ...words.map((word) => [`${at} ${word} is taken`, { resource: resource(word) }]),
    ...['Other', (words[0] ?? '').toLowerCase()]
      .filter((word) => !words.includes(word))
      .map((word) => [
        `${at} ${word} is refused`,
        {
          resource: resource(word),
          refused: { at, says: `must be ${words.join(' or ')}, not "${word}"`, serverSays: `Unsupported value: "${word}"` },
        },
      ]),
  ]),
);
