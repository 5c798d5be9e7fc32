import { isAddress, isPrefix } from '../api/v1alpha1/validation/ip.ts';
import type {
  AddressSource,
  BackendConfig,
  BackendTlsConfig,
  BalancerConfig,
  CertificateFiles,
  EgressConfig,
  EndpointSliceSource,
  FailoverConfig,
  GrpcCheckConfig,
  HeartbeatConfig,
  HttpCheckConfig,
  LimitsConfig,
  ListenerConfig,
  ListenerTlsConfig,
  ScheduleConfig,
  SecretFile,
  TcpCheckConfig,
  TelemetryConfig,
} from '../model/config.ts';
import { ConfigError } from './errors.ts';
import { either, fail, flag, list, nullable, number, object, oneOf, type Reader, text, union } from './reader.ts';

const FORMAT_VERSION = 1;

const port = number(1, 65_535);
const percent = number(0, 100);
const cidr: Reader<string> = (value, path) => (typeof value === 'string' && isPrefix(value) ? value : fail(path, 'a CIDR', value));
const ipAddress: Reader<string> = (value, path) =>
  typeof value === 'string' && isAddress(value) ? value : fail(path, 'an IP address', value);
const isNumber = (value: unknown) => typeof value === 'number';
const constant = <T extends string>(value: T): Reader<T> => oneOf(value);

const secretFile = object<SecretFile>({ secret: text, file: text });

const certificateFiles = object<CertificateFiles>({ secret: text, certificate: text, key: text });

const listenerTls = object<ListenerTlsConfig>({
  certificates: list(certificateFiles),
  minVersion: oneOf('1.2', '1.3'),
  clientCa: nullable(secretFile),
});

const listener = object<ListenerConfig>({
  name: text,
  port,
  bindPort: number(0, 65_535),
  protocol: oneOf('HTTP', 'HTTPS', 'TCP', 'TLS'),
  tls: nullable(listenerTls),
  trustedProxies: list(text),
  proxyProtocol: flag,
  maxConnectionAgeMs: number(0),
});

const backend = object<BackendConfig>({
  name: text,
  protocol: oneOf('HTTP1', 'HTTP2'),
  weight: nullable(number(0)),
  tls: nullable(object<BackendTlsConfig>({ ca: secretFile, hostname: text, certificate: nullable(certificateFiles) })),
  proxyProtocol: nullable(oneOf('V1', 'V2')),
  serverNames: list(text),
  source: union<EndpointSliceSource | AddressSource>({
    EndpointSlices: object<EndpointSliceSource>({
      type: constant('EndpointSlices'),
      service: text,
      serverWeight: number(1),
      ports: list(object({ listener: text, port: either(port, isNumber, text) })),
    }),
    Addresses: object<AddressSource>({
      type: constant('Addresses'),
      addresses: list(object({ listener: text, host: text, port, weight: number(1) })),
    }),
  }),
});

const heartbeat = object<HeartbeatConfig>({
  check: union<HttpCheckConfig | TcpCheckConfig | GrpcCheckConfig>({
    HTTP: object<HttpCheckConfig>({
      type: constant('HTTP'),
      path: text,
      port: nullable(port),
      host: nullable(text),
      headers: list(object({ name: text, value: text })),
      expectedStatuses: list(object({ start: number(100, 599), end: number(100, 599) })),
    }),
    TCP: object<TcpCheckConfig>({ type: constant('TCP'), port: nullable(port) }),
    GRPC: object<GrpcCheckConfig>({ type: constant('GRPC'), service: text, port: nullable(port) }),
  }),
  schedule: union<ScheduleConfig>({
    Fixed: object({ type: constant('Fixed'), intervalMs: number(1) }),
    Budget: object({ type: constant('Budget'), checksPerSecond: number(1), minIntervalMs: number(1), maxIntervalMs: number(1) }),
    Measured: object({ type: constant('Measured'), minIntervalMs: number(1), maxIntervalMs: number(1) }),
  }),
  timeoutMs: number(1),
  failureThreshold: number(1),
  successThreshold: number(1),
  jitterPercent: percent,
});

const failover = object<FailoverConfig>({
  retryMethods: oneOf('Safe', 'Idempotent', 'Keyed', 'None'),
  retryBudgetPercent: percent,
  replayBufferBytes: number(0),
  maxEjectedPercent: percent,
  connectTimeoutMs: number(1),
  responseTimeoutMs: number(1),
  drainTimeoutMs: number(1),
});

const limits = object<LimitsConfig>({
  headerBytes: number(1),
  headerCount: number(1),
  uriBytes: number(1),
  bodyBytes: number(0),
  connectionsPerPort: number(1),
  requestsPerConnection: number(0),
  headerTimeoutMs: number(1),
  bodyTimeoutMs: number(1),
  bodyProgressBytes: number(1),
  idleTimeoutMs: number(1),
  writeTimeoutMs: number(1),
  requestTimeoutMs: number(0),
  tunnelIdleTimeoutMs: number(1),
  tunnelHalfOpenTimeoutMs: number(1),
  requestsPerServer: number(0),
  pendingRequests: number(0),
  pendingTimeoutMs: number(1),
});

const egress = nullable(object<EgressConfig>({ allowedAddresses: list(cidr), apiServers: list(ipAddress) }));
/** Of a configuration from before there were rules: the strictest. */
const STRICT: EgressConfig = { allowedAddresses: [], apiServers: [] };

const config = object<Omit<BalancerConfig, 'formatVersion'>>({
  name: text,
  namespace: text,
  uid: text,
  generation: number(0),
  listeners: list(listener),
  backends: list(backend),
  strategy: oneOf('RoundRobin', 'Random', 'WeightedRoundRobin'),
  heartbeat,
  failover,
  limits,
  telemetry: object<TelemetryConfig>({ accessLog: oneOf('None', 'JSON'), responseHeader: nullable(text) }),
  egress: (value, path) => (value === undefined ? STRICT : egress(value, path)),
});

/**
 * Reads what an operator of whatever version has written for its balancers.
 * @throws ConfigError with code `ConfigFormat`, naming the field, where it is no JSON, of another version, or not of the right shape
 */
export function parseBalancerConfig(json: string): BalancerConfig {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ConfigError('ConfigFormat', `the configuration is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { formatVersion } = object<{ formatVersion: number }>({ formatVersion: number(1) })(value, '');
  if (formatVersion !== FORMAT_VERSION) {
    throw new ConfigError(
      'ConfigFormat',
      `the configuration has format version ${formatVersion}, and this balancer reads ${FORMAT_VERSION}: run operator and balancer of the same release`,
    );
  }
  return { formatVersion: FORMAT_VERSION, ...config(value, '') };
}
