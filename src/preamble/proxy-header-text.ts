import { isIP } from 'node:net';
import type { ProxiedPath } from './proxied-path.ts';

export type ProxyProtocolVersion = 'V1' | 'V2';

export const PROXY_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** The header that tells a server whose the connection is. `path` null: ours, as that of a heartbeat. */
export function proxyHeader(version: ProxyProtocolVersion, path: ProxiedPath | null): Buffer {
  const ends = path && sameFamily(plain(path.source), plain(path.destination));
  if (version === 'V1') return Buffer.from(ends && path ? version1(ends, path) : 'PROXY UNKNOWN\r\n', 'latin1');
  return ends && path ? version2(ends, path) : Buffer.concat([PROXY_SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
}

type Ends = readonly [family: 4 | 6, source: string, destination: string];

/** An IPv4 address that a socket of both families gives as an IPv6 one is IPv4's. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.split('%')[0] ?? '';
}

/** A header has one family: where they differ, IPv4 is mapped into IPv6. Null: one of them is unknown, as when the client has gone meanwhile. */
function sameFamily(source: string, destination: string): Ends | null {
  const families = [isIP(source), isIP(destination)];
  if (families.includes(0)) return null;
  if (families[0] === families[1]) return [families[0] === 4 ? 4 : 6, source, destination];
  const mapped = (address: string) => (isIP(address) === 4 ? `::ffff:${address}` : address);
  return [6, mapped(source), mapped(destination)];
}

function version1([family, source, destination]: Ends, { sourcePort, destinationPort }: ProxiedPath): string {
  return `PROXY TCP${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`;
}

function version2([family, source, destination]: Ends, { sourcePort, destinationPort }: ProxiedPath): Buffer {
  const addresses = Buffer.concat([source, destination].map(family === 4 ? ipv4Bytes : ipv6Bytes));
  const header = Buffer.alloc(4);
  header[0] = 0x21;
  header[1] = family === 4 ? 0x11 : 0x21;
  header.writeUInt16BE(addresses.length + 4, 2);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  return Buffer.concat([PROXY_SIGNATURE, header, addresses, ports]);
}

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function ipv6Bytes(address: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [, start = '', ...octets] = dotted ?? [];
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  const text = dotted ? `${start}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}` : address;
  const [before = '', after] = text.split('::');
  const groups = (part: string) => part.split(':').filter(Boolean);
  const [head, tail] = [groups(before), groups(after ?? '')];
  const all = after === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}
