import { ForwardingFields } from '../http1/forwarding.ts';
import type { ClientPath } from './client-path.ts';
import type { ExchangeSurroundings } from './exchange-client.ts';

/** The listener that a client connection came through. */
export interface ClientHost extends ExchangeSurroundings {
  /** Going down: connections end with the exchange that they are at. */
  readonly draining: boolean;
  /** What clients speak with us. */
  readonly scheme: 'http' | 'https';
  trusts(address: string): boolean;
}

/** What servers are told of a client that speaks HTTP of that version. */
export function forwardingOf({ source }: ClientPath, host: ClientHost, httpMajor: 1 | 2): ForwardingFields {
  const { scheme, context } = host;
  return new ForwardingFields({ address: source, scheme, httpMajor, trusted: host.trusts(source), pseudonym: context.pseudonym });
}
