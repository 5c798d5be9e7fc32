import {
  type DefaultedBackend,
  type DefaultedBackendTls,
  type DefaultedHeartbeat,
  type DefaultedLimits,
  type DefaultedPortTls,
  type DefaultedSpec,
  withDefaults,
} from '../api/v1alpha1/defaults.ts';
import { parseDuration } from '../api/v1alpha1/duration.ts';
import { backendName, resourceName, SECRETS_DIRECTORY } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type {
  BackendConfig,
  BackendTlsConfig,
  BalancerConfig,
  CertificateFiles,
  EgressConfig,
  HeartbeatConfig,
  LimitsConfig,
  ListenerConfig,
  ListenerTlsConfig,
  ScheduleConfig,
  SecretFile,
} from '../model/config.ts';
import { bindPorts } from './bind-ports.ts';
import { ConfigError } from './errors.ts';

export interface ResolveOptions {
  /** `cluster`: the balancer binds ports that need no rights; `local`: the ports of the resource itself, unless moved. */
  readonly mode: 'cluster' | 'local';
  /** Local mode: port to bind by the name of the port in spec.ports; 0 lets the system choose. */
  readonly portOverrides?: ReadonlyMap<string, number>;
  /** Local mode: where the files of a Secret are, by its name. In a cluster they are mounted. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Where the balancer may connect to; anywhere unless given. */
  readonly egress?: EgressConfig;
}

/**
 * What a balancer runs with, of a resource that was validated. In both modes a backend of type Deployment is followed by the name of
 * its headless Service; local mode finds its own processes by the backend's name.
 * @throws ConfigError where an override names no port, or two listeners would bind the same one
 */
export function resolveConfig(resource: LoadBalancedService, options: ResolveOptions): BalancerConfig {
  const spec = withDefaults(resource);
  const name = resourceName(resource);
  return {
    formatVersion: 1,
    name,
    namespace: resource.metadata.namespace ?? 'default',
    uid: resource.metadata.uid ?? '',
    generation: resource.metadata.generation ?? 1,
    listeners: resolveListeners(spec, options),
    backends: spec.backends.map((backend) => resolveBackend(backend, name, options)),
    strategy: spec.strategy,
    heartbeat: resolveHeartbeat(spec.heartbeat),
    failover: {
      retryMethods: spec.failover.retryMethods,
      retryBudgetPercent: spec.failover.retryBudgetPercent,
      replayBufferBytes: spec.failover.replayBufferBytes,
      maxEjectedPercent: spec.failover.maxEjectedPercent,
      connectTimeoutMs: milliseconds(spec.failover.connectTimeout),
      responseTimeoutMs: milliseconds(spec.failover.responseTimeout),
      drainTimeoutMs: milliseconds(spec.failover.drainTimeout),
    },
    limits: resolveLimits(spec.limits),
    telemetry: spec.telemetry,
    egress: options.egress ?? null,
  };
}

function resolveListeners(spec: DefaultedSpec, options: ResolveOptions): ListenerConfig[] {
  const { mode, portOverrides = new Map() } = options;
  for (const name of portOverrides.keys()) {
    if (spec.ports.some((port) => port.name === name)) continue;
    const known = spec.ports.map((port) => port.name).join(', ');
    throw new ConfigError('ConfigPort', `there is no port named ${name}; spec.ports has ${known}`);
  }
  const mapped = bindPorts(spec.ports.map(({ port }) => port));
  const listeners = spec.ports.map((port) => ({
    name: port.name,
    port: port.port,
    bindPort: mode === 'cluster' ? (mapped.get(port.port) ?? port.port) : (portOverrides.get(port.name) ?? port.port),
    protocol: port.protocol,
    tls: port.tls && resolveListenerTls(port.tls, options),
    trustedProxies: port.trustedProxies,
    proxyProtocol: port.proxyProtocol,
    maxConnectionAgeMs: port.maxConnectionAge === null ? 0 : milliseconds(port.maxConnectionAge),
  }));
  rejectSharedPorts(listeners);
  return listeners;
}

function resolveListenerTls({ certificates, minVersion, clientCa }: DefaultedPortTls, options: ResolveOptions): ListenerTlsConfig {
  return {
    certificates: certificates.map((secret) => certificateFiles(secret, options)),
    minVersion,
    clientCa: clientCa === null ? null : authorityFile(clientCa, options),
  };
}

function resolveBackendTls({ ca, hostname, certificate }: DefaultedBackendTls, options: ResolveOptions): BackendTlsConfig {
  return {
    ca: authorityFile(ca, options),
    hostname,
    certificate: certificate === null ? null : certificateFiles(certificate, options),
  };
}

function certificateFiles(secret: string, options: ResolveOptions): CertificateFiles {
  const directory = secretDirectory(secret, options);
  return { secret, certificate: `${directory}/tls.crt`, key: `${directory}/tls.key` };
}

function authorityFile(secret: string, options: ResolveOptions): SecretFile {
  return { secret, file: `${secretDirectory(secret, options)}/ca.crt` };
}

function secretDirectory(secret: string, { secrets }: ResolveOptions): string {
  return secrets?.get(secret) ?? `${SECRETS_DIRECTORY}/${secret}`;
}

function rejectSharedPorts(listeners: readonly ListenerConfig[]): void {
  const names = new Map<number, string>();
  for (const { name, bindPort } of listeners) {
    const other = names.get(bindPort);
    if (other !== undefined && bindPort !== 0) {
      throw new ConfigError('ConfigPort', `the ports ${other} and ${name} would both listen on ${bindPort}`);
    }
    names.set(bindPort, name);
  }
}

function resolveBackend(backend: DefaultedBackend, resource: string, options: ResolveOptions): BackendConfig {
  const { name, protocol, weight, proxyProtocol, serverNames } = backend;
  const tls = backend.tls && resolveBackendTls(backend.tls, options);
  if (backend.type === 'Addresses') {
    const addresses = backend.addresses.map(({ host, port, portName, weight }) => ({ listener: portName, host, port, weight }));
    return { name, protocol, weight, tls, proxyProtocol, serverNames, source: { type: 'Addresses', addresses } };
  }
  const service = backend.type === 'Service' ? backend.serviceRef.name : backendName(resource, name);
  const ports = backend.ports.map((port) => ({ listener: port.name, port: port.port }));
  return {
    name,
    protocol,
    weight,
    tls,
    proxyProtocol,
    serverNames,
    source: { type: 'EndpointSlices', service, serverWeight: backend.serverWeight, ports },
  };
}

function resolveHeartbeat(heartbeat: DefaultedHeartbeat): HeartbeatConfig {
  return {
    check: heartbeat.check,
    schedule: resolveSchedule(heartbeat.schedule),
    timeoutMs: milliseconds(heartbeat.timeout),
    failureThreshold: heartbeat.failureThreshold,
    successThreshold: heartbeat.successThreshold,
    jitterPercent: heartbeat.jitterPercent,
  };
}

function resolveSchedule(schedule: DefaultedHeartbeat['schedule']): ScheduleConfig {
  if (schedule.type === 'Fixed') return { type: 'Fixed', intervalMs: milliseconds(schedule.interval) };
  const limits = { minIntervalMs: milliseconds(schedule.minInterval), maxIntervalMs: milliseconds(schedule.maxInterval) };
  return schedule.type === 'Budget'
    ? { type: 'Budget', checksPerSecond: schedule.checksPerSecond, ...limits }
    : { type: 'Measured', ...limits };
}

function resolveLimits(limits: DefaultedLimits): LimitsConfig {
  return {
    headerBytes: limits.headerBytes,
    headerCount: limits.headerCount,
    uriBytes: limits.uriBytes,
    bodyBytes: limits.bodyBytes ?? 0,
    connectionsPerPort: limits.connectionsPerPort,
    requestsPerConnection: limits.requestsPerConnection ?? 0,
    headerTimeoutMs: milliseconds(limits.headerTimeout),
    bodyTimeoutMs: milliseconds(limits.bodyTimeout),
    bodyProgressBytes: limits.bodyProgressBytes,
    idleTimeoutMs: milliseconds(limits.idleTimeout),
    writeTimeoutMs: milliseconds(limits.writeTimeout),
    requestTimeoutMs: limits.requestTimeout === null ? 0 : milliseconds(limits.requestTimeout),
    tunnelIdleTimeoutMs: milliseconds(limits.tunnelIdleTimeout),
    tunnelHalfOpenTimeoutMs: milliseconds(limits.tunnelHalfOpenTimeout),
    requestsPerServer: limits.requestsPerServer ?? 0,
    pendingRequests: limits.pendingRequests,
    pendingTimeoutMs: milliseconds(limits.pendingTimeout),
  };
}

function milliseconds(duration: string): number {
  const value = parseDuration(duration);
  if (value === null) throw new TypeError(`${duration} is not a duration`);
  return value;
}
