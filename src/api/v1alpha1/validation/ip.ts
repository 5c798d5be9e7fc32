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
  const [head = '', tail] = text.toLowerCase().split('::');
  const groups = (part: string) =>
    part
      .split(':')
      .filter(Boolean)
      .flatMap((group) => (group.includes('.') ? ['', ''] : [group]));
  const left = groups(head);
  const right = groups(tail ?? '');
  const all = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return all.slice(0, 5).every((group) => /^0+$/.test(group)) && all[5] === 'ffff';
}
