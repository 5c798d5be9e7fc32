import { Balancer, type BalancerOptions } from '../../src/balancer/balancer.ts';
import type {
  BackendConfig,
  BalancerConfig,
  FailoverConfig,
  HeartbeatConfig,
  HttpCheckConfig,
  LimitsConfig,
  ListenerConfig,
} from '../../src/model/config.ts';
import { type Endpoint, endpointId } from '../../src/model/endpoint.ts';
import type { BalancerReportBody } from '../../src/model/report.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

export interface ConfigChanges extends Partial<Omit<BalancerConfig, 'heartbeat' | 'failover' | 'limits' | 'listeners'>> {
  readonly heartbeat?: Partial<HeartbeatConfig>;
  readonly failover?: Partial<FailoverConfig>;
  readonly limits?: Partial<LimitsConfig>;
  readonly listeners?: readonly Partial<ListenerConfig>[];
}

/** A configuration with one HTTP listener `http` on any free port and one backend `fixed`, with `changes` on top. */
export function balancerConfig(changes: ConfigChanges = {}): BalancerConfig {
  return {
    formatVersion: 1,
    name: 'shop',
    namespace: 'default',
    uid: 'b4b0a3a2-0c2d-4f5e-9f58-0e9a4b0f0001',
    generation: 1,
    backends: [backendConfig()],
    strategy: 'RoundRobin',
    telemetry: { accessLog: 'None', responseHeader: null },
    egress: null,
    ...changes,
    listeners: (changes.listeners ?? [{}]).map((listener) => ({
      name: 'http',
      port: 80,
      bindPort: 0,
      protocol: 'HTTP',
      tls: null,
      trustedProxies: [],
      proxyProtocol: false,
      maxConnectionAgeMs: 0,
      ...listener,
    })),
    heartbeat: {
      check: { type: 'TCP', port: null },
      schedule: { type: 'Fixed', intervalMs: 200 },
      timeoutMs: 200,
      failureThreshold: 2,
      successThreshold: 2,
      jitterPercent: 10,
      ...changes.heartbeat,
    },
    failover: {
      retryMethods: 'Safe',
      retryBudgetPercent: 20,
      replayBufferBytes: 65_536,
      maxEjectedPercent: 50,
      connectTimeoutMs: 1_000,
      responseTimeoutMs: 30_000,
      drainTimeoutMs: 30_000,
      ...changes.failover,
    },
    limits: {
      headerBytes: 32_768,
      headerCount: 128,
      uriBytes: 16_384,
      bodyBytes: 0,
      connectionsPerPort: 20_000,
      requestsPerConnection: 0,
      headerTimeoutMs: 10_000,
      bodyTimeoutMs: 30_000,
      bodyProgressBytes: 1_024,
      idleTimeoutMs: 75_000,
      writeTimeoutMs: 30_000,
      requestTimeoutMs: 0,
      tunnelIdleTimeoutMs: 3_600_000,
      tunnelHalfOpenTimeoutMs: 60_000,
      requestsPerServer: 0,
      pendingRequests: 1_024,
      pendingTimeoutMs: 1_000,
      ...changes.limits,
    },
  };
}

/** The backend `fixed`, whose servers are given by address and yet to be told, with `changes` on top. */
export function backendConfig(changes: Partial<BackendConfig> = {}): BackendConfig {
  return {
    name: 'fixed',
    protocol: 'HTTP1',
    weight: null,
    tls: null,
    proxyProtocol: null,
    serverNames: [],
    source: { type: 'Addresses', addresses: [] },
    ...changes,
  };
}

/** Heartbeats are `GET /healthz` to the endpoint itself, with `changes` on top. */
export function httpCheck(changes: Partial<HttpCheckConfig> = {}): HttpCheckConfig {
  return {
    type: 'HTTP',
    path: '/healthz',
    port: null,
    host: null,
    headers: [],
    expectedStatuses: [{ start: 200, end: 299 }],
    ...changes,
  };
}

/** The endpoint of a server on a port of this machine. */
export function endpointAt(port: number, changes: Partial<Endpoint> = {}): Endpoint {
  const host = '127.0.0.1';
  return { id: endpointId(host, port), host, port, backend: 'fixed', portName: 'http', weight: 1, lifecycle: 'Ready', ...changes };
}

export interface StartedBalancer {
  readonly balancer: Balancer;
  /** Port of the listener `http`. */
  readonly port: number;
  /** The newest report; undefined before the first. */
  readonly report: () => BalancerReportBody | undefined;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A whole balancer on free ports of 127.0.0.1, in front of servers on `serverPorts`. Use with `await using`. */
export async function startBalancer(
  serverPorts: readonly number[],
  config: BalancerConfig = balancerConfig(),
  options: Partial<BalancerOptions> = {},
): Promise<StartedBalancer> {
  let report: BalancerReportBody | undefined;
  const balancer = new Balancer({
    sink: {
      publish: (body) => {
        report = body;
      },
      close: async () => {},
    },
    logger: silentLogger,
    clock: () => performance.now(),
    random: Math.random,
    address: '127.0.0.1',
    adminPort: null,
    reportIntervalMs: 1_000,
    ...options,
  });
  await balancer.start();
  balancer.applyConfig(config);
  const portName = config.listeners[0]?.name ?? 'http';
  balancer.applyEndpoints(
    serverPorts.map((port) => endpointAt(port, { portName })),
    false,
  );
  await balancer.listening().catch(async (error: unknown) => {
    await balancer.close();
    throw error;
  });
  return { balancer, port: balancer.port(portName), report: () => report, [Symbol.asyncDispose]: () => balancer.close() };
}

/** evenkeel_failures_total of the listener `http`, by reason. */
export function failures({ balancer }: StartedBalancer): Record<string, number> {
  const found = balancer.metrics().matchAll(/^evenkeel_failures_total\{listener="http",reason="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, reason = '', count]) => [reason, Number(count)]));
}

/** Connections of clients at the listener `http`. */
export function clientConnections({ balancer }: StartedBalancer): number {
  return Number(/^evenkeel_client_connections\{listener="http"\} (\d+)$/m.exec(balancer.metrics())?.[1]);
}

/** Requests at the listener `http` that wait for a server. */
export function pending({ balancer }: StartedBalancer): number {
  return Number(/^evenkeel_pending_requests\{listener="http"\} (\d+)$/m.exec(balancer.metrics())?.[1]);
}
