import { isIP } from 'node:net';
import type { KubeClient } from '../kube/client.ts';
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../kube/endpoint-slices.ts';
import { ApiError } from '../kube/errors.ts';
import { RELIST_INTERVAL_MS, Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resources.ts';
import type { Timers } from '../kube/timers.ts';
import type { Random } from '../model/clock.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ApiServersOptions {
  readonly client: KubeClient;
  /** Where this process itself finds the API server. */
  readonly server: URL;
  readonly timers: Timers;
  readonly random?: Random | undefined;
  readonly logger: Logger;
  readonly onChange: () => void;
}

/** The Service by which every cluster's API server is found. */
const KUBERNETES = { namespace: 'default', labelSelector: `${SERVICE_NAME_LABEL}=kubernetes` };
/** One that has gone may only be restarting: until it is clear that it is not, nothing is changed for it. */
const HELD_MS = 600_000;

/** The IP addresses of the API server, so that no balancer is made to send requests there. */
export class ApiServers {
  readonly #options: ApiServersOptions;
  readonly #slices: Reflector<EndpointSlice>;
  readonly #own: readonly string[];
  /** Those of the slices, with how to end the wait for one that has gone. */
  readonly #held = new Map<string, (() => void) | null>();

  constructor(options: ApiServersOptions) {
    const { client, server, timers, random = Math.random, logger } = options;
    this.#options = options;
    const host = server.hostname.replace(/^\[|\]$/g, '');
    this.#own = isIP(host) === 0 ? [] : [host];
    const common = { client, logger, timers, random, relistIntervalMs: RELIST_INTERVAL_MS };
    this.#slices = new Reflector<EndpointSlice>({ ...common, resource: Resources.EndpointSlice, ...KUBERNETES });
    this.#slices.onChange(() => this.#look());
  }

  /** Sorted. */
  list(): readonly string[] {
    return [...new Set([...this.#own, ...this.#held.keys()])].sort();
  }

  /** Resolves when they are known; at once where this operator has no right to know them, because it serves one namespace only. */
  async start(): Promise<void> {
    const { client, logger } = this.#options;
    try {
      await client.list(Resources.EndpointSlice, KUBERNETES);
    } catch (error) {
      if (error instanceof ApiError && error.code === 403) {
        logger.warn(
          'no right to the EndpointSlices of default/kubernetes: of the API server only the address used here is kept from balancers',
        );
        return;
      }
    }
    this.#slices.start();
    await this.#slices.synced;
    this.#look();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#held.values()) cancel?.();
    await this.#slices.stop();
  }

  #look(): void {
    const before = this.list().join();
    const there = new Set(this.#slices.list().flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])));
    for (const address of there) {
      this.#held.get(address)?.();
      this.#held.set(address, null);
    }
    for (const [address, leaving] of this.#held) {
      if (there.has(address) || leaving !== null) continue;
      this.#held.set(
        address,
        this.#options.timers.after(HELD_MS, () => this.#drop(address)),
      );
    }
    if (this.list().join() !== before) this.#options.onChange();
  }

  #drop(address: string): void {
    this.#held.delete(address);
    this.#options.onChange();
  }
}
