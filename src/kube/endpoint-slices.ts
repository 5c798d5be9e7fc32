import type { KubeObject } from '../api/meta.ts';
import type { AddressSource, BackendConfig, EndpointSliceSource } from '../model/config.ts';
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

type SlicesOf = (service: string) => readonly EndpointSlice[];

/**
 * The endpoints of all backends. One address and port is there once for each listener: where two slices have it, one that is ready
 * counts before one that drains; where two backends have it, the first. A pod with addresses of both families is one server: IPv4's.
 */
export function resolveEndpoints(backends: readonly BackendConfig[], slicesOf: SlicesOf): Endpoint[] {
  return new EndpointResolver().resolve(backends, slicesOf);
}

/** What a slice, or all slices of a backend, have for it. */
interface Found {
  readonly usable: readonly Endpoint[];
  /** As they would be used, if they were ready. */
  readonly unready: readonly Endpoint[];
}

/** Of a backend, as it was resolved last. */
interface Memory {
  readonly usable: readonly Endpoint[];
  /** Identities of those that are not ready and have been. */
  readonly parted: ReadonlySet<string>;
}

const NONE: Memory = { usable: [], parted: new Set() };

/**
 * Resolves again and again. What comes of a backend and a slice that are the same objects as before is the same objects as before, so that
 * with thousands of endpoints a change of one slice costs that slice, and the rest need not be compared field by field.
 */
export class EndpointResolver {
  readonly #ofBackend = new WeakMap<BackendConfig, Endpoint[]>();
  readonly #ofSlice = new WeakMap<EndpointSlice, WeakMap<BackendConfig, Found>>();
  #memories: ReadonlyMap<string, Memory> = new Map();
  #heldOver: readonly string[] = [];

  /** Names of the backends none of whose servers is ready, and which go on with those that were. */
  get heldOver(): readonly string[] {
    return this.#heldOver;
  }

  resolve(backends: readonly BackendConfig[], slicesOf: SlicesOf): Endpoint[] {
    const resolved: Endpoint[] = [];
    /** By listener and id: where in `resolved`. */
    const places = new Map<string, Map<string, number>>();
    const memories = new Map<string, Memory>();
    const heldOver: string[] = [];
    for (const backend of backends) {
      const found = this.#endpointsOf(backend, slicesOf);
      const memory = remember(this.#memories.get(backend.name) ?? NONE, found);
      memories.set(backend.name, memory);
      const held = stayWhereNoneIsReady(found, memory);
      if (held.length > 0) heldOver.push(backend.name);
      for (const endpoint of held.length > 0 ? [...found.usable, ...held] : found.usable) {
        let ofListener = places.get(endpoint.portName);
        if (ofListener === undefined) places.set(endpoint.portName, (ofListener = new Map()));
        const place = ofListener.get(endpoint.id);
        const known = place === undefined ? undefined : resolved[place];
        if (place === undefined || known === undefined) ofListener.set(endpoint.id, resolved.push(endpoint) - 1);
        else if (known.backend === endpoint.backend && known.lifecycle === 'Draining' && endpoint.lifecycle === 'Ready') {
          resolved[place] = endpoint;
        }
      }
    }
    this.#memories = memories;
    this.#heldOver = heldOver;
    return resolved;
  }

  #endpointsOf(backend: BackendConfig, slicesOf: SlicesOf): Found {
    const { source } = backend;
    if (source.type === 'Addresses') {
      return { usable: kept(this.#ofBackend, backend, () => addressEndpoints(backend.name, source)), unready: [] };
    }
    const slices = [...slicesOf(source.service)].filter(isAddressed).sort(byFamilyAndName);
    const families = new Set(slices.map(({ addressType }) => addressType));
    const found = slices.map((slice) => {
      const ofSlice = kept(this.#ofSlice, slice, () => new WeakMap<BackendConfig, Found>());
      return kept(ofSlice, backend, () => sliceEndpoints(backend.name, source, slice));
    });
    const all = (of: keyof Found): readonly Endpoint[] => {
      const each = found.map((part) => part[of]);
      return families.size > 1 ? ofOneFamilyEach(slices, each) : each.flat();
    };
    return { usable: all('usable'), unready: all('unready') };
  }
}

function identityOf({ portName, id, podName }: Endpoint): string {
  return `${portName}/${id}/${podName ?? ''}`;
}

function remember({ usable, parted }: Memory, found: Found): Memory {
  if (found.unready.length === 0) return { usable: found.usable, parted: NONE.parted };
  const ready = new Set(usable.flatMap((each) => (each.lifecycle === 'Ready' ? [identityOf(each)] : [])));
  const been = found.unready.map(identityOf).filter((identity) => ready.has(identity) || parted.has(identity));
  return { usable: found.usable, parted: new Set(been) };
}

/**
 * Where no server of a backend is called ready, those stay that have been and are not going: heartbeats say which of them serve. A control
 * plane that has lost sight of a node calls all of its pods unready at once, though nothing is wrong with them.
 */
function stayWhereNoneIsReady({ usable, unready }: Found, { parted }: Memory): readonly Endpoint[] {
  if (unready.length === 0 || usable.some(({ lifecycle }) => lifecycle === 'Ready')) return [];
  return unready.filter((each) => parted.has(identityOf(each)));
}

function kept<K extends object, V>(cache: WeakMap<K, V>, key: K, make: () => V): V {
  let value = cache.get(key);
  if (value === undefined) cache.set(key, (value = make()));
  return value;
}

function addressEndpoints(backend: string, { addresses }: AddressSource): Endpoint[] {
  return addresses.map(({ listener, host, port, weight }) => ({
    id: endpointId(host, port),
    host,
    port,
    backend,
    portName: listener,
    weight,
    lifecycle: 'Ready',
  }));
}

function sliceEndpoints(backend: string, source: EndpointSliceSource, slice: EndpointSlice): Found {
  const usable: Endpoint[] = [];
  const unready: Endpoint[] = [];
  for (const each of slice.endpoints ?? []) {
    const lifecycle = lifecycleOf(each.conditions ?? {});
    // Kubernetes gives no meaning to further addresses.
    const host = each.addresses?.[0];
    if (lifecycle === null || !host) continue;
    const podName = each.targetRef?.kind === 'Pod' ? each.targetRef.name : undefined;
    const place = { ...(podName ? { podName } : {}), ...(each.nodeName ? { nodeName: each.nodeName } : {}) };
    for (const { listener, port } of source.ports) {
      const number = portIn(slice, port);
      if (number === null) continue;
      const about = { id: endpointId(host, number), host, port: number, backend, portName: listener, weight: source.serverWeight };
      if (lifecycle === 'Unready') unready.push({ ...about, lifecycle: 'Ready', ...place });
      else usable.push({ ...about, lifecycle, ...place });
    }
  }
  return { usable, unready };
}

/** Of a pod with addresses of both families, those of the family that comes first. */
function ofOneFamilyEach(slices: readonly EndpointSlice[], found: readonly (readonly Endpoint[])[]): Endpoint[] {
  const families = new Map<string, string>();
  return found.flatMap((endpoints, index) => {
    const family = slices[index]?.addressType ?? '';
    return endpoints.filter(({ podName }) => {
      if (podName === undefined) return true;
      const first = families.get(podName) ?? family;
      families.set(podName, first);
      return first === family;
    });
  });
}

/** Null: it is going, and serves nobody any more. What is not said (nil) counts as true for ready and serving, and as false for terminating. */
function lifecycleOf({ ready, serving, terminating }: SliceConditions): Endpoint['lifecycle'] | 'Unready' | null {
  // First, because a Service that publishes addresses that are not ready calls even a terminating pod ready.
  if (terminating) return (serving ?? ready ?? true) ? 'Draining' : null;
  return (ready ?? true) ? 'Ready' : 'Unready';
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
