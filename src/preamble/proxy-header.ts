import { isIP } from 'node:net';
import { PreambleError } from './preamble-error.ts';
import type { ProxiedPath } from './proxied-path.ts';
import { PROXY_SIGNATURE } from './proxy-header-text.ts';

/**
 * The PROXY protocol (haproxy.org, proxy-protocol.txt, versions 1 and 2): what a proxy in front says of its client before the connection's
 * own first byte. Only what is for TCP is taken, and only what can be read in one way.
 */
export interface ProxyHeader {
  /** Between whom the proxy's own connection is; null: it speaks for itself (LOCAL), or does not know (UNKNOWN, a Unix socket). */
  readonly path: ProxiedPath | null;
  /** Bytes that the header takes up. */
  readonly size: number;
}

/** It is no header, or one that is not taken. */
export class ProxyHeaderError extends PreambleError {
  override readonly name = 'ProxyHeaderError';
}

const V1_START = Buffer.from('PROXY ', 'latin1');
const V1_MOST = 107;
const V1_LINE = /^PROXY (?:(TCP4|TCP6) (\S+) (\S+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})|UNKNOWN(?: [\x20-\x7e]*)?)\r\n$/;
/** Version 2: the fixed part, and the most that may follow: addresses, and what the proxy adds to them. */
const V2_FIXED = 16;
const HEADER_BYTES = 4_096;

/**
 * The header that `bytes` begin with; null: there is more to come.
 * @throws ProxyHeaderError as soon as it is certain that there is none
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | null {
  if (bytes.length === 0) return null;
  if (startsLike(bytes, PROXY_SIGNATURE)) return readVersion2(bytes);
  if (startsLike(bytes, V1_START)) return readVersion1(bytes);
  throw new ProxyHeaderError('the connection does not begin with a PROXY header');
}

/** As far as both go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readVersion1(bytes: Buffer): ProxyHeader | null {
  const end = bytes.subarray(0, V1_MOST).indexOf('\n');
  if (end < 0) {
    if (bytes.length >= V1_MOST) throw new ProxyHeaderError('the PROXY header does not end');
    return null;
  }
  const size = end + 1;
  const match = V1_LINE.exec(bytes.toString('latin1', 0, size));
  if (!match) throw new ProxyHeaderError('the PROXY header is malformed');
  const [, family, source = '', destination = '', ...ports] = match;
  if (family === undefined) return { path: null, size };
  const version = family === 'TCP4' ? 4 : 6;
  // A zone (fe80::1%eth0) means something on the proxy's machine only.
  const good = [source, destination].every((address) => isIP(address) === version && !address.includes('%'));
  const [sourcePort = 0, destinationPort = 0] = ports.map(Number);
  if (!good || sourcePort > 65_535 || destinationPort > 65_535) throw new ProxyHeaderError('the PROXY header is malformed');
  return { path: { source, sourcePort, destination, destinationPort }, size };
}

function readVersion2(bytes: Buffer): ProxyHeader | null {
  const versionAndCommand = bytes[12];
  if (versionAndCommand === undefined) return null;
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) throw new ProxyHeaderError('the PROXY header is of an unknown version');
  if (bytes.length < V2_FIXED) return null;
  const length = bytes.readUInt16BE(14);
  if (length > HEADER_BYTES) throw new ProxyHeaderError('the PROXY header is too long');
  if (bytes.length < V2_FIXED + length) return null;
  const size = V2_FIXED + length;
  if (versionAndCommand === 0x20) return { path: null, size };
  const addresses = bytes.subarray(V2_FIXED, size);
  switch (bytes[13]) {
    case 0x00: // not specified
      return { path: null, size };
    case 0x11: // TCP over IPv4
      if (length < 12) break;
      return { path: pathOf(addresses, 4, (bytes) => bytes.join('.')), size };
    case 0x21: // TCP over IPv6
      if (length < 36) break;
      return { path: pathOf(addresses, 16, ipv6), size };
    case 0x31: // a Unix socket
      if (length < 216) break;
      return { path: null, size };
    default:
      throw new ProxyHeaderError('the PROXY header is for another protocol than TCP');
  }
  throw new ProxyHeaderError('the PROXY header is too short for its addresses');
}

function pathOf(bytes: Buffer, length: 4 | 16, text: (address: Buffer) => string): ProxiedPath {
  return {
    source: text(bytes.subarray(0, length)),
    sourcePort: bytes.readUInt16BE(2 * length),
    destination: text(bytes.subarray(length, 2 * length)),
    destinationPort: bytes.readUInt16BE(2 * length + 2),
  };
}

/** As RFC 5952 writes it. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  const runs = [...groups.join(' ').matchAll(/\b0( 0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [run] = runs;
  if (!run) return groups.join(':');
  const text = groups.join(' ');
  const before = text.slice(0, run.index).trim().replaceAll(' ', ':');
  const after = text
    .slice(run.index + run[0].length)
    .trim()
    .replaceAll(' ', ':');
  return `${before}::${after}`;
}
