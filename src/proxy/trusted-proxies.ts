import { BlockList, isIP } from 'node:net';

/** The CIDRs of proxies in front of a listener, whose X-Forwarded-* and Forwarded are kept. Only what is an IP range takes part. */
export class TrustedProxies {
  readonly #list: BlockList | null;

  constructor(cidrs: readonly string[]) {
    this.#list = cidrs.length === 0 ? null : new BlockList();
    for (const cidr of cidrs) {
      const [address = '', prefix] = cidr.split('/');
      const family = isIP(address);
      if (family === 0) continue;
      this.#list?.addSubnet(address, prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /** `address`: an IP address; an IPv4 one may come mapped into IPv6, as a socket that listens on `::` gives it. */
  has(address: string): boolean {
    if (!this.#list) return false;
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
    const plain = mapped ?? address;
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }
}
