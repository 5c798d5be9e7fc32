import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerConfig } from '../model/config.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientHost } from './client-host.ts';
import type { ClientPath } from './client-path.ts';
import type { ProxyContext, Route } from './context.ts';
import { Http2Connection } from './http2-connection.ts';
import { type Follow, Listener } from './listener.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** What is spoken with a client, the most wanted first, by its name in ALPN (RFC 7301). */
const APPLICATION_PROTOCOLS = ['h2', 'http/1.1'] as const;

/**
 * A port that speaks HTTP: 1.1 and 1.0, and 2 to clients that agree on it by ALPN or, without TLS, begin with its preface (RFC 9113 §3.2, 3.3).
 */
export class HttpListener extends Listener implements ClientHost {
  #trusted: TrustedProxies;

  constructor(context: ProxyContext, route: Route) {
    super(context, route, APPLICATION_PROTOCOLS);
    this.#trusted = new TrustedProxies(route.listener.trustedProxies);
  }

  override configure(config: ListenerConfig): void {
    super.configure(config);
    this.#trusted = new TrustedProxies(config.trustedProxies);
  }

  get scheme(): 'http' | 'https' {
    return this.route.listener.protocol === 'HTTPS' ? 'https' : 'http';
  }

  trusts(address: string): boolean {
    return this.#trusted.has(address);
  }

  protected override get readsDirectly(): boolean {
    return this.route.listener.protocol === 'HTTP';
  }

  protected override accept(socket: Socket, path: ClientPath, reads: AcceptedReads | null, follow: Follow): ListenerConnection {
    if ((socket as Partial<TLSSocket>).alpnProtocol === 'h2') return new Http2Connection(socket, path, this, reads, null);
    return new ClientConnection(socket, path, this, reads, (received) => follow(new Http2Connection(socket, path, this, reads, received)));
  }
}
