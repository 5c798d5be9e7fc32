import type { Socket } from 'node:net';
import type { ListenerConfig } from '../model/config.ts';
import { ClientConnection, type ClientHost } from './client-connection.ts';
import type { ClientPath } from './client-path.ts';
import type { ProxyContext, Route } from './context.ts';
import { Listener } from './listener.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** What is spoken with a client, the most wanted first, by its name in ALPN (RFC 7301). */
const APPLICATION_PROTOCOLS = ['http/1.1'] as const;

/** A port that speaks HTTP/1.1, over TLS or not. */
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

  protected override accept(socket: Socket, path: ClientPath): ListenerConnection {
    return new ClientConnection(socket, path, this);
  }
}
