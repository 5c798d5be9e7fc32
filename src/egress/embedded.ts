import { isIP } from 'node:net';
import { ipv6Groups } from '../api/v1alpha1/validation/ip.ts';

const MAPPED = '0,0,0,0,0,65535';
/** Heads under which the last 32 bits are an IPv4 address: IPv4-translated (RFC 2765), and NAT64's well-known prefix (RFC 6052). */
const CARRIERS: readonly string[] = ['0,0,0,0,65535,0', `${0x64},${0xff9b},0,0,0,0`];

/**
 * All that a connection to an IP address may end at: the address, and the IPv4 address that it stands for where it is of a kind that does.
 * One that is IPv4-mapped (RFC 4291 §2.5.5) is that IPv4 address and nothing else.
 */
export function meaningsOf(ip: string): readonly string[] {
  if (isIP(ip) === 4) return [ip];
  const [address = ''] = ip.split('%');
  const groups = ipv6Groups(address);
  const [, six = 0, to = 0, , , , high = 0, low = 0] = groups;
  const head = groups.slice(0, 6).join();
  if (head === MAPPED) return [dotted(high, low)];
  if (groups[0] === 0x2002) return [address, dotted(six, to)]; // 6to4, RFC 3056
  if (CARRIERS.includes(head)) return [address, dotted(high, low)];
  // IPv4-compatible, RFC 4291 §2.5.5.1; among them :: and ::1 have a meaning of their own.
  const isCompatible = head === '0,0,0,0,0,0' && (high > 0 || low > 1);
  return isCompatible ? [address, dotted(high, low)] : [address];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
