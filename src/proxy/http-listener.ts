import type { Socket } from 'node:net';
import type { ListenerConfig } from '../model/config.ts';
import { ClientConnection, type ClientHost } from './client-connection.ts';
import type { ProxyContext, Route } from './context.ts';
import { Listener, type ListenerConnection } from './listener.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** A port that speaks HTTP/1.1. */
export class HttpListener extends Listener implements ClientHost {
  #trusted: TrustedProxies;

  constructor(context: ProxyContext, route: Route) {
    super(context, route);
    this.#trusted = new TrustedProxies(route.listener.trustedProxies);
  }

  override configure(config: ListenerConfig): void {
    super.configure(config);
    this.#trusted = new TrustedProxies(config.trustedProxies);
  }

  trusts(address: string): boolean {
    return this.#trusted.has(address);
  }

  protected override accept(socket: Socket): ListenerConnection {
    return new ClientConnection(socket, this);
  }
}
