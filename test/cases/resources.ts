/**
 * Good and bad resources, one table for both that have to agree on them: the local validation (test/unit/api) and a real API server
 * (test/e2e/crd.test.ts).
 */
export interface ResourceCase {
  /** YAML of the whole resource. */
  readonly resource: string;
  /** Left out: it is taken. */
  readonly refused?: Refusal;
}

export interface Refusal {
  /** The field, such as `spec.ports[0].port`. */
  readonly at: string;
  /** Part of the message. */
  readonly says: string;
  /** The API server's part, where it has words of its own (its schema keywords, not our rules). */
  readonly serverSays?: string;
}

interface Parts {
  readonly name?: string;
  readonly ports?: string;
  readonly backends?: string;
  /** Further fields of spec. */
  readonly spec?: string;
}

/** The smallest good resource, with parts of it replaced. Parts are YAML of one line, or lines that are indented by two. */
function shop({ name = 'shop', ports = '[{name: http, port: 80}]', backends = `[${fixed('stable')}]`, spec = '' }: Parts): string {
  return `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: ${name}}
spec:
  ports: ${ports}
  backends: ${backends}
  ${spec}
`;
}

const fixed = (name: string, more = '') => `{name: ${name}, type: Addresses, addresses: [{host: 10.0.0.7, port: 8080}]${more}}`;
const deployment = (name: string, more = ', ports: [{port: 8080}]') =>
  `{name: ${name}, type: Deployment, deployment: {template: {spec: {containers: [{name: c, image: i}]}}}${more}}`;
const service = (name: string, ref: string, more = ', ports: [{port: 8080}]') =>
  `{name: ${name}, type: Service, serviceRef: {name: ${ref}}${more}}`;

const withName = (name: string) => shop({ name });
const withPorts = (ports: string) => shop({ ports });
const withBackends = (...backends: readonly string[]) => shop({ backends: `[${backends.join(', ')}]` });
const withSpec = (spec: string) => shop({ spec });
const withHeartbeat = (heartbeat: string) => withSpec(`heartbeat: ${heartbeat}`);
const withSchedule = (schedule: string) => withHeartbeat(`{schedule: ${schedule}}`);
const withFailover = (failover: string) => withSpec(`failover: ${failover}`);
const withCheck = (http: string) => withHeartbeat(`{type: HTTP, http: ${http}}`);
const withHost = (host: string) => withBackends(`{name: a, type: Addresses, addresses: [{host: ${host}, port: 80}]}`);
const withTrusted = (cidr: string) => withPorts(`[{name: http, port: 80, trustedProxies: [${cidr}]}]`);
const withHeader = (name: string, value = 'x') => withCheck(`{headers: [{name: ${name}, value: ${value}}]}`);
const twoPorts = '[{name: http, port: 80}, {name: admin, port: 81}]';
const long = (length: number) => 'a'.repeat(length);
const many = <T>(count: number, item: (index: number) => T) => Array.from({ length: count }, (_, index) => item(index));

const LABEL = 'must be a DNS-1035 label';
const INTERVAL = 'must be a duration of 50ms to 1h, such as 500ms or 2s';
const SHORT_TIME = 'must be a duration of 1ms to 1h, such as 500ms or 2s';
const HOST = 'must be an IP address or a DNS name, without brackets, port or blanks';
const PATH = 'must start with / and hold no blanks, line breaks or control characters';
const CIDR = 'must be a CIDR, such as 10.0.0.0/8 or fd00::/8';
const HEADER = 'spec.heartbeat.http.headers[0]';
const FIRST_HOST = 'spec.backends[0].addresses[0].host';
const TIMEOUT_OVER_INTERVAL = 'timeout must not be over the fixed interval (1s unless schedule.fixed.interval is given)';
const MIN_OVER_MAX = 'minInterval (200ms unless given) must not be over maxInterval (10s unless given)';
const FRAMING = 'must not be Host or a field that frames the message or belongs to the connection';

export const resourceCases: Readonly<Record<string, ResourceCase>> = {
  // The whole of it
  'the smallest resource is taken': { resource: shop({}) },
  'a resource with every field is taken': {
    resource: `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: shop, labels: {team: sales}, annotations: {note: "a: b"}}
spec:
  suspend: false
  service: {name: store, type: LoadBalancer}
  ports:
  - {name: http, port: 80, protocol: HTTP, trustedProxies: [10.0.0.0/8, "fd00::/8"], maxConnectionAge: 1h30m}
  - {name: db, port: 5432, protocol: TCP, maxConnectionAge: 168h}
  backends:
  - name: stable
    weight: 9
    type: Deployment
    serverWeight: 3
    ports: [{name: http, port: 8080}, {name: db, port: 5432}]
    deployment:
      replicas: 3
      template:
        metadata: {labels: {version: v1}}
        spec: {containers: [{name: web, image: web, command: [web], ports: [{containerPort: 8080}]}]}
  - {name: legacy, weight: 0, type: Service, serverWeight: 1, serviceRef: {name: old-shop}, ports: [{name: http, port: web}]}
  - name: fixed
    type: Addresses
    addresses:
    - {host: 10.0.0.7, port: 8080, portName: http, weight: 2}
    - {host: "fd00::7", port: 5432, portName: db, weight: 1000}
    - {host: db-1.example.com., port: 5432, portName: db}
  strategy: {type: WeightedRoundRobin}
  heartbeat:
    type: HTTP
    http:
      path: /healthz?deep=1&from=%2Fa
      port: 9000
      host: shop.example.com:8080
      headers: [{name: X-Check, value: "yes, please"}, {name: Accept, value: ""}]
      expectedStatuses: [{start: 200, end: 299}, {start: 418, end: 418}]
    schedule: {type: Budget, budget: {checksPerSecond: 200, minInterval: 50ms, maxInterval: 1m}}
    timeout: 250ms
    failureThreshold: 3
    successThreshold: 1
    jitterPercent: 0
  failover:
    retryMethods: Keyed
    retryBudgetPercent: 0
    replayBufferBytes: 0
    maxEjectedPercent: 100
    connectTimeout: 1s
    responseTimeout: 24h
    drainTimeout: 10s
  balancer: {type: Dedicated, dedicated: {replicas: 3}}
  telemetry: {accessLog: JSON, responseHeader: X-Served-By}
`,
  },
  'a spec that is missing is refused': {
    resource: 'apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: shop}\n',
    refused: { at: 'spec', says: 'is required', serverSays: 'Required value' },
  },
  'an unknown field is refused, and the nearest right one is named': {
    resource: withSpec('heartbeet: {}'),
    refused: { at: 'spec.heartbeet', says: 'unknown field; did you mean heartbeat?', serverSays: 'unknown field' },
  },
  'an unknown field within a list is refused': {
    resource: withPorts('[{name: http, port: 80, protcol: HTTP}]'),
    refused: { at: 'spec.ports[0].protcol', says: 'did you mean protocol?', serverSays: 'unknown field' },
  },
  'a text where a number belongs is refused': {
    resource: withPorts('[{name: http, port: "80"}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be a whole number, not "80"', serverSays: 'must be of type integer' },
  },
  'nothing where a list belongs is refused': {
    resource: shop({ ports: '' }),
    refused: { at: 'spec.ports', says: 'is required', serverSays: 'Required value' },
  },
  'nothing where an object may stand is taken': { resource: withSpec('heartbeat:') },
  'nothing where an item of a list belongs is refused': {
    resource: withPorts('[{name: http, port: 80}, null]'),
    refused: { at: 'spec.ports[1]', says: 'must be an object, not nothing', serverSays: 'must be of type object' },
  },
  'an object where a list belongs is refused': {
    resource: shop({ backends: '{}' }),
    refused: { at: 'spec.backends', says: 'must be a list, not an object', serverSays: 'must be of type array' },
  },

  // Names
  'a resource of 53 characters is taken': { resource: withName(long(53)) },
  'a resource of 54 characters is refused': {
    resource: withName(long(54)),
    refused: { at: 'metadata.name', says: `${LABEL} of at most 53` },
  },
  'a resource that begins with a digit is refused': { resource: withName('"2shop"'), refused: { at: 'metadata.name', says: LABEL } },
  'a resource with a dot is refused': { resource: withName('shop.web'), refused: { at: 'metadata.name', says: LABEL } },
  'a resource with two hyphens in a row is refused, since its children are named by them': {
    resource: withName('shop--web'),
    refused: { at: 'metadata.name', says: LABEL },
  },
  'a backend whose name is no DNS-1035 label is refused': {
    resource: withBackends(fixed('Stable')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend with two hyphens in a row is refused': {
    resource: withBackends(fixed('a--b')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend that ends with a hyphen is refused': {
    resource: withBackends(fixed('a-')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend without a name is refused': {
    resource: withBackends('{type: Addresses, addresses: [{host: a, port: 1}]}'),
    refused: { at: 'spec.backends[0].name', says: 'is required', serverSays: 'Required value' },
  },
  'a backend of an empty name is refused': {
    resource: withBackends(fixed('""')),
    refused: { at: 'spec.backends[0].name', says: 'must not be empty', serverSays: 'should be at least 1 chars long' },
  },
  'a backend named balancer is refused': {
    resource: withBackends(fixed('balancer')),
    refused: { at: 'spec.backends[0].name', says: 'must not be balancer' },
  },
  'names of 61 characters together are taken': { resource: shop({ name: long(30), backends: `[${deployment(long(31))}]` }) },
  'names of 62 characters together are refused, since a Service is named by both': {
    resource: shop({ name: long(30), backends: `[${deployment(long(32))}]` }),
    refused: { at: 'spec.backends', says: 'must have at most 61 characters together' },
  },
  'names of 62 characters together are taken where nothing is made for the backend': {
    resource: shop({ name: long(30), backends: `[${fixed(long(32))}]` }),
  },
  'a backend of 61 characters is refused': {
    resource: withBackends(fixed(long(61))),
    refused: { at: 'spec.backends[0].name', says: 'must have at most 60 characters', serverSays: 'Too long' },
  },
  'a Service name that is no DNS-1035 label is refused': {
    resource: withSpec('service: {name: 1store}'),
    refused: { at: 'spec.service.name', says: LABEL },
  },
  'a Service name that could be that of a backend is refused': {
    resource: withSpec('service: {name: other--stable}'),
    refused: { at: 'spec.service.name', says: LABEL },
  },
  'a Service type that is not known is refused': {
    resource: withSpec('service: {type: ExternalName}'),
    refused: { at: 'spec.service.type', says: 'must be ClusterIP or NodePort or LoadBalancer', serverSays: 'Unsupported value' },
  },

  // Ports
  'no port is refused': {
    resource: withPorts('[]'),
    refused: { at: 'spec.ports', says: 'must have at least 1 item', serverSays: 'at least 1 items' },
  },
  'a port 0 is refused': {
    resource: withPorts('[{name: http, port: 0}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a port over 65535 is refused': {
    resource: withPorts('[{name: http, port: 65536}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be at most 65535', serverSays: 'less than or equal to 65535' },
  },
  'a protocol in the wrong case is refused': {
    resource: withPorts('[{name: http, port: 80, protocol: http}]'),
    refused: { at: 'spec.ports[0].protocol', says: 'did you mean HTTP?', serverSays: 'Unsupported value' },
  },
  'a port name of 16 characters is refused': {
    resource: withPorts(`[{name: ${long(16)}, port: 80}]`),
    refused: { at: 'spec.ports[0].name', says: 'must have at most 15 characters', serverSays: 'Too long' },
  },
  'a port name with capitals is refused': {
    resource: withPorts('[{name: Http, port: 80}]'),
    refused: { at: 'spec.ports[0].name', says: LABEL },
  },
  'two ports of one name are refused': {
    resource: withPorts('[{name: http, port: 80}, {name: http, port: 81}]'),
    refused: { at: 'spec.ports[1]', says: 'duplicate: name "http" is there already', serverSays: 'Duplicate value' },
  },
  'two ports of one number are refused': {
    resource: shop({
      ports: '[{name: http, port: 80}, {name: tcp, port: 80, protocol: TCP}]',
      backends: `[${deployment('a', ', ports: [{name: http, port: 80}, {name: tcp, port: 81}]')}]`,
    }),
    refused: { at: 'spec.ports', says: 'each port number may be given only once' },
  },
  'seventeen ports are refused': {
    resource: withPorts(`[${many(17, (index) => `{name: p${index}, port: ${index + 1}}`).join(', ')}]`),
    refused: { at: 'spec.ports', says: 'must have at most 16 items', serverSays: 'Too many' },
  },
  'a trusted proxy that is no CIDR is refused': {
    resource: withTrusted('10.0.0.1'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with too long a prefix is refused': {
    resource: withTrusted('10.0.0.0/33'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with a zero before its prefix length is refused': {
    resource: withTrusted('10.0.0.0/08'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR of all IPv6 addresses is taken': { resource: withTrusted('"::/0"') },
  'a CIDR that maps IPv4 into IPv6 is refused': {
    resource: withTrusted('"::ffff:10.0.0.0/104"'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with host bits is taken': { resource: withTrusted('10.1.2.3/8') },
  'a trusted proxy given twice is refused': {
    resource: withTrusted('10.0.0.0/8, 10.0.0.0/8'),
    refused: { at: 'spec.ports[0].trustedProxies[1]', says: 'duplicate: "10.0.0.0/8" is there already', serverSays: 'Duplicate value' },
  },
  'trusted proxies of a TCP port are refused': {
    resource: withPorts('[{name: db, port: 80, protocol: TCP, trustedProxies: [10.0.0.0/8]}]'),
    refused: { at: 'spec.ports[0].trustedProxies', says: 'trustedProxies is only for protocol HTTP' },
  },
  'a connection age under a second is refused': {
    resource: withPorts('[{name: http, port: 80, maxConnectionAge: 999ms}]'),
    refused: { at: 'spec.ports[0].maxConnectionAge', says: 'must be a duration of 1s to 168h' },
  },
  'a connection age over a week is refused': {
    resource: withPorts('[{name: http, port: 80, maxConnectionAge: 168h1ms}]'),
    refused: { at: 'spec.ports[0].maxConnectionAge', says: 'must be a duration of 1s to 168h' },
  },

  // Backends
  'no backend is refused': {
    resource: shop({ backends: '[]' }),
    refused: { at: 'spec.backends', says: 'must have at least 1 item', serverSays: 'at least 1 items' },
  },
  'backends left out are refused': {
    resource:
      'apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: shop}\nspec: {ports: [{name: http, port: 80}]}\n',
    refused: { at: 'spec.backends', says: 'is required', serverSays: 'Required value' },
  },
  'seventeen backends are refused': {
    resource: withBackends(...many(17, (index) => fixed(`b${index}`))),
    refused: { at: 'spec.backends', says: 'must have at most 16 items', serverSays: 'Too many' },
  },
  'two backends of one name are refused': {
    resource: withBackends(fixed('a'), fixed('a')),
    refused: { at: 'spec.backends[1]', says: 'duplicate: name "a" is there already', serverSays: 'Duplicate value' },
  },
  'a type of backend that is not known is refused': {
    resource: withBackends('{name: a, type: StatefulSet}'),
    refused: { at: 'spec.backends[0].type', says: 'must be Deployment or Service or Addresses', serverSays: 'Unsupported value' },
  },
  'type Deployment without deployment is refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}]}'),
    refused: { at: 'spec.backends[0].deployment', says: 'a backend of type Deployment needs deployment' },
  },
  'type Addresses with a deployment is refused': {
    resource: withBackends(fixed('a', ', deployment: {template: {}}')),
    refused: { at: 'spec.backends[0].deployment', says: 'no other type may have it' },
  },
  'type Service without serviceRef is refused': {
    resource: withBackends('{name: a, type: Service, ports: [{port: 80}]}'),
    refused: { at: 'spec.backends[0].serviceRef', says: 'a backend of type Service needs serviceRef' },
  },
  'type Deployment with a serviceRef is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 80}], serviceRef: {name: other}')),
    refused: { at: 'spec.backends[0].serviceRef', says: 'no other type may have it' },
  },
  'type Addresses without addresses is refused': {
    resource: withBackends('{name: a, type: Addresses}'),
    refused: { at: 'spec.backends[0].addresses', says: 'a backend of type Addresses needs addresses' },
  },
  'type Service with addresses is refused': {
    resource: withBackends(service('a', 'other', ', ports: [{port: 80}], addresses: [{host: a, port: 1}]')),
    refused: { at: 'spec.backends[0].addresses', says: 'no other type may have them' },
  },
  'type Deployment without ports is refused': {
    resource: withBackends(deployment('a', '')),
    refused: { at: 'spec.backends[0].ports', says: 'needs ports' },
  },
  'type Addresses with ports is refused': {
    resource: withBackends(fixed('a', ', ports: [{port: 80}]')),
    refused: { at: 'spec.backends[0].ports', says: 'one of type Addresses has them in its addresses' },
  },
  'type Addresses with a serverWeight is refused': {
    resource: withBackends(fixed('a', ', serverWeight: 2')),
    refused: { at: 'spec.backends[0].serverWeight', says: 'each address has its own weight' },
  },
  'a Deployment whose port is a name is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: http}]')),
    refused: { at: 'spec.backends[0].ports', says: 'a port of a backend of type Deployment must be a number' },
  },
  'a Service whose port is a name is taken': { resource: withBackends(service('a', 'other', ', ports: [{port: http}]')) },
  'a port of a backend that is neither number nor name is refused': {
    resource: withBackends(service('a', 'other', ', ports: [{port: "a b"}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a port number from 1 to 65535, or the name of a port' },
  },
  'a port of a backend over 65535 is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 65536}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a port number from 1 to 65535' },
  },
  'a port of a backend that is a fraction is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 80.5}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a whole number or a string', serverSays: '' },
  },
  'a template that is missing is refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}], deployment: {replicas: 2}}'),
    refused: { at: 'spec.backends[0].deployment.template', says: 'is required', serverSays: 'Required value' },
  },
  'replicas under 0 are refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}], deployment: {replicas: -1, template: {}}}'),
    refused: { at: 'spec.backends[0].deployment.replicas', says: 'must be at least 0', serverSays: 'greater than or equal to 0' },
  },

  // Ports of backends and those of the spec
  'a port name that no port has is refused': {
    resource: withBackends(deployment('a', ', ports: [{name: web, port: 8080}]')),
    refused: { at: 'spec.backends', says: 'must be the name of a port in spec.ports' },
  },
  'a port without a name is refused where there are several': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a')}]` }),
    refused: { at: 'spec.backends', says: 'needs a name where spec.ports has several ports' },
  },
  'an address of a port that no port has is refused': {
    resource: withBackends('{name: a, type: Addresses, addresses: [{host: a, port: 1, portName: web}]}'),
    refused: { at: 'spec.backends', says: 'each portName in backends[].addresses must be the name of a port in spec.ports' },
  },
  'an address without a port name is refused where there are several': {
    resource: shop({ ports: twoPorts }),
    refused: { at: 'spec.backends', says: 'needs a portName where spec.ports has several ports' },
  },
  'a port that no backend serves is refused': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a', ', ports: [{name: http, port: 8080}]')}]` }),
    refused: { at: 'spec.ports', says: 'each port in spec.ports must be served by at least one backend' },
  },
  'ports served by different backends are taken': {
    resource: shop({
      ports: twoPorts,
      backends: `[${deployment('a', ', ports: [{name: http, port: 8080}]')}, {name: b, type: Addresses, addresses: [{host: a, port: 1, portName: admin}]}]`,
    }),
  },
  'a port name given twice in a backend is refused': {
    resource: withBackends(deployment('a', ', ports: [{name: http, port: 80}, {name: http, port: 81}]')),
    refused: { at: 'spec.backends[0].ports', says: 'each port name may be given only once in a backend' },
  },
  'a port number given twice in a backend is refused': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a', ', ports: [{name: http, port: 80}, {name: admin, port: 80}]')}]` }),
    refused: { at: 'spec.backends[0].ports', says: 'each port may be given only once in a backend' },
  },

  // Weights
  'weights of 0 alone are refused': {
    resource: withBackends(fixed('a', ', weight: 0'), deployment('b', ', weight: 0, ports: [{port: 80}]')),
    refused: { at: 'spec.backends', says: 'at least one backend must have a weight over 0' },
  },
  'a weight of 0 beside another is taken': { resource: withBackends(fixed('a', ', weight: 0'), deployment('b')) },
  'a weight under 0 is refused': {
    resource: withBackends(fixed('a', ', weight: -1'), fixed('b')),
    refused: { at: 'spec.backends[0].weight', says: 'must be at least 0', serverSays: 'greater than or equal to 0' },
  },
  'a weight of a server of 0 is refused': {
    resource: withBackends(deployment('a', ', serverWeight: 0, ports: [{port: 80}]')),
    refused: { at: 'spec.backends[0].serverWeight', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },

  // References
  'a serviceRef to the clients’ own Service is refused': {
    resource: withBackends(service('a', 'shop')),
    refused: { at: 'spec.backends', says: 'must not name the Service that clients of this resource use' },
  },
  'a serviceRef to the clients’ own Service under its given name is refused': {
    resource: shop({ backends: `[${service('a', 'store')}]`, spec: 'service: {name: store}' }),
    refused: { at: 'spec.backends', says: 'must not name the Service that clients of this resource use' },
  },
  'a serviceRef to a Service of the resource’s name is taken where clients use another': {
    resource: shop({ backends: `[${service('a', 'shop')}]`, spec: 'service: {name: store}' }),
  },
  'a serviceRef to a Service of the resource’s own backend is refused': {
    resource: withBackends(service('a', 'shop--stable'), deployment('stable')),
    refused: { at: 'spec.backends', says: 'must not name a Service that is made for this resource itself' },
  },
  'a serviceRef to a Service of another resource’s backend is taken': { resource: withBackends(service('a', 'shop-two--stable')) },
  'a serviceRef that is no DNS-1035 label is refused': {
    resource: withBackends(service('a', 'old_shop')),
    refused: { at: 'spec.backends[0].serviceRef.name', says: LABEL },
  },

  // Addresses
  'an IPv6 address is taken': { resource: withHost('"2001:db8::1"') },
  'localhost is taken': { resource: withHost('localhost') },
  'a name that begins with digits is taken': { resource: withHost('1password.example.com') },
  'an IPv6 address in brackets is refused': { resource: withHost('"[::1]"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv6 address with a zone is refused': { resource: withHost('"fe80::1%eth0"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address mapped into IPv6 is refused': { resource: withHost('"::ffff:10.0.0.1"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address mapped into IPv6 in digits is refused': {
    resource: withHost('"0:0:0:0:0:ffff:a00:1"'),
    refused: { at: FIRST_HOST, says: HOST },
  },
  'an IPv4 address out of range is refused': { resource: withHost('10.0.0.256'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address with a zero before a number is refused': { resource: withHost('10.0.0.01'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a port is refused': { resource: withHost('"a.example.com:80"'), refused: { at: FIRST_HOST, says: HOST } },
  'a URL for a host is refused': { resource: withHost('"http://a.example.com"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a blank is refused': { resource: withHost('"a b"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a line break at its end is refused': { resource: withHost('"a\\n"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with two dots in a row is refused': { resource: withHost('a..b'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a label of 64 characters is refused': { resource: withHost(long(64)), refused: { at: FIRST_HOST, says: HOST } },
  'a host of 254 characters is refused': {
    resource: withHost(`${'a.'.repeat(127)}`),
    refused: { at: FIRST_HOST, says: 'must have at most 253 characters', serverSays: 'Too long' },
  },
  'an address given twice is refused': {
    resource: withBackends('{name: a, type: Addresses, addresses: [{host: a, port: 1}, {host: b, port: 1}, {host: a, port: 1}]}'),
    refused: {
      at: 'spec.backends[0].addresses[2]',
      says: 'duplicate: host "a" and port 1 is there already',
      serverSays: 'Duplicate value',
    },
  },
  'an address without a port is refused': {
    resource: withBackends('{name: a, type: Addresses, addresses: [{host: a}]}'),
    refused: { at: 'spec.backends[0].addresses[0].port', says: 'is required', serverSays: 'Required value' },
  },
  'a hundred and one addresses are refused': {
    resource: withBackends(`{name: a, type: Addresses, addresses: [${many(101, (index) => `{host: h, port: ${index + 1}}`).join(', ')}]}`),
    refused: { at: 'spec.backends[0].addresses', says: 'must have at most 100 items', serverSays: 'Too many' },
  },

  // Strategy
  'a strategy that is not known is refused': {
    resource: withSpec('strategy: {type: LeastRequests}'),
    refused: { at: 'spec.strategy.type', says: 'must be RoundRobin or Random or WeightedRoundRobin', serverSays: 'Unsupported value' },
  },

  // Heartbeat
  'settings of HTTP for a TCP heartbeat are refused': {
    resource: withHeartbeat('{type: TCP, http: {path: /}}'),
    refused: { at: 'spec.heartbeat.http', says: 'http is only for a heartbeat of type HTTP' },
  },
  'settings of HTTP for a heartbeat of the default type are refused': {
    resource: withHeartbeat('{http: {path: /}}'),
    refused: { at: 'spec.heartbeat.http', says: 'http is only for a heartbeat of type HTTP' },
  },
  'settings of TCP for an HTTP heartbeat are refused': {
    resource: withHeartbeat('{type: HTTP, tcp: {port: 80}}'),
    refused: { at: 'spec.heartbeat.tcp', says: 'tcp is only for a heartbeat of type TCP' },
  },
  'settings of TCP for a heartbeat of the default type are taken': { resource: withHeartbeat('{tcp: {port: 80}}') },
  'an HTTP heartbeat without settings is taken': { resource: withHeartbeat('{type: HTTP}') },
  'a threshold of 0 for failures is refused': {
    resource: withHeartbeat('{failureThreshold: 0}'),
    refused: { at: 'spec.heartbeat.failureThreshold', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a threshold of 0 for successes is refused': {
    resource: withHeartbeat('{successThreshold: 0}'),
    refused: { at: 'spec.heartbeat.successThreshold', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a jitter over 50 percent is refused': {
    resource: withHeartbeat('{jitterPercent: 51}'),
    refused: { at: 'spec.heartbeat.jitterPercent', says: 'must be at most 50', serverSays: 'less than or equal to 50' },
  },
  'a timeout of 0 is refused': { resource: withHeartbeat('{timeout: 0s}'), refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME } },
  'a timeout of 0 in four units is refused': {
    resource: withHeartbeat('{timeout: 0h0m0s0ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout that is a number is refused': {
    resource: withHeartbeat('{timeout: 500}'),
    refused: { at: 'spec.heartbeat.timeout', says: 'must be a string, not 500', serverSays: 'must be of type string' },
  },
  'a timeout without a unit is refused': {
    resource: withHeartbeat('{timeout: "500"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a blank is refused': {
    resource: withHeartbeat('{timeout: 5 s}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a fraction is refused': {
    resource: withHeartbeat('{timeout: 0.5s}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a sign is refused': {
    resource: withHeartbeat('{timeout: "-5s"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout in a unit that is none is refused': {
    resource: withHeartbeat('{timeout: 5us}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout of five units is refused': {
    resource: withHeartbeat('{timeout: 1ms1ms1ms1ms1ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout of six digits is refused': {
    resource: withHeartbeat('{timeout: 000500ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a line break at its end is refused': {
    resource: withHeartbeat('{timeout: "500ms\\n"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout over the fixed interval is refused': {
    resource: withHeartbeat('{timeout: 201ms, schedule: {type: Fixed, fixed: {interval: 200ms}}}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout over the default interval is refused': {
    resource: withHeartbeat('{timeout: 1001ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout over the default interval of a fixed schedule is refused': {
    resource: withHeartbeat('{timeout: 2s, schedule: {type: Fixed}}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout of the fixed interval is taken': {
    resource: withHeartbeat('{timeout: 200ms, schedule: {type: Fixed, fixed: {interval: 200ms}}}'),
  },
  'a timeout of the fixed interval in other units is taken': {
    resource: withHeartbeat('{timeout: 1m30s, schedule: {type: Fixed, fixed: {interval: 90000ms}}}'),
  },
  'a fixed interval under the default timeout is taken, since the default gives way': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 50ms}}'),
  },
  'a timeout over a second under a budget is taken': {
    resource: withHeartbeat('{timeout: 2s, schedule: {type: Budget, budget: {checksPerSecond: 5}}}'),
  },

  // Schedule
  'a schedule without a type is refused': {
    resource: withSchedule('{fixed: {interval: 1s}}'),
    refused: { at: 'spec.heartbeat.schedule.type', says: 'is required', serverSays: 'Required value' },
  },
  'an interval under 50ms is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'an interval over an hour is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 99999h99999h99999h99999h}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'an interval that is malformed is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: often}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'settings of Budget for type Fixed are refused': {
    resource: withSchedule('{type: Fixed, budget: {checksPerSecond: 5}}'),
    refused: { at: 'spec.heartbeat.schedule.budget', says: 'a schedule of type Budget needs budget, and no other type may have it' },
  },
  'settings of Fixed for type Measured are refused': {
    resource: withSchedule('{type: Measured, fixed: {interval: 1s}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed', says: 'fixed is only for a schedule of type Fixed' },
  },
  'settings of Measured for type Fixed are refused': {
    resource: withSchedule('{type: Fixed, measured: {}}'),
    refused: { at: 'spec.heartbeat.schedule.measured', says: 'measured is only for a schedule of type Measured' },
  },
  'type Budget without settings is refused': {
    resource: withSchedule('{type: Budget}'),
    refused: { at: 'spec.heartbeat.schedule.budget', says: 'a schedule of type Budget needs budget' },
  },
  'type Measured without settings is taken': { resource: withSchedule('{type: Measured}') },
  'a budget of 0 checks is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 0}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.checksPerSecond', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'a minInterval over maxInterval is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 2s, maxInterval: 1999ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.minInterval', says: MIN_OVER_MAX },
  },
  'a minInterval over the default maxInterval is refused': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 11s}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: MIN_OVER_MAX },
  },
  'a maxInterval under the default minInterval is refused': {
    resource: withSchedule('{type: Measured, measured: {maxInterval: 199ms}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: MIN_OVER_MAX },
  },
  'a minInterval that is maxInterval is taken': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 1m, maxInterval: 60s}}'),
  },
  'a minInterval under 50ms is refused': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: INTERVAL },
  },
  'a minInterval under 50ms of a budget is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.minInterval', says: INTERVAL },
  },
  'a maxInterval over an hour is refused': {
    resource: withSchedule('{type: Measured, measured: {maxInterval: 61m}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.maxInterval', says: INTERVAL },
  },
  'a maxInterval under 50ms is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 50ms, maxInterval: 1ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.maxInterval', says: INTERVAL },
  },

  // The heartbeat's request
  'a path that does not start with a slash is refused': {
    resource: withCheck('{path: healthz}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with CR and LF is refused': {
    resource: withCheck('{path: "/a\\r\\nX-Injected: 1"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a line break at its end is refused': {
    resource: withCheck('{path: "/a\\n"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a blank is refused': { resource: withCheck('{path: "/a b"}'), refused: { at: 'spec.heartbeat.http.path', says: PATH } },
  'a path with a control character is refused': {
    resource: withCheck('{path: "/a\\x01"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a letter that is not ASCII is refused': {
    resource: withCheck('{path: /grün}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a fragment is refused': { resource: withCheck('{path: "/a#b"}'), refused: { at: 'spec.heartbeat.http.path', says: PATH } },
  'a path with a percent sign alone is refused': {
    resource: withCheck('{path: "/a%2"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path of 1025 characters is refused': {
    resource: withCheck(`{path: /${long(1024)}}`),
    refused: { at: 'spec.heartbeat.http.path', says: 'must have at most 1024 characters', serverSays: 'Too long' },
  },
  'a heartbeat’s host with a path is refused': {
    resource: withCheck('{host: a/b}'),
    refused: { at: 'spec.heartbeat.http.host', says: 'must be a host name or IP address' },
  },
  'a heartbeat’s host with a line break is refused': {
    resource: withCheck('{host: "a\\r\\nb"}'),
    refused: { at: 'spec.heartbeat.http.host', says: 'must be a host name or IP address' },
  },
  'a heartbeat’s host of IPv6 in brackets is taken': { resource: withCheck('{host: "[::1]:8080"}') },
  'a range of statuses the wrong way round is refused': {
    resource: withCheck('{expectedStatuses: [{start: 399, end: 200}]}'),
    refused: { at: 'spec.heartbeat.http.expectedStatuses[0]', says: 'start must not be over end' },
  },
  'a status under 100 is refused': {
    resource: withCheck('{expectedStatuses: [{start: 99, end: 200}]}'),
    refused: {
      at: 'spec.heartbeat.http.expectedStatuses[0].start',
      says: 'must be at least 100',
      serverSays: 'greater than or equal to 100',
    },
  },
  'a status over 599 is refused': {
    resource: withCheck('{expectedStatuses: [{start: 200, end: 600}]}'),
    refused: { at: 'spec.heartbeat.http.expectedStatuses[0].end', says: 'must be at most 599', serverSays: 'less than or equal to 599' },
  },
  'no expected status is refused': {
    resource: withCheck('{expectedStatuses: []}'),
    refused: { at: 'spec.heartbeat.http.expectedStatuses', says: 'must have at least 1 item', serverSays: 'at least 1 items' },
  },
  'a header whose name is no token is refused': {
    resource: withHeader('"X Check"'),
    refused: { at: `${HEADER}.name`, says: 'must be an HTTP field name' },
  },
  'a header whose name holds a colon is refused': {
    resource: withHeader('"X:"'),
    refused: { at: `${HEADER}.name`, says: 'must be an HTTP field name' },
  },
  'a header Host is refused': { resource: withHeader('Host'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header that frames the message is refused in any case': {
    resource: withHeader('CONTENT-length'),
    refused: { at: `${HEADER}.name`, says: FRAMING },
  },
  'a header Transfer-Encoding is refused': { resource: withHeader('Transfer-Encoding'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header Connection is refused': { resource: withHeader('connection'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header’s value with CR and LF is refused': {
    resource: withHeader('X-A', '"a\\r\\nB: c"'),
    refused: { at: `${HEADER}.value`, says: 'must be printable ASCII without line breaks' },
  },
  'a header’s value with NUL is refused': {
    resource: withHeader('X-A', '"a\\0b"'),
    refused: { at: `${HEADER}.value`, says: 'must be printable ASCII without line breaks' },
  },
  'a header’s value with a blank at its end is refused': {
    resource: withHeader('X-A', '"a "'),
    refused: { at: `${HEADER}.value`, says: 'without blanks at its ends' },
  },
  'a header given twice is refused': {
    resource: withCheck('{headers: [{name: A, value: x}, {name: A, value: y}]}'),
    refused: { at: 'spec.heartbeat.http.headers[1]', says: 'duplicate: name "A" is there already', serverSays: 'Duplicate value' },
  },

  // Failover
  'retry methods that are not known are refused': {
    resource: withFailover('{retryMethods: All}'),
    refused: { at: 'spec.failover.retryMethods', says: 'must be Safe or Idempotent or Keyed or None', serverSays: 'Unsupported value' },
  },
  'a retry budget over 100 percent is refused': {
    resource: withFailover('{retryBudgetPercent: 101}'),
    refused: { at: 'spec.failover.retryBudgetPercent', says: 'must be at most 100', serverSays: 'less than or equal to 100' },
  },
  'a replay buffer over 1 MiB is refused': {
    resource: withFailover('{replayBufferBytes: 1048577}'),
    refused: { at: 'spec.failover.replayBufferBytes', says: 'must be at most 1048576', serverSays: 'less than or equal to 1048576' },
  },
  'a connect timeout of 0 is refused': {
    resource: withFailover('{connectTimeout: 0ms}'),
    refused: { at: 'spec.failover.connectTimeout', says: SHORT_TIME },
  },
  'a response timeout over a day is refused': {
    resource: withFailover('{responseTimeout: 25h}'),
    refused: { at: 'spec.failover.responseTimeout', says: 'must be a duration of 1ms to 24h' },
  },
  'a drain timeout of 0 is refused': {
    resource: withFailover('{drainTimeout: 0s}'),
    refused: { at: 'spec.failover.drainTimeout', says: SHORT_TIME },
  },

  // Balancer and telemetry
  'a balancer without a type is refused': {
    resource: withSpec('balancer: {dedicated: {replicas: 2}}'),
    refused: { at: 'spec.balancer.type', says: 'is required', serverSays: 'Required value' },
  },
  'no balancer pods are refused': {
    resource: withSpec('balancer: {type: Dedicated, dedicated: {replicas: 0}}'),
    refused: { at: 'spec.balancer.dedicated.replicas', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'an access log that is not known is refused': {
    resource: withSpec('telemetry: {accessLog: Text}'),
    refused: { at: 'spec.telemetry.accessLog', says: 'must be None or JSON', serverSays: 'Unsupported value' },
  },
  'a response header that is no token is refused': {
    resource: withSpec('telemetry: {responseHeader: "X-A: b"}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must be an HTTP field name' },
  },
  'a response header that frames the message is refused in any case': {
    resource: withSpec('telemetry: {responseHeader: transfer-ENCODING}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must not be a field that frames the response' },
  },
  'a response header that describes the content is refused': {
    resource: withSpec('telemetry: {responseHeader: Content-Type}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must not be a field that frames the response' },
  },
};
