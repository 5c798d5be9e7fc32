import {
  deployment,
  fixed,
  long,
  many,
  type ResourceCases,
  service,
  shop,
  withBackends,
  withCheck,
  withFailover,
  withHeader,
  withHeartbeat,
  withHost,
  withLimits,
  withPodSpec,
  withPorts,
  withSchedule,
  withSpec,
  withTemplate,
  withTrusted,
} from './parts.ts';

type Text = (length: number) => string;
/** Where, a resource that has the text there, and how long it may be. */
type TextField = readonly [at: string, resource: (text: string) => string, greatest: number, text?: Text];
/** Where, a resource with so many items there, how many there must be and may be. */
type List = readonly [at: string, resource: (count: number) => string, least: number, greatest: number];

const path: Text = (length) => `/${long(length - 1)}`;
/** Labels of no more than 63 characters. */
const dnsName: Text = (length) => many(Math.ceil(length / 64), (index) => long(Math.min(63, length - index * 64))).join('.');
/** A second; the longest way to write a duration has 28 characters. */
const duration: Text = (length) => '00000ms00000ms00000ms01000ms'.padStart(length, '0');
/** The longest way to write a CIDR has 43. */
const cidr: Text = (length) => `"${'fd00:1234:5678:9abc:def0:1234:5678:9abc/128'.padStart(length, '0')}"`;

const withPort = (fields: string) => withPorts(`[{name: http, port: 80, ${fields}}]`);
const withTls = (fields: string) => withPorts(`[{name: https, port: 443, protocol: HTTPS, tls: {${fields}}}]`);
const withServerTls = (ca: string, hostname: string, more = '') =>
  withBackends(fixed('a', `, tls: {caCertificateRef: {name: ${ca}}, hostname: ${hostname}${more}}`));
const withServerNames = (names: readonly string[]) =>
  shop({ ports: '[{name: tls, port: 443, protocol: TLS}]', backends: `[${fixed('a', `, serverNames: [${names.join(', ')}]`)}]` });
const withContainer = (fields: string) => withPodSpec(`{containers: [{name: c, image: i, ${fields}}]}`);

const TEMPLATE = 'spec.balancer.dedicated.template';
const CONTAINER = `${TEMPLATE}.spec.containers[0]`;

const inFailover = (field: string): TextField => [`spec.failover.${field}`, (text) => withFailover(`{${field}: ${text}}`), 28, duration];
const inLimits = (field: string, beside = ''): TextField => [
  `spec.limits.${field}`,
  (text) => withLimits(`{${beside}${field}: ${text}}`),
  28,
  duration,
];
const inSchedule = (type: string, field: string, beside = ''): TextField => [
  `spec.heartbeat.schedule.${type.toLowerCase()}.${field}`,
  (text) => withSchedule(`{type: ${type}, ${type.toLowerCase()}: {${beside}${field}: ${text}}}`),
  28,
  duration,
];

/** None of them may be empty. */
const NAMES: readonly TextField[] = [
  ['spec.service.name', (text) => withSpec(`service: {name: ${text}}`), 63],
  ['spec.ports[0].name', (text) => withPorts(`[{name: ${text}, port: 80}]`), 15],
  ['spec.ports[0].tls.certificateRefs[0].name', (text) => withTls(`certificateRefs: [{name: ${text}}]`), 253],
  [
    'spec.ports[0].tls.clientValidation.caCertificateRef.name',
    (text) => withTls(`certificateRefs: [{name: a}], clientValidation: {caCertificateRef: {name: ${text}}}`),
    253,
  ],
  ['spec.ports[0].trustedProxies[0]', withTrusted, 43, cidr],
  ['spec.ports[0].maxConnectionAge', (text) => withPort(`maxConnectionAge: ${text}`), 28, duration],
  ['spec.backends[0].name', (text) => withBackends(fixed(text)), 60],
  [
    'spec.backends[0].ports[0].name',
    (text) => shop({ ports: `[{name: ${text}, port: 80}]`, backends: `[${deployment('a', `, ports: [{name: ${text}, port: 80}]`)}]` }),
    15,
  ],
  ['spec.backends[0].tls.caCertificateRef.name', (text) => withServerTls(text, 'a'), 253],
  ['spec.backends[0].tls.hostname', (text) => withServerTls('a', text), 253, dnsName],
  ['spec.backends[0].tls.certificateRef.name', (text) => withServerTls('a', 'a', `, certificateRef: {name: ${text}}`), 253],
  ['spec.backends[0].serverNames[0]', (text) => withServerNames([text]), 253, dnsName],
  ['spec.backends[0].serviceRef.name', (text) => withBackends(service('a', text)), 63],
  ['spec.backends[0].addresses[0].host', withHost, 253, dnsName],
  [
    'spec.backends[0].addresses[0].portName',
    (text) =>
      shop({
        ports: `[{name: ${text}, port: 80}]`,
        backends: `[{name: a, type: Addresses, addresses: [{host: a, port: 80, portName: ${text}}]}]`,
      }),
    15,
  ],
  ['spec.heartbeat.http.path', (text) => withCheck(`{path: ${text}}`), 1024, path],
  ['spec.heartbeat.http.host', (text) => withCheck(`{host: ${text}}`), 261],
  ['spec.heartbeat.http.headers[0].name', (text) => withHeader(text), 128],
  inSchedule('Fixed', 'interval'),
  inSchedule('Budget', 'minInterval', 'checksPerSecond: 1, '),
  inSchedule('Budget', 'maxInterval', 'checksPerSecond: 1, '),
  inSchedule('Measured', 'minInterval'),
  inSchedule('Measured', 'maxInterval'),
  ['spec.heartbeat.timeout', (text) => withHeartbeat(`{timeout: ${text}}`), 28, duration],
  inFailover('connectTimeout'),
  inFailover('responseTimeout'),
  inFailover('drainTimeout'),
  inLimits('headerTimeout'),
  inLimits('bodyTimeout'),
  inLimits('idleTimeout'),
  inLimits('writeTimeout'),
  inLimits('requestTimeout'),
  inLimits('tunnelIdleTimeout'),
  inLimits('tunnelHalfOpenTimeout'),
  inLimits('pendingTimeout', 'requestsPerServer: 1, '),
  [`${CONTAINER}.name`, (text) => withPodSpec(`{containers: [{name: ${text}, image: i}]}`), 63],
  [`${TEMPLATE}.spec.initContainers[0].name`, (text) => withPodSpec(`{initContainers: [{name: ${text}, image: i}]}`), 63],
  [`${TEMPLATE}.spec.volumes[0].name`, (text) => withPodSpec(`{volumes: [{name: ${text}}]}`), 253],
  [`${TEMPLATE}.spec.imagePullSecrets[0].name`, (text) => withPodSpec(`{imagePullSecrets: [{name: ${text}}]}`), 253],
  ['spec.telemetry.responseHeader', (text) => withSpec(`telemetry: {responseHeader: ${text}}`), 128],
];

const TEXTS: readonly TextField[] = [
  ['spec.backends[0].ports[0].port', (text) => withBackends(service('a', 'other', `, ports: [{port: ${text}}]`)), 63],
  ['spec.heartbeat.http.headers[0].value', (text) => withHeader('X-A', text), 1024],
  ['spec.heartbeat.grpc.service', (text) => withHeartbeat(`{type: GRPC, grpc: {service: ${text}}}`), 256],
  [`${TEMPLATE}.metadata.labels.a`, (text) => withTemplate(`{metadata: {labels: {a: ${text}}}}`), 63],
  [`${TEMPLATE}.metadata.annotations.a`, (text) => withTemplate(`{metadata: {annotations: {a: ${text}}}}`), 65_536],
  [`${CONTAINER}.image`, (text) => withPodSpec(`{containers: [{name: c, image: ${text}}]}`), 4096],
  [`${CONTAINER}.imagePullPolicy`, (text) => withContainer(`imagePullPolicy: ${text}`), 4096],
  [`${CONTAINER}.command[0]`, (text) => withContainer(`command: [${text}]`), 65_536],
  [`${CONTAINER}.args[0]`, (text) => withContainer(`args: [${text}]`), 65_536],
  [`${CONTAINER}.workingDir`, (text) => withContainer(`workingDir: ${text}`), 4096],
  [`${TEMPLATE}.spec.nodeSelector.a`, (text) => withPodSpec(`{nodeSelector: {a: ${text}}}`), 63],
  [`${TEMPLATE}.spec.priorityClassName`, (text) => withPodSpec(`{priorityClassName: ${text}}`), 253],
  [`${TEMPLATE}.spec.runtimeClassName`, (text) => withPodSpec(`{runtimeClassName: ${text}}`), 253],
  [`${TEMPLATE}.spec.schedulerName`, (text) => withPodSpec(`{schedulerName: ${text}}`), 253],
];

const items = (count: number, item: (index: number) => string) => `[${many(count, item).join(', ')}]`;
const entries = (count: number) => `{${many(count, (index) => `a${index}: x`).join(', ')}}`;
const inPodSpec = (field: string, item: (index: number) => string, greatest: number): List => [
  `${TEMPLATE}.spec.${field}`,
  (count) => withPodSpec(`{${field}: ${items(count, item)}}`),
  0,
  greatest,
];
const inContainer = (field: string, item: (index: number) => string = (index) => `{name: a${index}}`): List => [
  `${CONTAINER}.${field}`,
  (count) => withContainer(`${field}: ${items(count, item)}`),
  0,
  256,
];

const LISTS: readonly List[] = [
  [
    'spec.ports',
    (count) =>
      shop({
        ports: items(count, (index) => `{name: p${index}, port: ${80 + index}}`),
        backends: `[{name: a, type: Addresses, addresses: ${items(Math.max(1, count), (index) => `{host: a, port: ${80 + index}, portName: p${index}}`)}}]`,
      }),
    1,
    16,
  ],
  ['spec.ports[0].tls.certificateRefs', (count) => withTls(`certificateRefs: ${items(count, (index) => `{name: a${index}}`)}`), 1, 16],
  ['spec.ports[0].trustedProxies', (count) => withPort(`trustedProxies: ${items(count, (index) => `10.0.0.${index}/32`)}`), 0, 32],
  ['spec.backends', (count) => withBackends(...many(count, (index) => fixed(`b${index}`))), 1, 16],
  [
    'spec.backends[0].ports',
    (count) =>
      shop({
        ports: items(Math.min(16, Math.max(1, count)), (index) => `{name: p${index}, port: ${80 + index}}`),
        backends: `[${deployment('a', `, ports: ${items(count, (index) => `{name: p${index}, port: ${80 + index}}`)}`)}]`,
      }),
    1,
    16,
  ],
  ['spec.backends[0].serverNames', (count) => withServerNames(many(count, (index) => `a${index}.example`)), 1, 16],
  [
    'spec.backends[0].addresses',
    (count) => withBackends(`{name: a, type: Addresses, addresses: ${items(count, (index) => `{host: a, port: ${80 + index}}`)}}`),
    1,
    100,
  ],
  ['spec.heartbeat.http.headers', (count) => withCheck(`{headers: ${items(count, (index) => `{name: X-${index}, value: x}`)}}`), 0, 16],
  [
    'spec.heartbeat.http.expectedStatuses',
    (count) => withCheck(`{expectedStatuses: ${items(count, (index) => `{start: 200, end: ${200 + index}}`)}}`),
    1,
    16,
  ],
  [`${TEMPLATE}.metadata.labels`, (count) => withTemplate(`{metadata: {labels: ${entries(count)}}}`), 0, 64],
  [`${TEMPLATE}.metadata.annotations`, (count) => withTemplate(`{metadata: {annotations: ${entries(count)}}}`), 0, 64],
  inPodSpec('containers', (index) => `{name: c${index}, image: i}`, 16),
  inPodSpec('initContainers', (index) => `{name: c${index}, image: i}`, 16),
  inPodSpec('volumes', (index) => `{name: v${index}}`, 64),
  inPodSpec('imagePullSecrets', (index) => `{name: s${index}}`, 64),
  inPodSpec('tolerations', (index) => `{key: k${index}}`, 64),
  inPodSpec('topologySpreadConstraints', (index) => `{topologyKey: k${index}}`, 64),
  [`${TEMPLATE}.spec.nodeSelector`, (count) => withPodSpec(`{nodeSelector: ${entries(count)}}`), 0, 64],
  inContainer('command', (index) => `a${index}`),
  inContainer('args', (index) => `a${index}`),
  inContainer('env'),
  inContainer('envFrom'),
  inContainer('ports'),
  inContainer('volumeMounts'),
  inContainer('volumeDevices'),
];

/** The longest is taken, and what has a character more is refused. */
const textCases = [...NAMES, ...TEXTS].map(
  ([at, resource, greatest, text = long]): ResourceCases => ({
    [`${at} of ${greatest} characters is taken`]: { resource: resource(text(greatest)) },
    [`${at} of ${greatest + 1} characters is refused`]: {
      resource: resource(text(greatest + 1)),
      refused: { at, says: `must have at most ${greatest} characters`, serverSays: `may not be more than ${greatest} bytes` },
    },
  }),
);

const emptyCases = NAMES.map(
  ([at, resource]): ResourceCases => ({
    [`${at} that is empty is refused`]: {
      resource: resource('""'),
      refused: { at, says: 'must not be empty', serverSays: 'should be at least 1 chars long' },
    },
  }),
);

const listCases = LISTS.map(
  ([at, resource, least, greatest]): ResourceCases => ({
    [`${least} of ${at} are taken`]: { resource: resource(least) },
    [`${greatest} of ${at} are taken`]: { resource: resource(greatest) },
    [`${greatest + 1} of ${at} are refused`]: {
      resource: resource(greatest + 1),
      refused: { at, says: `must have at most ${greatest} `, serverSays: `must have at most ${greatest} items` },
    },
    ...(least === 0
      ? {}
      : {
          [`none of ${at} is refused`]: {
            resource: resource(0),
            refused: { at, says: 'must have at least 1 item', serverSays: 'should have at least 1 items' },
          },
        }),
  }),
);

export const lengthsCases: ResourceCases = Object.assign({}, ...textCases, ...emptyCases, ...listCases) as ResourceCases;
