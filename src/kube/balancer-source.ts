import type { KubeObject } from '../api/meta.ts';
import { parseBalancerConfig } from '../config/parse-balancer-config.ts';
import type { Random } from '../model/clock.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { ConfigSource, ConfigTarget } from '../model/ports.ts';
import { CONFIG_KEY } from '../resources/config-map.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import { EndpointResolver, type EndpointSlice, followedServices, SERVICE_NAME_LABEL } from './endpoint-slices.ts';
import { messageOf } from './errors.ts';
import { RELIST_INTERVAL_MS, Reflector } from './reflector.ts';
import { Resources } from './resources.ts';
import { sleep, systemTimers, type Timers } from './timers.ts';

export interface ClusterConfigSourceOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Name of the ConfigMap that holds the resolved configuration. */
  readonly configMap: string;
  /** The API was away, or answered otherwise than it should, and what it holds was read anew. */
  readonly onReturn?: () => void;
  /** Without contact with the API for longer, endpoints are called stale. 10 s unless given. */
  readonly staleAfterMs?: number;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
}

const STALE_AFTER_MS = 10_000;
const STALE_CHECK_MS = 1_000;
/** Slices of one rollout come in bursts: one delivery for each. */
const GATHER_MS = 10;
/** A configuration whose EndpointSlices are not here after this long is reported; the last good one goes on meanwhile. */
const SLICES_LATE_MS = 5_000;

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** The EndpointSlices of a set of Services. */
interface Following {
  readonly selector: string;
  readonly slices: Reflector<EndpointSlice>;
}

/**
 * A balancer's configuration and endpoints in a cluster: from its ConfigMap, and from the EndpointSlices of the Services that this
 * names. Goes on with what it knows while the API is away.
 */
export class ClusterConfigSource implements ConfigSource {
  readonly #options: ClusterConfigSourceOptions;
  readonly #timers: Timers;
  readonly #configMaps: Reflector<ConfigMap>;
  readonly #resolver = new EndpointResolver();
  readonly #stopped = new AbortController();
  #target: ConfigTarget | null = null;
  #config: BalancerConfig | null = null;
  #following: Following | null = null;
  /** A configuration that waits for its slices; a newer one takes its place. */
  #adopting = new AbortController();
  #isAdopting = false;
  /** Services that had slices when endpoints were delivered last. */
  #served: ReadonlySet<string> = new Set();
  #asking = false;
  #stale = false;
  /** Backends that go on with servers that are not called ready, as it was told last. */
  #heldOver = '';
  #gathering = false;
  #markDelivered: () => void = () => {};

  constructor(options: ClusterConfigSourceOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#configMaps = new Reflector<ConfigMap>({
      ...this.#basics(),
      resource: Resources.ConfigMap,
      fieldSelector: `metadata.name=${options.configMap}`,
      ...(options.onReturn ? { onRelisted: options.onReturn } : {}),
    });
  }

  async start(target: ConfigTarget): Promise<void> {
    this.#target = target;
    const delivered = new Promise<void>((resolve) => {
      this.#markDelivered = resolve;
    });
    this.#configMaps.onChange(({ type, object }) => {
      if (type === 'Deleted') this.#reject(`the ConfigMap ${this.#options.configMap} is gone`);
      else this.#read(object);
    });
    this.#configMaps.start();
    void this.#watchStaleness();
    await delivered;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#adopting.abort();
    this.#markDelivered();
    await Promise.all([this.#configMaps.stop(), this.#following?.slices.stop()]);
  }

  #read(configMap: ConfigMap): void {
    let config: BalancerConfig;
    try {
      const json = configMap.data?.[CONFIG_KEY];
      if (json === undefined) throw new Error(`it has no key ${CONFIG_KEY}`);
      config = parseBalancerConfig(json);
    } catch (error) {
      this.#reject(`the ConfigMap ${this.#options.configMap} cannot be used: ${messageOf(error)}`);
      return;
    }
    this.#adopting.abort();
    this.#adopting = new AbortController();
    void this.#adopt(config, this.#adopting.signal);
  }

  /** Takes a configuration over once the slices of its Services are here: one that names a new Service must not begin without servers. */
  async #adopt(config: BalancerConfig, superseded: AbortSignal): Promise<void> {
    const following = this.#followingFor(config);
    this.#isAdopting = true;
    if (following !== null && !following.slices.isSynced) {
      await this.#firstSlices(following, superseded);
      if (superseded.aborted) return following.slices.stop();
    }
    this.#isAdopting = false;
    const before = this.#following;
    this.#following = following;
    this.#config = config;
    this.#served = new Set();
    this.#target?.applyConfig(config);
    this.#deliver();
    if (before !== following) await before?.slices.stop();
  }

  /** Null: this configuration names no Service. */
  #followingFor(config: BalancerConfig): Following | null {
    const services = followedServices(config.backends);
    if (services.length === 0) return null;
    const selector = `${SERVICE_NAME_LABEL} in (${services.join(',')})`;
    if (this.#following?.selector === selector) return this.#following;
    const slices = new Reflector<EndpointSlice>({
      ...this.#basics(),
      resource: Resources.EndpointSlice,
      labelSelector: selector,
      indexes: { service: (slice) => [slice.metadata?.labels?.[SERVICE_NAME_LABEL] ?? ''] },
    });
    slices.onChange(() => this.#gather());
    return { selector, slices };
  }

  async #firstSlices({ slices, selector }: Following, superseded: AbortSignal): Promise<void> {
    const cancel = this.#timers.after(SLICES_LATE_MS, () => {
      this.#reject(`no EndpointSlices yet for ${selector}: ${slices.lastError?.message ?? 'the API server has not answered'}`);
    });
    slices.start();
    const givenUp = new Promise<void>((resolve) => superseded.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([slices.synced, givenUp]);
    cancel();
  }

  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#timers.after(GATHER_MS, () => {
      this.#gathering = false;
      this.#deliver();
    });
  }

  /**
   * Where a Service has lost all its slices, the configuration may have left it, too, and that not be known yet: it and the slices are read
   * one after the other when the API server was away. Until it is, those that were there go on, as heartbeats find them.
   */
  async #askForConfig(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    await this.#configMaps.refresh();
    this.#asking = false;
    // One that is waiting for its slices brings its own endpoints.
    if (!this.#isAdopting) this.#deliver(true);
  }

  /** `isSure`: the configuration was read after the slices. */
  #deliver(isSure = false): void {
    if (this.#config === null || this.#stopped.signal.aborted) return;
    const slices = this.#following?.slices;
    const served = new Set(followedServices(this.#config.backends).filter((service) => slices?.byIndex('service', service).length));
    if (!isSure && [...this.#served].some((service) => !served.has(service))) {
      void this.#askForConfig();
      return;
    }
    this.#served = served;
    const endpoints = this.#resolver.resolve(this.#config.backends, (service) => slices?.byIndex('service', service) ?? []);
    this.#tellHeldOver();
    this.#target?.applyEndpoints(endpoints, this.#stale);
    this.#markDelivered();
  }

  #tellHeldOver(): void {
    const backends = this.#resolver.heldOver.join(', ');
    if (backends === this.#heldOver) return;
    if (backends !== '') {
      this.#logger.warn('no server is called ready any more: those that were go on, as heartbeats find them', { backends });
    } else this.#logger.warn('there are servers again that are called ready', { backends: this.#heldOver });
    this.#heldOver = backends;
  }

  async #watchStaleness(): Promise<void> {
    const { signal } = this.#stopped;
    const limit = this.#options.staleAfterMs ?? STALE_AFTER_MS;
    while (!signal.aborted) {
      await sleep(this.#timers, STALE_CHECK_MS, signal);
      const stale = (this.#following?.slices.lastContactAgeMs() ?? 0) > limit;
      if (stale === this.#stale) continue;
      this.#stale = stale;
      this.#logger.warn(stale ? 'the API server is away: going on with the endpoints that are known' : 'the API server is back');
      this.#deliver();
    }
  }

  #reject(message: string): void {
    if (this.#stopped.signal.aborted) return;
    this.#logger.error('a configuration is not used', { reason: message });
    this.#target?.rejectConfig(message);
  }

  get #logger(): Logger {
    return this.#options.logger ?? silentLogger;
  }

  #basics() {
    const { client, namespace, timers, random, logger } = this.#options;
    return {
      client,
      namespace,
      relistIntervalMs: RELIST_INTERVAL_MS,
      ...(timers ? { timers } : {}),
      ...(random ? { random } : {}),
      ...(logger ? { logger } : {}),
    };
  }
}
