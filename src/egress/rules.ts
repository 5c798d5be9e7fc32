import { isIP } from 'node:net';
import type { EgressConfig } from '../model/config.ts';
import { CidrList } from './cidr-list.ts';
import { meaningsOf } from './embedded.ts';
import { FORBIDDEN_RANGES } from './ranges.ts';

/** Where an endpoint's address comes from: it was written into the resource, or found in an EndpointSlice. */
export type Origin = 'Addresses' | 'EndpointSlices';

const FORBIDDEN = FORBIDDEN_RANGES.map(({ what, cidrs }) => ({ what, list: new CidrList(cidrs) }));
const ANY_FORBIDDEN = new CidrList(FORBIDDEN_RANGES.flatMap(({ cidrs }) => cidrs));
/** So many verdicts are remembered, since EndpointSlices are looked through whole at each change. */
const REMEMBERED = 16_384;

/**
 * Where balancers in a cluster may connect to. Whoever may write a resource, or an EndpointSlice (CVE-2021-25740), must not get by it at what
 * only the balancer's pod can reach.
 */
export class EgressRules {
  readonly #config: EgressConfig;
  readonly #allowed: CidrList;
  readonly #apiServers: CidrList;
  readonly #verdicts = new Map<string, string | null>();

  constructor(config: EgressConfig) {
    this.#config = config;
    this.#allowed = new CidrList(config.allowedAddresses);
    this.#apiServers = new CidrList(config.apiServers.flatMap(meaningsOf).map((ip) => `${ip}/${isIP(ip) === 4 ? 32 : 128}`));
  }

  /** Why no server is connected to at this IP address: the rest of a sentence that begins with it. Null: it may be. */
  refusal(ip: string, origin: Origin): string | null {
    const key = `${origin} ${ip}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#decide(ip, origin);
    if (this.#verdicts.size >= REMEMBERED) this.#verdicts.clear();
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  /** The same of a host in a resource. What a name stands for is only known when a connection is made, and decided then. */
  hostRefusal(host: string): string | null {
    if (isIP(host) !== 0) return this.refusal(host, 'Addresses');
    return this.#config.allowedAddresses.length === 0 ? this.#notAllowed() : null;
  }

  #decide(ip: string, origin: Origin): string | null {
    if (isIP(ip) === 0) return 'is not an IP address';
    const meanings = meaningsOf(ip);
    for (const meaning of meanings) {
      const what = this.#forbidden(meaning);
      if (what !== null) return `is ${what}, and no balancer in a cluster connects to one, whatever --allowed-addresses says`;
    }
    return origin === 'EndpointSlices' || meanings.some((meaning) => this.#allowed.contains(meaning)) ? null : this.#notAllowed();
  }

  #forbidden(ip: string): string | null {
    if (ANY_FORBIDDEN.contains(ip)) return FORBIDDEN.find(({ list }) => list.contains(ip))?.what ?? null;
    return this.#apiServers.contains(ip) ? 'an address of the API server' : null;
  }

  #notAllowed(): string {
    const { allowedAddresses } = this.#config;
    return allowedAddresses.length === 0
      ? 'is not allowed: the operator was started without --allowed-addresses'
      : `is not allowed: the operator was started with --allowed-addresses=${allowedAddresses.join(',')}`;
  }
}
