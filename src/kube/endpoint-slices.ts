import type { KubeObject } from '../api/meta.ts';
import type { BackendConfig, EndpointSliceSource } from '../model/config.ts';
import { type Endpoint, endpointId } from '../model/endpoint.ts';

/** discovery.k8s.io/v1 EndpointSlice, as far as it is read here. */
export interface EndpointSlice extends KubeObject {
  addressType?: string;
  endpoints?: readonly SliceEndpoint[] | null;
  ports?: readonly SlicePort[] | null;
}

export interface SliceEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: SliceConditions;
  readonly nodeName?: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

interface SliceConditions {
  readonly ready?: boolean | null;
  readonly serving?: boolean | null;
  readonly terminating?: boolean | null;
}

export interface SlicePort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
}

/** Label by which a slice says whose it is. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** Names of the Services whose EndpointSlices are to be followed, each once, in order. */
export function followedServices(backends: readonly BackendConfig[]): string[] {
  const names = backends.flatMap(({ source }) => (source.type === 'EndpointSlices' ? [source.service] : []));
  return [...new Set(names)].sort();
}

/**
 * The endpoints of all backends. One address and port is there once for each listener: where two slices have it, one that is ready
 * counts before one that drains; where two backends have it, the first. A pod with addresses of both families is one server: IPv4's.
 */
export function resolveEndpoints(backends: readonly BackendConfig[], slicesOf: (service: string) => readonly EndpointSlice[]): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const backend of backends) {
    for (const endpoint of backendEndpoints(backend, slicesOf)) {
      const key = `${endpoint.portName} ${endpoint.id}`;
      const known = found.get(key);
      const isBetter = known?.backend === endpoint.backend && known.lifecycle === 'Draining' && endpoint.lifecycle === 'Ready';
      if (known === undefined || isBetter) found.set(key, endpoint);
    }
  }
  return [...found.values()];
}

function backendEndpoints({ name, source }: BackendConfig, slicesOf: (service: string) => readonly EndpointSlice[]): Endpoint[] {
  if (source.type === 'EndpointSlices') return sliceEndpoints(name, source, slicesOf(source.service));
  return source.addresses.map(({ listener, host, port, weight }) => ({
    id: endpointId(host, port),
    host,
    port,
    backend: name,
    portName: listener,
    weight,
    lifecycle: 'Ready',
  }));
}

function sliceEndpoints(backend: string, source: EndpointSliceSource, slices: readonly EndpointSlice[]): Endpoint[] {
  const endpoints: Endpoint[] = [];
  const families = new Map<string, string>();
  for (const slice of [...slices].filter(isAddressed).sort(byFamilyAndName)) {
    const family = slice.addressType ?? '';
    for (const each of slice.endpoints ?? []) {
      const lifecycle = lifecycleOf(each.conditions ?? {});
      // Kubernetes gives no meaning to further addresses.
      const host = each.addresses?.[0];
      if (lifecycle === null || !host) continue;
      const podName = each.targetRef?.kind === 'Pod' ? each.targetRef.name : undefined;
      if (podName !== undefined) {
        if ((families.get(podName) ?? family) !== family) continue;
        families.set(podName, family);
      }
      const place = { ...(podName ? { podName } : {}), ...(each.nodeName ? { nodeName: each.nodeName } : {}) };
      for (const { listener, port } of source.ports) {
        const number = portIn(slice, port);
        if (number === null) continue;
        const id = endpointId(host, number);
        endpoints.push({ id, host, port: number, backend, portName: listener, weight: source.serverWeight, lifecycle, ...place });
      }
    }
  }
  return endpoints;
}

/** Null: not to be used. What is not said (nil) counts as true for ready and serving, and as false for terminating. */
function lifecycleOf({ ready, serving, terminating }: SliceConditions): Endpoint['lifecycle'] | null {
  // First, because a Service that publishes addresses that are not ready calls even a terminating pod ready.
  if (terminating) return (serving ?? ready ?? true) ? 'Draining' : null;
  return (ready ?? true) ? 'Ready' : null;
}

/** The number of the port that is wanted by number or by the slice's name for it; null: the slice has none such. */
function portIn(slice: EndpointSlice, wanted: number | string): number | null {
  const ports = (slice.ports ?? []).filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP');
  if (typeof wanted === 'string') return ports.find(({ name }) => name === wanted)?.port ?? null;
  // A Service without ports (a headless one may have none) restricts nothing.
  const isOpen = ports.length === 0 || ports.some(({ port }) => (port ?? wanted) === wanted);
  return isOpen ? wanted : null;
}

/** Slices of type FQDN hold names, and are made by hand only. */
function isAddressed({ addressType }: EndpointSlice): boolean {
  return addressType === 'IPv4' || addressType === 'IPv6';
}

/** An order that does not hang on which slice was seen first, so that nothing moves without need. */
function byFamilyAndName(a: EndpointSlice, b: EndpointSlice): number {
  const keyOf = (slice: EndpointSlice): string => `${slice.addressType} ${slice.metadata?.name ?? ''}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
