import { BlockList, isIP } from 'node:net';

/** Ranges of IP addresses of both families, which do not touch each other: to one list, `::/0` would hold all of IPv4, too. */
export class CidrList {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  /** `cidrs` must be valid. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [network = '', bits] = cidr.split('/');
      if (isIP(network) === 4) this.#ipv4.addSubnet(network, Number(bits), 'ipv4');
      else this.#ipv6.addSubnet(network, Number(bits), 'ipv6');
    }
  }

  contains(ip: string): boolean {
    return isIP(ip) === 4 ? this.#ipv4.check(ip, 'ipv4') : this.#ipv6.check(ip, 'ipv6');
  }
}
