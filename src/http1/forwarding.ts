import type { RequestHead } from './types.ts';

/** Who is in front of a client connection: constant over all its requests. */
export interface ForwardingPeer {
  /** The client's IP address, without brackets. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** What it speaks; of 1 the request's own minor version counts. */
  readonly httpMajor: 1 | 2;
  /** It is a proxy of ours: what it says about those in front of it is kept and added to; of anybody else it is replaced. */
  readonly trusted: boolean;
  /** Our name in Via (RFC 9110 §7.6.3): a token, the same for all replicas of one balancer, other than any other balancer's. */
  readonly pseudonym: string;
}

/** The lines that a proxy adds to a request: Via, X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239). */
export class ForwardingFields {
  readonly #peer: ForwardingPeer;
  readonly #for: string;
  readonly #address: string;
  #cachedHost: string | null = null;
  #cachedMinor: 0 | 1 = 1;
  #cachedLines = '';

  constructor(peer: ForwardingPeer) {
    this.#peer = peer;
    this.#address = /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(peer.address) ? peer.address.slice('::ffff:'.length) : peer.address;
    this.#for = this.#address.includes(':') ? `"[${this.#address}]"` : this.#address;
  }

  /** The lines for one request, each ending in CRLF. */
  lines(head: RequestHead): string {
    if (this.#peer.trusted || head.via !== '') return this.#build(head);
    // The requests of a connection mostly name one host: then the text is the same each time.
    if (head.host !== this.#cachedHost || head.minor !== this.#cachedMinor) {
      this.#cachedLines = this.#build(head);
      this.#cachedHost = head.host;
      this.#cachedMinor = head.minor;
    }
    return this.#cachedLines;
  }

  #build(head: RequestHead): string {
    const { scheme, httpMajor, trusted, pseudonym } = this.#peer;
    const { xForwardedFor, xForwardedProto, xForwardedHost, forwarded, others } = head.forwarded;
    const host = (trusted && xForwardedHost) || head.host;
    const own = `for=${this.#for}${head.host === '' ? '' : `;host=${quoted(head.host)}`};proto=${scheme}`;
    return (
      `Via: ${appended(head.via, `${httpMajor === 2 ? '2.0' : `1.${head.minor}`} ${pseudonym}`)}\r\n` +
      `X-Forwarded-For: ${appended(trusted ? xForwardedFor : '', this.#address)}\r\n` +
      `X-Forwarded-Proto: ${(trusted && xForwardedProto) || scheme}\r\n` +
      (host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`) +
      `Forwarded: ${appended(trusted ? forwarded : '', own)}\r\n` +
      (trusted ? others : '')
    );
  }
}

/**
 * True where a request has been through the proxy `pseudonym` before (RFC 9110 §7.6.3): the caller answers 508. `via` is the value
 * of all Via lines.
 */
export function viaNames(via: string, pseudonym: string): boolean {
  if (via === '' || !via.includes(pseudonym)) return false;
  return via.split(',').some((element) => element.trim().split(/[ \t]+/)[1] === pseudonym);
}

function appended(list: string, element: string): string {
  return list === '' ? element : `${list}, ${element}`;
}

/** RFC 7239 §4: a value that is no token, as one with a port or an IPv6 address, stands in quotes. A host has nothing to escape. */
function quoted(host: string): string {
  return /[:[]/.test(host) ? `"${host}"` : host;
}
