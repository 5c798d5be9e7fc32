import { parseDuration } from './duration.ts';
import { clientServiceName } from './names.ts';
import type {
  Backend,
  BackendDeployment,
  BackendTls,
  ClientService,
  Failover,
  Heartbeat,
  Limits,
  LoadBalancedService,
  PodTemplateOverlay,
  Port,
  PortTls,
  Schedule,
} from './types.ts';

/** Balancers of a resource that does not say how many, until somebody else (an autoscaler) does. */
export const INITIAL_BALANCERS = 2;

/**
 * The default of every field of v1alpha1 that has a fixed one, by its path. Frozen: what a stored resource means never changes.
 * Nothing of this is written into the resource (a default inside a list item would show it out of sync for ever).
 */
export const DEFAULTS = {
  'spec.suspend': false,
  'spec.service.type': 'ClusterIP',
  'spec.service.adoption': 'Never',
  'spec.service.deletion': 'Delete',
  'spec.ports[].protocol': 'HTTP',
  'spec.backends[].protocol': 'HTTP1',
  'spec.ports[].tls.minVersion': '1.2',
  'spec.ports[].proxyProtocol': false,
  'spec.backends[].serverWeight': 1,
  'spec.backends[].addresses[].weight': 1,
  'spec.strategy.type': 'RoundRobin',
  'spec.heartbeat.type': 'TCP',
  'spec.heartbeat.http.path': '/healthz',
  'spec.heartbeat.schedule.fixed.interval': '1s',
  'spec.heartbeat.schedule.budget.minInterval': '200ms',
  'spec.heartbeat.schedule.budget.maxInterval': '10s',
  'spec.heartbeat.schedule.measured.minInterval': '200ms',
  'spec.heartbeat.schedule.measured.maxInterval': '10s',
  'spec.heartbeat.timeout': '500ms',
  'spec.heartbeat.failureThreshold': 2,
  'spec.heartbeat.successThreshold': 2,
  'spec.heartbeat.jitterPercent': 10,
  'spec.failover.retryMethods': 'Safe',
  'spec.failover.retryBudgetPercent': 20,
  'spec.failover.replayBufferBytes': 65_536,
  'spec.failover.maxEjectedPercent': 50,
  'spec.failover.connectTimeout': '500ms',
  'spec.failover.responseTimeout': '60s',
  'spec.failover.drainTimeout': '30s',
  'spec.limits.headerBytes': 32_768,
  'spec.limits.headerCount': 128,
  'spec.limits.uriBytes': 16_384,
  'spec.limits.connectionsPerPort': 20_000,
  'spec.limits.headerTimeout': '10s',
  'spec.limits.bodyTimeout': '30s',
  'spec.limits.bodyProgressBytes': 1_024,
  'spec.limits.idleTimeout': '75s',
  'spec.limits.writeTimeout': '30s',
  'spec.limits.tunnelIdleTimeout': '1h',
  'spec.limits.tunnelHalfOpenTimeout': '60s',
  'spec.limits.pendingRequests': 1_024,
  'spec.limits.pendingTimeout': '1s',
  'spec.balancer.dedicated.workers': 1,
  'spec.telemetry.accessLog': 'None',
} as const;

const EXPECTED_STATUSES = [{ start: 200, end: 399 }] as const;

/** A spec with every default filled in; null: not given, and without a default. Durations stay as written. */
export interface DefaultedSpec {
  readonly suspend: boolean;
  readonly service: Required<ClientService>;
  readonly ports: readonly DefaultedPort[];
  readonly backends: readonly DefaultedBackend[];
  readonly strategy: 'RoundRobin' | 'Random' | 'WeightedRoundRobin';
  readonly heartbeat: DefaultedHeartbeat;
  readonly failover: Required<Failover>;
  readonly limits: DefaultedLimits;
  readonly balancer: {
    readonly type: 'Dedicated';
    /** Undefined: the live number, and INITIAL_BALANCERS at first. */
    readonly replicas: number | undefined;
    readonly workers: number;
    readonly template: PodTemplateOverlay;
  };
  readonly telemetry: { readonly accessLog: 'None' | 'JSON'; readonly responseHeader: string | null };
}

export interface DefaultedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  readonly tls: DefaultedPortTls | null;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  readonly maxConnectionAge: string | null;
}

/** Secrets by their names. */
export interface DefaultedPortTls {
  readonly certificates: readonly string[];
  readonly minVersion: '1.2' | '1.3';
  readonly clientCa: string | null;
}

interface BackendBase {
  readonly name: string;
  readonly protocol: 'HTTP1' | 'HTTP2';
  /** Null where no backend of the resource gives a weight. */
  readonly weight: number | null;
  readonly tls: DefaultedBackendTls | null;
  readonly proxyProtocol: 'V1' | 'V2' | null;
  /** In lower case. */
  readonly serverNames: readonly string[];
}

/** Secrets by their names. */
export interface DefaultedBackendTls {
  readonly ca: string;
  readonly hostname: string;
  readonly certificate: string | null;
}

/** `name`: that of a port in spec.ports. */
interface ServerPort<P> {
  readonly name: string;
  readonly port: P;
}

export interface DeploymentBackend extends BackendBase {
  readonly type: 'Deployment';
  readonly serverWeight: number;
  readonly ports: readonly ServerPort<number>[];
  readonly deployment: BackendDeployment;
}

export interface ServiceBackend extends BackendBase {
  readonly type: 'Service';
  readonly serverWeight: number;
  readonly ports: readonly ServerPort<number | string>[];
  readonly serviceRef: { readonly name: string };
}

export interface AddressesBackend extends BackendBase {
  readonly type: 'Addresses';
  readonly addresses: readonly { readonly host: string; readonly port: number; readonly portName: string; readonly weight: number }[];
}

export type DefaultedBackend = DeploymentBackend | ServiceBackend | AddressesBackend;

export interface DefaultedHeartbeat {
  readonly check:
    | {
        readonly type: 'HTTP';
        readonly path: string;
        readonly port: number | null;
        readonly host: string | null;
        readonly headers: readonly { readonly name: string; readonly value: string }[];
        readonly expectedStatuses: readonly { readonly start: number; readonly end: number }[];
      }
    | { readonly type: 'GRPC'; readonly service: string; readonly port: number | null }
    | { readonly type: 'TCP'; readonly port: number | null };
  readonly schedule:
    | { readonly type: 'Fixed'; readonly interval: string }
    | { readonly type: 'Budget'; readonly checksPerSecond: number; readonly minInterval: string; readonly maxInterval: string }
    | { readonly type: 'Measured'; readonly minInterval: string; readonly maxInterval: string };
  readonly timeout: string;
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly jitterPercent: number;
}

type OffByDefault = 'bodyBytes' | 'requestsPerConnection' | 'requestTimeout' | 'requestsPerServer';

/** Null: no limit. */
export type DefaultedLimits = Required<Omit<Limits, OffByDefault>> & { readonly [K in OffByDefault]: Required<Limits>[K] | null };

/** `resource` must be valid: what the CRD's rules exclude gives a TypeError here. */
export function withDefaults(resource: LoadBalancedService): DefaultedSpec {
  const { spec } = resource;
  const weighted = spec.backends.some((backend) => backend.weight !== undefined);
  return {
    suspend: spec.suspend ?? DEFAULTS['spec.suspend'],
    service: {
      name: clientServiceName(resource),
      type: spec.service?.type ?? DEFAULTS['spec.service.type'],
      adoption: spec.service?.adoption ?? DEFAULTS['spec.service.adoption'],
      deletion: spec.service?.deletion ?? DEFAULTS['spec.service.deletion'],
    },
    ports: spec.ports.map(portWithDefaults),
    backends: spec.backends.map((backend) => backendWithDefaults(backend, weighted, spec.ports)),
    strategy: spec.strategy?.type ?? DEFAULTS['spec.strategy.type'],
    heartbeat: heartbeatWithDefaults(spec.heartbeat ?? {}),
    failover: failoverWithDefaults(spec.failover ?? {}),
    limits: limitsWithDefaults(spec.limits ?? {}),
    balancer: {
      type: 'Dedicated',
      replicas: spec.balancer?.dedicated?.replicas,
      workers: spec.balancer?.dedicated?.workers ?? DEFAULTS['spec.balancer.dedicated.workers'],
      template: spec.balancer?.dedicated?.template ?? {},
    },
    telemetry: {
      accessLog: spec.telemetry?.accessLog ?? DEFAULTS['spec.telemetry.accessLog'],
      responseHeader: spec.telemetry?.responseHeader ?? null,
    },
  };
}

function portWithDefaults(port: Port): DefaultedPort {
  return {
    name: port.name,
    port: port.port,
    protocol: port.protocol ?? DEFAULTS['spec.ports[].protocol'],
    tls: port.tls ? tlsWithDefaults(port.tls) : null,
    trustedProxies: port.trustedProxies ?? [],
    proxyProtocol: port.proxyProtocol ?? DEFAULTS['spec.ports[].proxyProtocol'],
    maxConnectionAge: port.maxConnectionAge ?? null,
  };
}

function tlsWithDefaults({ certificateRefs, minVersion, clientValidation }: PortTls): DefaultedPortTls {
  return {
    certificates: certificateRefs.map(({ name }) => name),
    minVersion: minVersion ?? DEFAULTS['spec.ports[].tls.minVersion'],
    clientCa: clientValidation?.caCertificateRef.name ?? null,
  };
}

function backendWithDefaults(backend: Backend, weighted: boolean, ports: readonly Port[]): DefaultedBackend {
  const base: BackendBase = {
    name: backend.name,
    protocol: backend.protocol ?? DEFAULTS['spec.backends[].protocol'],
    weight: weighted ? (backend.weight ?? 1) : null,
    tls: backend.tls ? backendTls(backend.tls) : null,
    proxyProtocol: backend.proxyProtocol ?? null,
    serverNames: (backend.serverNames ?? []).map((name) => name.toLowerCase()),
  };
  const serverWeight = backend.serverWeight ?? DEFAULTS['spec.backends[].serverWeight'];
  const portName = (name: string | undefined) => name ?? member(ports[0]?.name, backend, 'ports');
  switch (backend.type) {
    case 'Deployment':
      return {
        ...base,
        type: 'Deployment',
        serverWeight,
        ports: (backend.ports ?? []).map(({ name, port }) => ({ name: portName(name), port: Number(port) })),
        deployment: member(backend.deployment, backend, 'deployment'),
      };
    case 'Service':
      return {
        ...base,
        type: 'Service',
        serverWeight,
        ports: (backend.ports ?? []).map(({ name, port }) => ({ name: portName(name), port })),
        serviceRef: member(backend.serviceRef, backend, 'serviceRef'),
      };
    case 'Addresses':
      return {
        ...base,
        type: 'Addresses',
        addresses: member(backend.addresses, backend, 'addresses').map((address) => ({
          host: address.host,
          port: address.port,
          portName: portName(address.portName),
          weight: address.weight ?? DEFAULTS['spec.backends[].addresses[].weight'],
        })),
      };
  }
}

function backendTls({ caCertificateRef, hostname, certificateRef }: BackendTls): DefaultedBackendTls {
  return { ca: caCertificateRef.name, hostname, certificate: certificateRef?.name ?? null };
}

function member<T>(value: T | undefined, backend: Backend, name: string): T {
  if (value === undefined) throw new TypeError(`backend ${backend.name} of type ${backend.type} has no ${name}`);
  return value;
}

function heartbeatWithDefaults(heartbeat: Heartbeat): DefaultedHeartbeat {
  const schedule = scheduleWithDefaults(heartbeat.schedule);
  return {
    check: checkWithDefaults(heartbeat),
    schedule,
    timeout: heartbeat.timeout ?? defaultTimeout(schedule),
    failureThreshold: heartbeat.failureThreshold ?? DEFAULTS['spec.heartbeat.failureThreshold'],
    successThreshold: heartbeat.successThreshold ?? DEFAULTS['spec.heartbeat.successThreshold'],
    jitterPercent: heartbeat.jitterPercent ?? DEFAULTS['spec.heartbeat.jitterPercent'],
  };
}

/** A short fixed interval alone is a whole and valid setting, so the default timeout gives way to it. */
function defaultTimeout(schedule: DefaultedHeartbeat['schedule']): string {
  const timeout = DEFAULTS['spec.heartbeat.timeout'];
  if (schedule.type !== 'Fixed') return timeout;
  return (parseDuration(schedule.interval) ?? 0) < (parseDuration(timeout) ?? 0) ? schedule.interval : timeout;
}

function checkWithDefaults({ type, http, tcp, grpc }: Heartbeat): DefaultedHeartbeat['check'] {
  if (type === 'GRPC') {
    return { type, service: grpc?.service ?? '', port: grpc?.port ?? null };
  }
  if ((type ?? DEFAULTS['spec.heartbeat.type']) === 'TCP') return { type: 'TCP', port: tcp?.port ?? null };
  return {
    type: 'HTTP',
    path: http?.path ?? DEFAULTS['spec.heartbeat.http.path'],
    port: http?.port ?? null,
    host: http?.host ?? null,
    headers: http?.headers ?? [],
    expectedStatuses: http?.expectedStatuses ?? EXPECTED_STATUSES,
  };
}

function scheduleWithDefaults(schedule: Schedule | undefined): DefaultedHeartbeat['schedule'] {
  switch (schedule?.type) {
    case 'Budget':
      if (!schedule.budget) throw new TypeError('a schedule of type Budget has no budget');
      return {
        type: 'Budget',
        checksPerSecond: schedule.budget.checksPerSecond,
        minInterval: schedule.budget.minInterval ?? DEFAULTS['spec.heartbeat.schedule.budget.minInterval'],
        maxInterval: schedule.budget.maxInterval ?? DEFAULTS['spec.heartbeat.schedule.budget.maxInterval'],
      };
    case 'Measured':
      return {
        type: 'Measured',
        minInterval: schedule.measured?.minInterval ?? DEFAULTS['spec.heartbeat.schedule.measured.minInterval'],
        maxInterval: schedule.measured?.maxInterval ?? DEFAULTS['spec.heartbeat.schedule.measured.maxInterval'],
      };
    default:
      return { type: 'Fixed', interval: schedule?.fixed?.interval ?? DEFAULTS['spec.heartbeat.schedule.fixed.interval'] };
  }
}

function failoverWithDefaults(failover: Failover): Required<Failover> {
  return {
    retryMethods: failover.retryMethods ?? DEFAULTS['spec.failover.retryMethods'],
    retryBudgetPercent: failover.retryBudgetPercent ?? DEFAULTS['spec.failover.retryBudgetPercent'],
    replayBufferBytes: failover.replayBufferBytes ?? DEFAULTS['spec.failover.replayBufferBytes'],
    maxEjectedPercent: failover.maxEjectedPercent ?? DEFAULTS['spec.failover.maxEjectedPercent'],
    connectTimeout: failover.connectTimeout ?? DEFAULTS['spec.failover.connectTimeout'],
    responseTimeout: failover.responseTimeout ?? DEFAULTS['spec.failover.responseTimeout'],
    drainTimeout: failover.drainTimeout ?? DEFAULTS['spec.failover.drainTimeout'],
  };
}

function limitsWithDefaults(limits: Limits): DefaultedLimits {
  return {
    headerBytes: limits.headerBytes ?? DEFAULTS['spec.limits.headerBytes'],
    headerCount: limits.headerCount ?? DEFAULTS['spec.limits.headerCount'],
    uriBytes: limits.uriBytes ?? DEFAULTS['spec.limits.uriBytes'],
    bodyBytes: limits.bodyBytes ?? null,
    connectionsPerPort: limits.connectionsPerPort ?? DEFAULTS['spec.limits.connectionsPerPort'],
    requestsPerConnection: limits.requestsPerConnection ?? null,
    headerTimeout: limits.headerTimeout ?? DEFAULTS['spec.limits.headerTimeout'],
    bodyTimeout: limits.bodyTimeout ?? DEFAULTS['spec.limits.bodyTimeout'],
    bodyProgressBytes: limits.bodyProgressBytes ?? DEFAULTS['spec.limits.bodyProgressBytes'],
    idleTimeout: limits.idleTimeout ?? DEFAULTS['spec.limits.idleTimeout'],
    writeTimeout: limits.writeTimeout ?? DEFAULTS['spec.limits.writeTimeout'],
    requestTimeout: limits.requestTimeout ?? null,
    tunnelIdleTimeout: limits.tunnelIdleTimeout ?? DEFAULTS['spec.limits.tunnelIdleTimeout'],
    tunnelHalfOpenTimeout: limits.tunnelHalfOpenTimeout ?? DEFAULTS['spec.limits.tunnelHalfOpenTimeout'],
    requestsPerServer: limits.requestsPerServer ?? null,
    pendingRequests: limits.pendingRequests ?? DEFAULTS['spec.limits.pendingRequests'],
    pendingTimeout: limits.pendingTimeout ?? DEFAULTS['spec.limits.pendingTimeout'],
  };
}
