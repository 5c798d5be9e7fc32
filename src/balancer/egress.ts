import type { LookupFunction } from 'node:net';
import { admit, type RefusedEndpoint } from '../egress/admission.ts';
import { EgressRules } from '../egress/rules.ts';
import type { BalancerConfig, EgressConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Registry } from '../telemetry/metrics.ts';
import { guardedLookup } from '../tls/guarded-lookup.ts';

/** Keeps this balancer from servers that it may not connect to: leaves out endpoints, and what names stand for; tells of both. */
export class Egress {
  /** Of every connection to a server whose host is a name. */
  readonly lookup: LookupFunction;
  readonly #logger: Logger;
  readonly #apiServers: readonly string[] | null;
  #config: BalancerConfig | null = null;
  #rules: EgressRules | null = null;
  #refused: readonly RefusedEndpoint[] = [];
  #lookups = 0;
  /** `host address` of lookups that were told of in the log: each once for one configuration. */
  #told = new Set<string>();

  /** `apiServers`: addresses of the API server that this process itself knows of, beside those of the configuration; null: the configuration is all. */
  constructor(logger: Logger, apiServers: readonly string[] | null) {
    this.#logger = logger;
    this.#apiServers = apiServers;
    this.lookup = guardedLookup({ rules: () => this.#rules, onRefused: (...refusal) => this.#lookupRefused(...refusal) });
  }

  /** Endpoints that are left out now. */
  get refused(): readonly RefusedEndpoint[] {
    return this.#refused;
  }

  /** What it is to be judged by from now on, and what other processes of this balancer are to go by, too. */
  configure(given: BalancerConfig): BalancerConfig {
    const config = { ...given, egress: this.#completed(given.egress) };
    this.#config = config;
    this.#told = new Set();
    this.#rules = config.egress && new EgressRules(config.egress);
    return config;
  }

  /** Those of `endpoints` that may be connected to. */
  admit(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    if (this.#config === null || this.#rules === null) return endpoints;
    const { admitted, refused } = admit(endpoints, this.#config.backends, this.#rules);
    const known = new Set(this.#refused.map(({ endpoint }) => endpoint.id));
    for (const { endpoint, why } of refused) {
      if (!known.has(endpoint.id)) this.#logger.warn('endpoint is refused', { endpoint: endpoint.id, backend: endpoint.backend, why });
    }
    this.#refused = refused;
    return admitted;
  }

  register(registry: Registry): void {
    registry.gauge('evenkeel_refused_endpoints', 'Endpoints that may not be connected to.', ['backend']).collect((gauge) => {
      gauge.reset();
      for (const { name } of this.#config?.backends ?? []) gauge.with(name);
      for (const { endpoint } of this.#refused) gauge.with(endpoint.backend).set(gauge.with(endpoint.backend).value + 1);
    });
    registry
      .counter('evenkeel_refused_lookups_total', 'Addresses that a name stood for and that may not be connected to.')
      .collect((counter) => {
        counter.with().value = this.#lookups;
      });
  }

  /** In a cluster a configuration without rules, which no operator writes, allows nothing. */
  #completed(egress: EgressConfig | null): EgressConfig | null {
    if (this.#apiServers === null) return egress;
    return { allowedAddresses: egress?.allowedAddresses ?? [], apiServers: [...(egress?.apiServers ?? []), ...this.#apiServers] };
  }

  #lookupRefused(host: string, address: string, why: string): void {
    this.#lookups++;
    const what = `${host} ${address}`;
    if (this.#told.has(what) || this.#told.size >= 100) return;
    this.#told.add(what);
    this.#logger.warn('an address is refused', { host, address, why });
  }
}
