/**
 * The resolved configuration of a balancer: everything validated, every default filled in, every duration in milliseconds.
 * The operator writes it into a ConfigMap as JSON; `evenkeel run` hands it over in memory. A balancer never guesses.
 */
export interface BalancerConfig {
  /** Version of this format. A balancer refuses a version that it does not know and keeps its last good configuration. */
  readonly formatVersion: 1;
  readonly name: string;
  readonly namespace: string;
  /** `metadata.uid` and `metadata.generation` of the LoadBalancedService that this was resolved from. */
  readonly uid: string;
  readonly generation: number;
  readonly listeners: readonly ListenerConfig[];
  readonly backends: readonly BackendConfig[];
  readonly strategy: StrategyType;
  readonly heartbeat: HeartbeatConfig;
  readonly failover: FailoverConfig;
  readonly limits: LimitsConfig;
  readonly telemetry: TelemetryConfig;
  /** Null: anywhere (local mode). */
  readonly egress: EgressConfig | null;
}

/** Where a balancer may connect to. What is forbidden to every balancer in a cluster is not listed. */
export interface EgressConfig {
  /** CIDRs in which servers that are given by address must lie. */
  readonly allowedAddresses: readonly string[];
  /** IP addresses of the API server, to none of which is connected as a server. */
  readonly apiServers: readonly string[];
}

export type StrategyType = 'RoundRobin' | 'Random' | 'WeightedRoundRobin';

export interface ListenerConfig {
  /** Name of the port in `spec.ports`. */
  readonly name: string;
  /** The port that clients know: the Service's. */
  readonly port: number;
  /** The port that the balancer's process binds: 1024 or more in a cluster; `port` itself in local mode unless moved. */
  readonly bindPort: number;
  /** TLS: it is passed on as it is, to the backends of the host that a client asks for. */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  /** Of protocol HTTPS, and of no other. */
  readonly tls: ListenerTlsConfig | null;
  /** CIDRs of proxies in front whose X-Forwarded-* and Forwarded are appended to, not replaced. */
  readonly trustedProxies: readonly string[];
  /** Each connection begins with a PROXY header that says whose it is. */
  readonly proxyProtocol: boolean;
  /** A client connection older than this is closed politely after its current response; jittered by 10 %; 0: never. */
  readonly maxConnectionAgeMs: number;
}

/** What a server speaks. `HTTP2`: without TLS by prior knowledge, over it by ALPN. */
export type ServerProtocol = 'HTTP1' | 'HTTP2';
export interface ListenerTlsConfig {
  /** One at least. Picked by SNI; the first is for clients that ask for no name, or for none that there is. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: '1.2' | '1.3';
  /** Each client must show a certificate that these authorities have signed; null: none is asked for. */
  readonly clientCa: SecretFile | null;
}

export interface BackendTlsConfig {
  /** Whom the certificates of servers must be signed by. */
  readonly ca: SecretFile;
  /** What they must be for; also what is asked for (SNI). */
  readonly hostname: string;
  /** What is shown to servers that ask for a certificate. */
  readonly certificate: CertificateFiles | null;
}

/** Files in PEM of a Secret of type kubernetes.io/tls. They may be missing, and change at any time. */
export interface CertificateFiles {
  readonly secret: string;
  readonly certificate: string;
  readonly key: string;
}

export interface SecretFile {
  readonly secret: string;
  readonly file: string;
}

export interface BackendConfig {
  readonly name: string;
  /** What its servers speak with listeners of HTTP; listeners of TCP do not ask. */
  readonly protocol: ServerProtocol;
  /** Share of the traffic that the whole backend gets; null where no backend of the resource gives one: all servers alike. 0: none. */
  readonly weight: number | null;
  /** Null: clear text is spoken with its servers. */
  readonly tls: BackendTlsConfig | null;
  /** Each connection to a server begins with a PROXY header of this version; null: with none. */
  readonly proxyProtocol: 'V1' | 'V2' | null;
  /** Hosts that clients of listeners of TLS ask for (see ServerNameRoutes), in lower case. */
  readonly serverNames: readonly string[];
  readonly source: EndpointSliceSource | AddressSource;
}

/** Endpoints followed from the EndpointSlices of a Service. */
export interface EndpointSliceSource {
  readonly type: 'EndpointSlices';
  readonly service: string;
  /** Weight of each server within the backend. */
  readonly serverWeight: number;
  /** How a listener's port is found in a slice: by number, or by the slice's port name. */
  readonly ports: readonly { readonly listener: string; readonly port: number | string }[];
}

/** Endpoints that are given, once and for all. */
export interface AddressSource {
  readonly type: 'Addresses';
  readonly addresses: readonly { readonly listener: string; readonly host: string; readonly port: number; readonly weight: number }[];
}

export interface HeartbeatConfig {
  readonly check: HttpCheckConfig | TcpCheckConfig | GrpcCheckConfig;
  readonly schedule: ScheduleConfig;
  readonly timeoutMs: number;
  /** Misses in a row that make an endpoint Unhealthy; 1 or more. */
  readonly failureThreshold: number;
  /** Answers in a row that make it Healthy again; 1 or more. */
  readonly successThreshold: number;
  /** Each wait is drawn from interval x (1 ± this / 100). */
  readonly jitterPercent: number;
}

export interface HttpCheckConfig {
  readonly type: 'HTTP';
  readonly path: string;
  /** Instead of the endpoint's own port; null: its own. */
  readonly port: number | null;
  /** The Host header; null: the endpoint's host and port. */
  readonly host: string | null;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Inclusive ranges of status codes that count as an answer. */
  readonly expectedStatuses: readonly { readonly start: number; readonly end: number }[];
}

/** grpc.health.v1. */
export interface GrpcCheckConfig {
  readonly type: 'GRPC';
  /** Asked for by name; empty: the server as a whole. */
  readonly service: string;
  readonly port: number | null;
}

export interface TcpCheckConfig {
  readonly type: 'TCP';
  readonly port: number | null;
}

/** T = N / R. T: interval in seconds, N: servers under heartbeat, R: heartbeat responses per second. */
export type ScheduleConfig =
  | { readonly type: 'Fixed'; readonly intervalMs: number }
  | { readonly type: 'Budget'; readonly checksPerSecond: number; readonly minIntervalMs: number; readonly maxIntervalMs: number }
  | { readonly type: 'Measured'; readonly minIntervalMs: number; readonly maxIntervalMs: number };

export type RetryMethods = 'Safe' | 'Idempotent' | 'Keyed' | 'None';

export interface FailoverConfig {
  readonly retryMethods: RetryMethods;
  /** Retries may be this share of the requests of the last seconds, with a floor of 10 a second. */
  readonly retryBudgetPercent: number;
  /** A request body that fits is kept, so that the request can be sent again; per exchange. */
  readonly replayBufferBytes: number;
  /** At most this share of a backend's endpoints is out for its traffic alone (missed heartbeats count in full). */
  readonly maxEjectedPercent: number;
  readonly connectTimeoutMs: number;
  /** Without any byte from the server for this long, an attempt ends in 504. */
  readonly responseTimeoutMs: number;
  /** How long a Draining endpoint's requests may go on. */
  readonly drainTimeoutMs: number;
}

/** What clients may take up, and servers be given. 0: no limit, where it says so. */
export interface LimitsConfig {
  /** Of a request head, in bytes with its request line: over it 431. */
  readonly headerBytes: number;
  /** Field lines of a request head: over it 431. */
  readonly headerCount: number;
  /** Of a request's target: over it 414. */
  readonly uriBytes: number;
  /** Of a request's body: over it 413. 0: no limit. */
  readonly bodyBytes: number;
  /** Open client connections of one listener; a further one is closed at once. */
  readonly connectionsPerPort: number;
  /** After so many a client connection is closed politely. 0: no limit. */
  readonly requestsPerConnection: number;
  /** From the first byte of a request head to its last; over it: 408. */
  readonly headerTimeoutMs: number;
  /** In any such time at least `bodyProgressBytes` of a request body, or its end, must come, while it is read at all; else: 408. */
  readonly bodyTimeoutMs: number;
  readonly bodyProgressBytes: number;
  /** Between requests. */
  readonly idleTimeoutMs: number;
  /** While the client takes none of what we have for it. */
  readonly writeTimeoutMs: number;
  /** From a request's head to the end of its response; over it: 504, or a cut. 0: no limit. */
  readonly requestTimeoutMs: number;
  /** Without a byte either way: upgraded and TCP connections. */
  readonly tunnelIdleTimeoutMs: number;
  /** The same, when one side has ended its half. */
  readonly tunnelHalfOpenTimeoutMs: number;
  /** Requests (connections of a TCP port) in flight to one server; when all have as many, further ones wait. 0: no limit. */
  readonly requestsPerServer: number;
  /** Requests of one listener that may wait for a server; over it: 503. */
  readonly pendingRequests: number;
  /** For how long one may wait; over it: 503. */
  readonly pendingTimeoutMs: number;
}

export interface TelemetryConfig {
  /** `JSON`: one line on standard output for each exchange. */
  readonly accessLog: 'None' | 'JSON';
  /** Name of a response header that tells the endpoint and the number of attempts; null: none is added. */
  readonly responseHeader: string | null;
}
