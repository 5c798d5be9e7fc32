/** One server's traffic port, as discovered: from an EndpointSlice, an address in the resource, or a local process. */
export interface Endpoint {
  /** `host:port` (IPv6 in brackets). Two ports of `spec.ports` may lead to one: `endpointKey` is what is unique in a pool. */
  readonly id: string;
  /** An IP address or a DNS name, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Name of the backend it belongs to. */
  readonly backend: string;
  /** Name of the port in `spec.ports` that it serves. */
  readonly portName: string;
  /** Weight of this server within its backend, under WeightedRoundRobin; 1 or more. */
  readonly weight: number;
  /** `Draining`: it finishes the requests that it has and gets no new one. */
  readonly lifecycle: 'Ready' | 'Draining';
  readonly podName?: string;
  readonly nodeName?: string;
}

/** `host:port`, with an IPv6 address in brackets. */
export function endpointId(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Tells an endpoint from all others of a pool. */
export function endpointKey({ portName, id }: Pick<Endpoint, 'portName' | 'id'>): string {
  return `${portName}/${id}`;
}
