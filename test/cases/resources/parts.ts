export interface ResourceCase {
  /** YAML of the whole resource. */
  readonly resource: string;
  /** Left out: it is taken. */
  readonly refused?: Refusal;
}

/** Sentence -> case. */
export type ResourceCases = Readonly<Record<string, ResourceCase>>;

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
export function shop({ name = 'shop', ports = '[{name: http, port: 80}]', backends = `[${fixed('stable')}]`, spec = '' }: Parts): string {
  return `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: ${name}}
spec:
  ports: ${ports}
  backends: ${backends}
  ${spec}
`;
}

export const fixed = (name: string, more = '') => `{name: ${name}, type: Addresses, addresses: [{host: 10.0.0.7, port: 8080}]${more}}`;
export const deployment = (name: string, more = ', ports: [{port: 8080}]') =>
  `{name: ${name}, type: Deployment, deployment: {template: {spec: {containers: [{name: c, image: i}]}}}${more}}`;
export const service = (name: string, ref: string, more = ', ports: [{port: 8080}]') =>
  `{name: ${name}, type: Service, serviceRef: {name: ${ref}}${more}}`;

export const withName = (name: string) => shop({ name });
export const withPorts = (ports: string) => shop({ ports });
export const withBackends = (...backends: readonly string[]) => shop({ backends: `[${backends.join(', ')}]` });
export const withSpec = (spec: string) => shop({ spec });
export const withHeartbeat = (heartbeat: string) => withSpec(`heartbeat: ${heartbeat}`);
export const withSchedule = (schedule: string) => withHeartbeat(`{schedule: ${schedule}}`);
export const withFailover = (failover: string) => withSpec(`failover: ${failover}`);
export const withLimits = (limits: string) => withSpec(`limits: ${limits}`);
export const withCheck = (http: string) => withHeartbeat(`{type: HTTP, http: ${http}}`);
export const withHost = (host: string) => withBackends(`{name: a, type: Addresses, addresses: [{host: ${host}, port: 80}]}`);
export const withTemplate = (template: string) => withSpec(`balancer: {type: Dedicated, dedicated: {template: ${template}}}`);
export const withPodSpec = (spec: string) => withTemplate(`{spec: ${spec}}`);
export const withTrusted = (cidr: string) => withPorts(`[{name: http, port: 80, trustedProxies: [${cidr}]}]`);
export const withHeader = (name: string, value = 'x') => withCheck(`{headers: [{name: ${name}, value: ${value}}]}`);
export const twoPorts = '[{name: http, port: 80}, {name: admin, port: 81}]';
export const long = (length: number) => 'a'.repeat(length);
export const many = <T>(count: number, item: (index: number) => T) => Array.from({ length: count }, (_, index) => item(index));

export const LABEL = 'must be a DNS-1035 label';
export const SHORT_TIME = 'must be a duration of 1ms to 1h, such as 500ms or 2s';
