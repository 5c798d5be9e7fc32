import type { Socket } from 'node:net';
import type { ListenerConfig } from '../model/config.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientHost } from './client-host.ts';
import type { ProxyContext, Route } from './context.ts';
import { Http2Connection } from './http2-connection.ts';
import { Listener, type ListenerConnection } from './listener.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** A port that speaks HTTP: 1.1 and 1.0, and 2 to clients that begin with its preface (RFC 9113 §3.3). */
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

  speakHttp2(socket: Socket, received: Buffer): void {
    // Stopped first: bytes given back to a socket that flows would go to nobody.
    socket.pause();
    socket.unshift(received);
    this.replace(socket, new Http2Connection(socket, this));
  }

  protected override accept(socket: Socket): ListenerConnection {
    return new ClientConnection(socket, this);
  }
}
