import type { BackendConfig, BalancerConfig } from '../model/config.ts';

/** Annotation of the ConfigMap while backends retire: the names of the backends that they wait for, separated by commas. */
export const AWAITED_ANNOTATION = 'evenkeel.dev/awaited-backends';

/** A report takes no more backends than this. */
const MAX_BACKENDS = 32;

/** What the balancers have been given last, as it stands in the ConfigMap. */
export interface LiveConfig {
  readonly config: BalancerConfig;
  /** Backends that were new when others were taken out of the spec, and that had not arrived yet. */
  readonly awaited: readonly string[];
}

export interface Arrivals {
  /** The backend takes traffic now, in full: its servers run, and balancers find them healthy. */
  arrived(backend: string): boolean;
  /** Some server of the backend is healthy. */
  serves(backend: string): boolean;
}

export interface Retirement {
  /** The spec's configuration, with the retiring backends added while they have to go on. */
  readonly config: BalancerConfig;
  /** Backends that the spec no longer has, and that go on for now. */
  readonly retiring: readonly string[];
  /** What they wait for; empty: for any server of those that stay to be healthy. */
  readonly awaited: readonly string[];
}

/**
 * A backend that was taken out of the spec goes on until what replaces it serves: the backends that came with the same change have
 * arrived, and, in any case, some backend of the spec has a healthy server. So a renamed backend costs no request.
 */
export function retire(wanted: BalancerConfig, live: LiveConfig | null, arrivals: Arrivals): Retirement {
  const names = new Set(wanted.backends.map((backend) => backend.name));
  const gone = (live?.config.backends ?? []).filter((backend) => !names.has(backend.name));
  if (live === null || gone.length === 0) return { config: wanted, retiring: [], awaited: [] };

  const known = new Set(live.config.backends.map((backend) => backend.name));
  const awaited = [...names].filter((name) => (!known.has(name) || live.awaited.includes(name)) && !arrivals.arrived(name));
  const kept = gone.flatMap((backend) => fit(backend, wanted)).slice(0, MAX_BACKENDS - wanted.backends.length);
  const replaced = awaited.length === 0 && [...names].some((name) => arrivals.serves(name));
  if (replaced || kept.length === 0) return { config: wanted, retiring: [], awaited: [] };

  const backends = weigh(wanted.backends, kept, new Set(awaited));
  return { config: { ...wanted, backends }, retiring: kept.map((backend) => backend.name), awaited };
}

/** The backend with the listeners that there still are; nothing where none of its own is left. */
function fit(backend: BackendConfig, { listeners }: BalancerConfig): BackendConfig[] {
  const names = new Set(listeners.map((listener) => listener.name));
  if (backend.source.type === 'Addresses') {
    const addresses = backend.source.addresses.filter((address) => names.has(address.listener));
    return addresses.length === 0 ? [] : [{ ...backend, source: { ...backend.source, addresses } }];
  }
  const ports = backend.source.ports.filter((port) => names.has(port.listener));
  return ports.length === 0 ? [] : [{ ...backend, source: { ...backend.source, ports } }];
}

/**
 * With weights, an awaited backend gets nothing while those that it replaces keep their share: its first server to come up would get
 * the whole backend's. Without weights every server counts alike, and a backend grows into its share.
 */
function weigh(wanted: readonly BackendConfig[], kept: readonly BackendConfig[], awaited: ReadonlySet<string>): BackendConfig[] {
  if (wanted.every((backend) => backend.weight === null)) return [...wanted, ...kept.map((backend) => ({ ...backend, weight: null }))];
  const inherited = wanted.reduce((sum, { name, weight }) => sum + (awaited.has(name) ? (weight ?? 1) : 0), 0);
  const share = Math.max(1, Math.round(inherited / kept.length));
  const old = kept.map((backend) => ({ ...backend, weight: backend.weight ?? share }));
  const held = wanted.map((backend) => (awaited.has(backend.name) ? { ...backend, weight: 0 } : backend));
  const all = [...held, ...old];
  return all.some((backend) => (backend.weight ?? 0) > 0) ? all : [...wanted, ...old];
}
