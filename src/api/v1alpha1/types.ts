// Generated from crds/ by scripts/generate.ts (npm run generate). Do not edit.
import type { ObjectMeta } from '../meta.ts';

/**
 * A microservice with a cluster of servers and a balancer in front of them. Servers answer heartbeats; one that stops answering is taken out, the requests that it held are rescued where that is safe, and it is put back when it answers again.
 */
export interface LoadBalancedService {
  apiVersion: 'evenkeel.dev/v1alpha1';
  kind: 'LoadBalancedService';
  metadata: ObjectMeta;
  spec: LoadBalancedServiceSpec;
  status?: LoadBalancedServiceStatus;
}
/**
 * What is wanted of ports, servers, balancing, heartbeats and failover. Only ports and backends have to be given.
 */
export interface LoadBalancedServiceSpec {
  /**
   * With true the operator changes nothing that belongs to this resource; traffic, heartbeats and failover go on. Default false.
   */
  suspend?: boolean;
  service?: ClientService;
  /**
   * Ports that clients connect to. 1 to 16.
   */
  ports: Port[];
  /**
   * Groups of servers that requests are balanced over. 1 to 16. Where no backend gives a weight, all servers of all backends are alike.
   */
  backends: Backend[];
  /**
   * How a server is picked within a backend.
   */
  strategy?: {
    /**
     * RoundRobin takes each server in turn; Random takes each as likely; WeightedRoundRobin takes each in turn in proportion to its own weight (serverWeight, or weight of an address), smoothly interleaved. Default RoundRobin.
     */
    type?: 'RoundRobin' | 'Random' | 'WeightedRoundRobin';
  };
  heartbeat?: Heartbeat;
  failover?: Failover;
  limits?: Limits;
  /**
   * The balancer in front of the servers.
   */
  balancer?: {
    /**
     * Dedicated is a Deployment of balancers for this resource alone.
     */
    type: 'Dedicated';
    /**
     * Settings of type Dedicated.
     */
    dedicated?: {
      /**
       * Number of balancer pods, 1 to 100. Each decides for itself. Left out, the live number stays, so that an autoscaler can own it (2 at first). Default is the live number.
       */
      replicas?: number;
      /**
       * Processes that take the requests of one balancer and share its ports, 1 to 16. With 1, the balancer takes them itself, on one core. With more, each of them has a core and takes about 57 MB, beside the balancer that leads them. Heartbeats and the view of health are the balancer's, once for all workers. limits.connectionsPerPort, requestsPerServer and pendingRequests are shared out among them, RoundRobin is exact within each. A change replaces the balancer pods, one after the other. Default 1.
       */
      workers?: number;
      template?: PodTemplateOverlay;
    };
  };
  /**
   * What the balancer tells of each request.
   */
  telemetry?: {
    /**
     * JSON writes one line for each request to standard output. Default None.
     */
    accessLog?: 'None' | 'JSON';
    /**
     * Name of a header field that is added to each response and tells the endpoint and the number of attempts; in an answer of the balancer's own, the endpoint of the last attempt (or a hyphen) and why, as in evenkeel_failures_total. An HTTP token. Default is none.
     */
    responseHeader?: string;
  };
}
/**
 * The Service that clients use.
 */
export interface ClientService {
  /**
   * Name of the Service. A DNS-1035 label without two hyphens in a row. Default is the name of the resource.
   */
  name?: string;
  /**
   * Type of the Service. ClusterIP is reached from inside the cluster, NodePort also on a port of each node, LoadBalancer also through the load balancer of the cluster's provider. Default ClusterIP.
   */
  type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /**
   * What happens to a Service of that name that is there already. IfUnowned takes it over where no other object owns it, with its addresses and the names of its ports, as soon as every balancer can take its clients; Never leaves it alone and says so. Default Never.
   */
  adoption?: 'Never' | 'IfUnowned';
  /**
   * What happens to the Service when the resource is deleted. Delete takes it along; Orphan leaves it behind as it is, so that it can lead elsewhere, and holds from the moment that the operator has seen it. Default Delete.
   */
  deletion?: 'Delete' | 'Orphan';
}
/**
 * One port of the Service.
 */
export interface Port {
  /**
   * Name of the port, by which backends join it. A DNS-1035 label of at most 15 characters without two hyphens in a row.
   */
  name: string;
  /**
   * Port number that clients use, 1 to 65535. The balancer itself binds this one, or one of 1024 and up that the Service maps to it.
   */
  port: number;
  /**
   * Protocol that clients speak. HTTP is HTTP/1.1, and HTTP/2 for clients that begin with it (prior knowledge, h2c), balanced request by request; HTTPS is the same over TLS, which ends at the balancer, with HTTP/2 by ALPN; TCP is bytes, balanced connection by connection; TLS is the same for clients that speak TLS with the servers themselves, passed on as it is, to the backends whose serverNames have the host that the client asks for (SNI). Default HTTP.
   */
  protocol?: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  tls?: PortTls;
  /**
   * CIDRs of proxies in front of the balancer whose X-Forwarded-* and Forwarded fields are appended to; those of any other client are replaced. Protocols HTTP and HTTPS only. Up to 32. Default is none.
   */
  trustedProxies?: string[];
  /**
   * With true each connection must begin with a header of the PROXY protocol, version 1 or 2, in which a proxy in front says whose it is; one without is refused. Whoever can reach the port can claim any address, so only that proxy may be able to. Default false.
   */
  proxyProtocol?: boolean;
  /**
   * A client connection older than this is closed after the response that it is waiting for, so that clients spread again over the balancers; varied by 10 percent. A duration of 1s to 168h. Default is never.
   */
  maxConnectionAge?: string;
}
/**
 * How TLS is spoken with clients; protocol HTTPS only. A Secret that changes is taken over for new connections, and none is cut; while the new one cannot be used the old one goes on.
 */
export interface PortTls {
  /**
   * Secrets of type kubernetes.io/tls in the same namespace, with tls.crt and tls.key. A client gets the one whose certificate names the host that it asks for (SNI), as it is or by a wildcard; else the first. 1 to 16.
   *
   * Items: One Secret.
   */
  certificateRefs: {
    /**
     * Name of the Secret, a DNS subdomain.
     */
    name: string;
  }[];
  /**
   * The oldest version of TLS that is spoken. 1.0 and 1.1 never are. Default 1.2.
   */
  minVersion?: '1.2' | '1.3';
  /**
   * With it each client must show a certificate, signed by one of the given authorities. Default is that none is asked for.
   */
  clientValidation?: {
    /**
     * Secret in the same namespace with the authorities' certificates in ca.crt.
     */
    caCertificateRef: {
      /**
       * Name of the Secret, a DNS subdomain.
       */
      name: string;
    };
  };
}
/**
 * One group of servers, of the type that `type` says.
 */
export interface Backend {
  /**
   * Name of the backend, part of the names of the objects that are made for it. A DNS-1035 label without two hyphens in a row, not `balancer`.
   */
  name: string;
  /**
   * Where the servers come from. Deployment is one that is made and kept for this backend; Service is another Service in the same namespace, whose EndpointSlices are followed; Addresses are servers that are no pods.
   */
  type: 'Deployment' | 'Service' | 'Addresses';
  /**
   * Share of the traffic that the whole backend gets, whatever its number of servers, under every strategy. 0 to 1000; 0 is none. Default is 1 where another backend gives a weight; where none does, all servers are alike.
   */
  weight?: number;
  /**
   * What the servers speak on ports of protocol HTTP. HTTP1 is HTTP/1.1; HTTP2 is HTTP/2, as gRPC servers speak it; with tls it must be agreed on (ALPN h2), and a server that does not agree fails, in heartbeats too; without, it is spoken with prior knowledge. Whatever clients speak is translated. Default HTTP1.
   */
  protocol?: 'HTTP1' | 'HTTP2';
  /**
   * Weight of each server of this backend against the backend's others, under strategy WeightedRoundRobin; types Deployment and Service. 1 to 1000. Default 1.
   */
  serverWeight?: number;
  /**
   * Ports of the servers; types Deployment and Service. 1 to 16.
   */
  ports?: BackendPort[];
  tls?: BackendTls;
  /**
   * Version of the PROXY protocol by whose header each connection to a server of this backend begins, before any TLS, to say which client it is for; V1 is text, V2 is binary. Heartbeats that go to the port which takes the traffic begin with one, too, which names no client. Such a connection serves one client only, so there are more of them. Default is none.
   */
  proxyProtocol?: 'V1' | 'V2';
  /**
   * Hosts that clients of ports of protocol TLS ask for (SNI) to reach this backend; several backends with one name share its clients by their weights. A wildcard as the first label stands for one label or more; the most specific name wins. A client that asks for no host, or for one that no backend has, goes to the backends without serverNames; where there are none, it is refused with the alert unrecognized_name. 1 to 16. Default is none.
   */
  serverNames?: string[];
  deployment?: BackendDeployment;
  /**
   * The Service whose endpoints are this backend's servers, in the same namespace and not of type ExternalName; type Service.
   */
  serviceRef?: {
    /**
     * Name of the Service. A DNS-1035 label.
     */
    name: string;
  };
  /**
   * Servers by address; type Addresses. 1 to 100, each host and port once. In a cluster each must lie in one of the CIDRs that the operator was started with (--allowed-addresses), and none may be a loopback, link-local or API server address.
   */
  addresses?: BackendAddress[];
}
/**
 * The servers' port for one port of spec.ports.
 */
export interface BackendPort {
  /**
   * Name of the port in spec.ports. Default is the one port of spec.ports, where there is only one.
   */
  name?: string;
  /**
   * Port that the servers listen on, 1 to 65535; for type Service also the name of a port of that Service.
   */
  port: number | string;
}
/**
 * With it TLS is spoken with the servers of this backend, and their certificates are verified; there is no way not to. Heartbeats that go to the port which takes the traffic speak it too. On ports of protocol TLS it is for those alone, since clients bring their own. Default is clear text.
 */
export interface BackendTls {
  /**
   * Secret in the same namespace with the certificates of the authorities that servers' certificates are signed by in ca.crt; a certificate that a server has signed itself may stand there, too.
   */
  caCertificateRef: {
    /**
     * Name of the Secret, a DNS subdomain.
     */
    name: string;
  };
  /**
   * DNS name that is asked for (SNI) and that each server's certificate must be for.
   */
  hostname: string;
  /**
   * Secret of type kubernetes.io/tls in the same namespace, with the certificate that is shown to servers that ask for one. Default is that none is shown.
   */
  certificateRef?: {
    /**
     * Name of the Secret, a DNS subdomain.
     */
    name: string;
  };
}
/**
 * The Deployment that is made for this backend, with a headless Service; type Deployment.
 */
export interface BackendDeployment {
  /**
   * Number of servers, 0 to 1000. Left out, the live number stays, so that an autoscaler can own it (1 at first). Default is the live number.
   */
  replicas?: number;
  /**
   * An ordinary PodTemplateSpec. Labels under evenkeel.dev/ are added to it.
   */
  template: Record<string, unknown>;
}
/**
 * One server.
 */
export interface BackendAddress {
  /**
   * IP address, or DNS name that is looked up when a connection is made; what it stands for then must be allowed, too. Without brackets and without a port.
   */
  host: string;
  /**
   * Port number, 1 to 65535.
   */
  port: number;
  /**
   * Name of the port in spec.ports that this server serves. Default is the one port of spec.ports, where there is only one.
   */
  portName?: string;
  /**
   * Weight of this server against the backend's others, under strategy WeightedRoundRobin. 1 to 1000. Default 1.
   */
  weight?: number;
}
/**
 * How the balancer finds out whether a server answers.
 */
export interface Heartbeat {
  /**
   * What counts as an answer. HTTP is a response with an expected status; TCP is a connection that is accepted, with the handshake where the backend has tls; GRPC is SERVING from grpc.health.v1.Health/Check over HTTP/2. The system accepts connections for a process that is frozen, so HTTP and GRPC find more. On ports of protocol TCP, and of TLS to backends without tls, an accepted connection is enough whatever the type, unless the heartbeat has a port of its own. Default TCP.
   */
  type?: 'HTTP' | 'TCP' | 'GRPC';
  /**
   * The request of a heartbeat, GET over HTTP/1.1, also where the backend's protocol is HTTP2; type HTTP.
   */
  http?: {
    /**
     * Path and query to ask for. Default /healthz.
     */
    path?: string;
    /**
     * Port to ask on, 1 to 65535, where it is not the one that takes the traffic; it is asked in clear text. Default is the server's own port.
     */
    port?: number;
    /**
     * Value of the Host field, a name or address with or without a port. Default is the hostname of the backend's tls, or the server's host and port.
     */
    host?: string;
    /**
     * Further header fields of the request. Up to 16. Default is none.
     *
     * Items: One header field.
     */
    headers?: {
      /**
       * Field name, an HTTP token; not Host, which has its own setting, nor one that frames the message or belongs to the connection.
       */
      name: string;
      /**
       * Field value, printable ASCII without blanks at its ends.
       */
      value: string;
    }[];
    /**
     * Ranges of status codes that count as an answer. 1 to 16. Default is 200 to 399.
     *
     * Items: A range of status codes, both ends included.
     */
    expectedStatuses?: {
      /**
       * First status code of the range, 100 to 599.
       */
      start: number;
      /**
       * Last status code of the range, 100 to 599.
       */
      end: number;
    }[];
  };
  /**
   * The connection of a heartbeat; type TCP.
   */
  tcp?: {
    /**
     * Port to connect to, 1 to 65535, where it is not the one that takes the traffic. Default is the server's own port.
     */
    port?: number;
  };
  /**
   * The question of a heartbeat; type GRPC.
   */
  grpc?: {
    /**
     * Name of the service to ask for, as the server's health service knows it. Default is the server as a whole.
     */
    service?: string;
    /**
     * Port to ask on, 1 to 65535, where it is not the one that takes the traffic; it is asked in clear text. Default is the server's own port.
     */
    port?: number;
  };
  schedule?: Schedule;
  /**
   * How long an answer may take. A duration of 1ms to 1h; under a Fixed schedule not over its interval. Default 500ms, or the fixed interval where that is shorter.
   */
  timeout?: string;
  /**
   * Heartbeats missed in a row that put a server out, 1 to 100. Default 2.
   */
  failureThreshold?: number;
  /**
   * Heartbeats answered in a row that put it back, 1 to 100. Default 2.
   */
  successThreshold?: number;
  /**
   * How far each interval is varied at random, up and down, in percent, 0 to 50, so that servers are not checked all at once. Default 10.
   */
  jitterPercent?: number;
}
/**
 * When heartbeats are sent. T = N / R, with T the interval in seconds, N the number of servers and R the heartbeat responses per second. Default is Fixed, every 1s.
 */
export interface Schedule {
  /**
   * Fixed gives T. Budget gives R, so that one balancer never sends more scheduled checks a second, however many servers there are. Measured takes R from the mean response time of answered heartbeats, so that T is the time of one sweep over all servers.
   */
  type: 'Fixed' | 'Budget' | 'Measured';
  /**
   * Settings of type Fixed.
   */
  fixed?: {
    /**
     * T, the time from one heartbeat of a server to its next. A duration of 50ms to 1h. Default 1s.
     */
    interval?: string;
  };
  /**
   * Settings of type Budget. Where N / R lies over maxInterval, T follows N / R, and the condition HeartbeatsOnTime says so.
   */
  budget?: {
    /**
     * R, the checks that one balancer sends in a second, 1 to 10000.
     */
    checksPerSecond: number;
    /**
     * Shortest T. A duration of 50ms to 1h. Default 200ms.
     */
    minInterval?: string;
    /**
     * Longest T, unless N / R is longer. A duration of 50ms to 1h. Default 10s.
     */
    maxInterval?: string;
  };
  /**
   * Settings of type Measured.
   */
  measured?: {
    /**
     * Shortest T. A duration of 50ms to 1h. Default 200ms.
     */
    minInterval?: string;
    /**
     * Longest T. A duration of 50ms to 1h. Default 10s.
     */
    maxInterval?: string;
  };
}
/**
 * What happens to requests when a server fails or goes away.
 */
export interface Failover {
  /**
   * Requests that may be sent to a second server after the first one may have begun on them. Safe is GET, HEAD, OPTIONS and TRACE; Idempotent also PUT and DELETE; Keyed is Idempotent, and any request with an Idempotency-Key; None is none. A request of which nothing was sent yet may always go elsewhere. Default Safe.
   */
  retryMethods?: 'Safe' | 'Idempotent' | 'Keyed' | 'None';
  /**
   * Most retries of a balancer in 10 s, in percent of its requests in that time, 0 to 100, so that retries never multiply an outage; 10 in a second are allowed in any case. Default 20.
   */
  retryBudgetPercent?: number;
  /**
   * Size in bytes of the largest request body that is kept for another attempt, 0 to 1048576, for each request in flight. Default 65536.
   */
  replayBufferBytes?: number;
  /**
   * Largest share of a backend's servers, in percent, 0 to 100, that is put out for its traffic alone; missed heartbeats count in full. Default 50.
   */
  maxEjectedPercent?: number;
  /**
   * How long a connection to a server may take before the next one is tried. A duration of 1ms to 1h. Default 500ms.
   */
  connectTimeout?: string;
  /**
   * How long a server that holds a request may send nothing before the client gets 504. A gRPC call whose response has begun may stand still for limits.tunnelIdleTimeout instead, while its server is not out. A duration of 1ms to 24h. Default 60s.
   */
  responseTimeout?: string;
  /**
   * How long a server that is going away may go on with the requests that it has. A duration of 1ms to 1h. Default 30s.
   */
  drainTimeout?: string;
}
/**
 * What clients may take up, and servers be given. What a limit refuses or cuts is counted in the metric evenkeel_failures_total, under a reason of its own. Changes apply to open connections too.
 */
export interface Limits {
  /**
   * Largest head of a request, in bytes with its request line, 1024 to 1048576. One that is larger gets 431. Default 32768.
   */
  headerBytes?: number;
  /**
   * Most header fields of a request, 8 to 1024. One with more gets 431. Default 128.
   */
  headerCount?: number;
  /**
   * Longest target of a request, in bytes with its query, 256 to 65536. A longer one gets 414. Default 16384.
   */
  uriBytes?: number;
  /**
   * Largest body of a request, in bytes, 1 to 1099511627776. One that is larger gets 413, and its server never sees the end of it. Default is no limit.
   */
  bodyBytes?: number;
  /**
   * Open client connections of each port in spec.ports, at each balancer, 1 to 1000000. A further one gets 503 (under HTTPS, TCP and TLS, nothing) and is closed. Default 20000.
   */
  connectionsPerPort?: number;
  /**
   * Requests after which a client connection is closed politely, 1 to 1000000000. Default is no limit.
   */
  requestsPerConnection?: number;
  /**
   * How long the head of a request may take from its first byte. A slower one gets 408, of HTTP/2 GOAWAY. A handshake of TLS (on ports of protocol TLS its first message, which tells the host that is asked for) and a header of the PROXY protocol have as long, too; after that the connection is closed. A duration of 1s to 1h. Default 10s.
   */
  headerTimeout?: string;
  /**
   * In any such time at least bodyProgressBytes of a request body, or its end, must come, while the balancer takes it. A slower one gets 408. A duration of 1s to 1h. Default 30s.
   */
  bodyTimeout?: string;
  /**
   * How much of a request body must come in each bodyTimeout, in bytes, 1 to 1048576. Default 1024.
   */
  bodyProgressBytes?: number;
  /**
   * How long a client connection may stay open between requests, or before its first. A duration of 1s to 24h. Default 75s.
   */
  idleTimeout?: string;
  /**
   * How long a client may take nothing of what the balancer has for it. Its connection is cut then. A duration of 1s to 1h. Default 30s.
   */
  writeTimeout?: string;
  /**
   * How long a request may take from its head to the end of its response, attempts and waiting included. One that takes longer gets 504, or is cut where its response has begun; upgraded connections are free of it. A duration of 10ms to 24h. Default is no limit.
   */
  requestTimeout?: string;
  /**
   * How long a TCP connection, or an upgraded one, may be without a byte either way. A duration of 1s to 168h. Default 1h.
   */
  tunnelIdleTimeout?: string;
  /**
   * How long a TCP connection, or an upgraded one, may be without a byte once one side has ended its half. A duration of 1s to 168h. Default 60s.
   */
  tunnelHalfOpenTimeout?: string;
  /**
   * Requests, or connections of a TCP port, that one balancer has at one server at a time, 1 to 100000. When every server has as many, further ones wait. An upgraded connection counts until it is upgraded. Default is no limit.
   */
  requestsPerServer?: number;
  /**
   * How many requests of each port may wait for a server under requestsPerServer, at each balancer, 0 to 100000. A further one gets 503 at once, with Retry-After. Requests that a server has failed wait in front of the others, and beyond this number. Default 1024.
   */
  pendingRequests?: number;
  /**
   * How long a request may wait for a server under requestsPerServer. It gets 503 then, with Retry-After. A duration of 10ms to 1h. Default 1s.
   */
  pendingTimeout?: string;
}
/**
 * What the pods of the balancers have besides. Maps are merged into what the operator makes, containers and volumes added to it by name, and other lists take the place of its own. A change of it replaces the pods, one after the other. Our container is called `balancer`, and only its resources can be changed.
 */
export interface PodTemplateOverlay {
  /**
   * Labels and annotations of the pods.
   */
  metadata?: {
    /**
     * Labels, in addition to those of the operator.
     */
    labels?: Record<string, string>;
    /**
     * Annotations.
     */
    annotations?: Record<string, string>;
  };
  /**
   * Fields of a PodSpec.
   */
  spec?: {
    /**
     * Further containers (sidecars), and `balancer` with the resources that it is to have. Up to 16.
     *
     * Items: A container of a PodSpec.
     */
    containers?: Record<string, unknown>[];
    /**
     * Containers that end before the balancer starts, and sidecars with restartPolicy Always. Up to 16.
     *
     * Items: A container of a PodSpec.
     */
    initContainers?: Record<string, unknown>[];
    /**
     * Volumes for further containers. Up to 64.
     *
     * Items: One of them, as in a PodSpec.
     */
    volumes?: Record<string, unknown>[];
    /**
     * Secrets to pull images with, the balancer's too. Up to 64.
     *
     * Items: One of them, as in a PodSpec.
     */
    imagePullSecrets?: Record<string, unknown>[];
    /**
     * Taints of nodes that do not keep the pods away. Up to 64.
     *
     * Items: One of them, as in a PodSpec.
     */
    tolerations?: Record<string, unknown>[];
    /**
     * How the pods are spread, in place of evenly over nodes and zones as far as possible. Up to 64.
     *
     * Items: One of them, as in a PodSpec.
     */
    topologySpreadConstraints?: Record<string, unknown>[];
    /**
     * Labels that a node must have.
     */
    nodeSelector?: Record<string, string>;
    /**
     * Which nodes, and which pods beside them, are preferred or required.
     */
    affinity?: Record<string, unknown>;
    /**
     * Name of the PriorityClass of the pods.
     */
    priorityClassName?: string;
    /**
     * Name of the RuntimeClass of the pods.
     */
    runtimeClassName?: string;
    /**
     * Name of the scheduler of the pods.
     */
    schedulerName?: string;
    /**
     * Refused; the pods have the balancer's own service account.
     */
    serviceAccountName?: string;
    /**
     * Refused; the pods have the security context that the balancer needs.
     */
    securityContext?: Record<string, unknown>;
  };
}
/**
 * What was observed. Written by the operator on change.
 */
export interface LoadBalancedServiceStatus {
  /**
   * Generation of the resource that this status was made from; -1 before the operator has seen it.
   */
  observedGeneration?: number;
  /**
   * Accepted: the spec makes sense and its objects could be made. Programmed: every balancer applied this generation. Ready: a server serves. EndpointsHealthy: no endpoint is out. FailOpen: none is left, so all are tried. HeartbeatsOnTime: the interval keeps to maxInterval. Reconciling, Stalled: as kstatus has them; they never follow health.
   */
  conditions?: Condition[];
  summary?: StatusSummary;
  /**
   * Each backend's servers in numbers.
   */
  backends?: BackendStatus[];
  heartbeat?: HeartbeatStatus;
  /**
   * Endpoints that are out, worst first; at most 32.
   */
  unhealthyEndpoints?: UnhealthyEndpoint[];
  /**
   * Balancers that have reported, at most 100.
   */
  balancers?: BalancerStatus[];
  /**
   * Endpoints that are out and not in unhealthyEndpoints.
   */
  unhealthyOmitted?: number;
  /**
   * Endpoints taken out of service so far. Overlapping outages of one endpoint, as several balancers saw them, are one.
   */
  failovers?: number;
  /**
   * When the last of them was.
   */
  lastFailoverTime?: string;
  /**
   * The last failovers, newest first; at most 10.
   */
  recentFailovers?: RecentFailover[];
}
/**
 * A metav1.Condition.
 */
export interface Condition {
  /**
   * Type of the condition, in CamelCase.
   */
  type: string;
  /**
   * Whether it holds.
   */
  status: 'True' | 'False' | 'Unknown';
  /**
   * Generation of the resource that the condition was found for.
   */
  observedGeneration?: number;
  /**
   * When status last changed.
   */
  lastTransitionTime: string;
  /**
   * Why, in one word of CamelCase.
   */
  reason: string;
  /**
   * Why, in words.
   */
  message: string;
}
/**
 * What the columns of `kubectl get` show.
 */
export interface StatusSummary {
  /**
   * Healthy endpoints of all known ones, such as 59/60.
   */
  endpoints?: string;
  /**
   * Balancers that applied this generation of all wanted, such as 2/2.
   */
  balancers?: string;
  /**
   * The strategy in force.
   */
  strategy?: string;
}
/**
 * One backend's servers in numbers.
 */
export interface BackendStatus {
  /**
   * Name of the backend.
   */
  name: string;
  /**
   * Servers wanted; for type Service those known, for Addresses those given.
   */
  desired?: number;
  /**
   * Servers that are ready by their own word or by being given.
   */
  ready?: number;
  /**
   * Servers that every balancer holds for healthy.
   */
  healthy?: number;
}
/**
 * T = N / R as it is now, of the slowest balancer. Rewritten on a change of 25 percent, together with new counts of endpoints or at least 60 s apart.
 */
export interface HeartbeatStatus {
  /**
   * N, the number of servers under heartbeat.
   */
  servers?: number;
  /**
   * R, the heartbeat responses per second of one balancer.
   */
  responsesPerSecond?: number;
  /**
   * T in milliseconds.
   */
  intervalMilliseconds?: number;
  /**
   * Longest time in milliseconds until the freeze of an idle server is noticed, T x (1 + jitter) + failureThreshold x timeout. Traffic shortens it.
   */
  maxDetectionMilliseconds?: number;
}
/**
 * An endpoint that is out.
 */
export interface UnhealthyEndpoint {
  /**
   * Host and port.
   */
  address: string;
  /**
   * Name of its backend.
   */
  backend: string;
  /**
   * Name of its pod, where it is one.
   */
  podName?: string;
  /**
   * Name of the node that it runs on, where it is a pod.
   */
  nodeName?: string;
  /**
   * The worst state that a balancer reports.
   */
  state: string;
  /**
   * Why it is in that state, such as HeartbeatTimeout.
   */
  reason: string;
  /**
   * Since when it is in that state.
   */
  lastTransitionTime?: string;
  /**
   * Balancers that report it.
   */
  unhealthyBalancers?: number;
  /**
   * Balancers that report at all.
   */
  totalBalancers?: number;
}
/**
 * A balancer that has reported.
 */
export interface BalancerStatus {
  /**
   * Name of its pod.
   */
  name: string;
  /**
   * Generation of the resource that it has applied.
   */
  appliedGeneration?: number;
  /**
   * Its newest failover that is in the count of failovers, so that none is counted twice.
   */
  lastFailover?: string;
}
/**
 * One endpoint's outage.
 */
export interface RecentFailover {
  /**
   * Identity of the outage.
   */
  id: string;
  /**
   * When the endpoint was put out.
   */
  time: string;
  /**
   * Host and port.
   */
  endpoint: string;
  /**
   * Name of its backend.
   */
  backend?: string;
  /**
   * Name of its pod, where it was one.
   */
  podName?: string;
  /**
   * Name of the node that it ran on, where it was a pod.
   */
  nodeName?: string;
  /**
   * Why it was put out, such as HeartbeatTimeout.
   */
  reason?: string;
  /**
   * Milliseconds from the start of the first missed heartbeat, or the first byte left unanswered, until it was put out; of the first balancer to do so.
   */
  detectionMilliseconds?: number;
  /**
   * Requests that it held, or that failed on it, and that another endpoint answered; of all balancers.
   */
  rescued?: number;
  /**
   * Requests that it held, or that failed on it, and that the client saw fail; of all balancers.
   */
  lost?: number;
  /**
   * When it was put back, by all balancers; left out while it is out, and where it left without having recovered.
   */
  recoveryTime?: string;
  /**
   * When it was known to have left without having recovered, as the endpoint of a pod does that is no longer ready; left out where it did not, or came back.
   */
  removedTime?: string;
}

/**
 * What one balancer says of itself, in counts and exceptions. Written by the balancer, read by the operator, gone with its pod. Durations only, never clock times, so that clocks need not agree.
 */
export interface BalancerReport {
  apiVersion: 'evenkeel.dev/v1alpha1';
  kind: 'BalancerReport';
  metadata: ObjectMeta;
  spec: BalancerReportSpec;
}
/**
 * The report.
 */
export interface BalancerReportSpec {
  /**
   * Generation of the LoadBalancedService that is applied; 0 before the first.
   */
  appliedGeneration: number;
  /**
   * Why a newer configuration was not applied; empty when it was.
   */
  configError?: string;
  /**
   * Whether the EndpointSlices may be out of date because the API has been away.
   */
  endpointsStale?: boolean;
  /**
   * Each backend's endpoints in numbers, those included that are being replaced.
   *
   * Items: One backend's endpoints in numbers.
   */
  backends?: {
    /**
     * Name of the backend.
     */
    name: string;
    /**
     * Known endpoints that are not draining.
     */
    endpoints: number;
    /**
     * Those of them in state Healthy or Suspect.
     */
    healthy: number;
  }[];
  /**
   * T = N / R as it is now.
   */
  heartbeat?: {
    /**
     * N, the number of endpoints under heartbeat.
     */
    servers: number;
    /**
     * R, answered heartbeats per second as scheduled; 0 before the first answer.
     */
    responsesPerSecond: number;
    /**
     * T in milliseconds.
     */
    intervalMilliseconds: number;
    /**
     * Longest time in milliseconds until the freeze of an idle endpoint is noticed.
     */
    maxDetectionMilliseconds: number;
    /**
     * Whether N / R lies over maxInterval, so that T follows N / R.
     */
    overMaxInterval: boolean;
  };
  /**
   * Endpoints that are not healthy, worst first; at most 100.
   *
   * Items: An endpoint that is not healthy.
   */
  unhealthyEndpoints?: {
    /**
     * Host and port.
     */
    address: string;
    /**
     * Name of its backend.
     */
    backend: string;
    /**
     * What the balancer holds it for.
     */
    state: 'Healthy' | 'Suspect' | 'Unhealthy';
    /**
     * Why, such as HeartbeatTimeout.
     */
    reason: string;
    /**
     * For how many milliseconds it had been in this state when the report was made.
     */
    forMilliseconds: number;
    /**
     * Name of its pod, where it is one.
     */
    podName?: string;
    /**
     * Name of the node that it runs on, where it is a pod.
     */
    nodeName?: string;
  }[];
  /**
   * Endpoints that are not healthy and not in unhealthyEndpoints.
   */
  unhealthyOmitted?: number;
  /**
   * Endpoints that were found and to which no connection may be made; at most 20.
   *
   * Items: An endpoint that is left out.
   */
  refusedEndpoints?: {
    /**
     * Host and port.
     */
    address: string;
    /**
     * Name of its backend.
     */
    backend: string;
    /**
     * Why, as the rest of a sentence that begins with the address.
     */
    message: string;
  }[];
  /**
   * Endpoints to which no connection may be made and that are not in refusedEndpoints.
   */
  refusedOmitted?: number;
  /**
   * Names of the ports in spec.ports for which no endpoint is left, so that all are tried.
   */
  failOpen?: string[];
  /**
   * The last 20 failovers, and of the last minute up to 100; newest first.
   *
   * Items: One endpoint's outage as this balancer saw it.
   */
  failovers?: {
    /**
     * Unique within the balancer's life, a random prefix per process and a counter.
     */
    id: string;
    /**
     * Host and port.
     */
    address: string;
    /**
     * Name of its backend.
     */
    backend: string;
    /**
     * Name of its pod, where it was one.
     */
    podName?: string;
    /**
     * Name of the node that it ran on, where it was a pod.
     */
    nodeName?: string;
    /**
     * Why it was put out.
     */
    reason: string;
    /**
     * Milliseconds from the start of the first missed heartbeat, or the first byte left unanswered, until it was put out.
     */
    detectionMilliseconds: number;
    /**
     * Requests that it held, or that failed on it, and that another endpoint answered.
     */
    rescued: number;
    /**
     * Requests that it held, or that failed on it, and that the client saw fail.
     */
    lost: number;
    /**
     * How many milliseconds before the report it was put out.
     */
    agoMilliseconds: number;
    /**
     * Whether it left before it was put back, as the endpoint of a pod does that is no longer ready. It may come back.
     */
    removed?: boolean;
    /**
     * For how many milliseconds it was out; null, or left out, while it is, and where it left.
     */
    outMilliseconds?: number | null;
  }[];
}
