import { isIP } from 'node:net';

/** Kubernetes' CEL function of this name: an IPv4 or IPv6 address, without a zone, and none that maps IPv4 into IPv6. */
export function isAddress(text: string): boolean {
  const version = isIP(text);
  return version === 4 || (version === 6 && !text.includes('%') && !isMapped(text));
}

/** Kubernetes' CEL function of this name: an address as above, a slash and a prefix length without leading zeros. */
export function isPrefix(text: string): boolean {
  const slash = text.lastIndexOf('/');
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (slash === -1 || !isAddress(address) || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return false;
  return Number(bits) <= (isIP(address) === 4 ? 32 : 128);
}

/** `::ffff:0:0/96` in any spelling. */
function isMapped(text: string): boolean {
  return ipv6Groups(text).slice(0, 6).join() === '0,0,0,0,0,65535';
}

/** The eight numbers that an IPv6 address is made of, in any of its spellings. `text` must be one, without a zone. */
export function ipv6Groups(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function groupsOf(part: string): number[] {
  return part
    .split(':')
    .filter(Boolean)
    .flatMap((group) => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [a * 256 + b, c * 256 + d];
    });
}
