import { fixed, type ResourceCases, withBackends, withCheck, withPodSpec, withPorts, withSchedule } from './parts.ts';

const HTTPS = 'name: https, port: 443, protocol: HTTPS';
const withServerTls = (tls: string) => withBackends(fixed('a', `, tls: {${tls}}`));
const withAddress = (address: string) => withBackends(`{name: a, type: Addresses, addresses: [{${address}}]}`);
const inPodSpec = (field: string): [string, string] => [
  `spec.balancer.dedicated.template.spec.${field}[0].name`,
  withPodSpec(`{${field}: [{}]}`),
];

/** What is missing, and a resource that lacks it. */
const MISSING: Readonly<Record<string, string>> = {
  'spec.ports[0].name': withPorts('[{port: 80}]'),
  'spec.ports[0].port': withPorts('[{name: http}]'),
  'spec.ports[0].tls.certificateRefs[0].name': withPorts(`[{${HTTPS}, tls: {certificateRefs: [{}]}}]`),
  'spec.ports[0].tls.clientValidation.caCertificateRef': withPorts(
    `[{${HTTPS}, tls: {certificateRefs: [{name: a}], clientValidation: {}}}]`,
  ),
  'spec.ports[0].tls.clientValidation.caCertificateRef.name': withPorts(
    `[{${HTTPS}, tls: {certificateRefs: [{name: a}], clientValidation: {caCertificateRef: {}}}}]`,
  ),
  'spec.backends[0].type': withBackends('{name: a, addresses: [{host: a, port: 1}]}'),
  'spec.backends[0].ports[0].port': withBackends('{name: a, type: Service, serviceRef: {name: other}, ports: [{name: http}]}'),
  'spec.backends[0].tls.caCertificateRef': withServerTls('hostname: a'),
  'spec.backends[0].tls.hostname': withServerTls('caCertificateRef: {name: a}'),
  'spec.backends[0].tls.caCertificateRef.name': withServerTls('caCertificateRef: {}, hostname: a'),
  'spec.backends[0].tls.certificateRef.name': withServerTls('caCertificateRef: {name: a}, hostname: a, certificateRef: {}'),
  'spec.backends[0].serviceRef.name': withBackends('{name: a, type: Service, serviceRef: {}, ports: [{port: 80}]}'),
  'spec.backends[0].addresses[0].host': withAddress('port: 80'),
  'spec.backends[0].addresses[0].port': withAddress('host: a'),
  'spec.heartbeat.http.headers[0].name': withCheck('{headers: [{value: x}]}'),
  'spec.heartbeat.http.headers[0].value': withCheck('{headers: [{name: X-A}]}'),
  'spec.heartbeat.http.expectedStatuses[0].start': withCheck('{expectedStatuses: [{end: 200}]}'),
  'spec.heartbeat.http.expectedStatuses[0].end': withCheck('{expectedStatuses: [{start: 200}]}'),
  'spec.heartbeat.schedule.budget.checksPerSecond': withSchedule('{type: Budget, budget: {}}'),
  ...Object.fromEntries(['initContainers', 'volumes', 'imagePullSecrets'].map(inPodSpec)),
};

export const requiredCases: ResourceCases = Object.fromEntries(
  Object.entries(MISSING).map(([at, resource]) => [
    `${at} left out is refused`,
    { resource, refused: { at, says: 'is required', serverSays: 'Required value' } },
  ]),
);
