import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { forwardToAgent } from './agent.ts';
import type { PortForward } from './port-forward.ts';

/**
 * Connections of any kind to Services of the cluster. The load agent makes them, so they take the way of any client in the cluster; bytes come
 * and go by one `kubectl port-forward` to it. Use with `using`.
 */
export class Wire implements Disposable {
  readonly #forward: PortForward;
  readonly #sockets = new Set<Socket>();

  private constructor(forward: PortForward) {
    this.#forward = forward;
  }

  static async open(): Promise<Wire> {
    return new Wire(await forwardToAgent());
  }

  connect(host: string, port: number): Socket {
    const socket = connect({ port: this.#forward.port, host: '127.0.0.1', noDelay: true });
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.write(`${host} ${port}\n`);
    return socket;
  }

  /** Rejects where the handshake fails. Certificates are not verified: they are for names, and come from nobody. */
  async tls(host: string, port: number, options: ConnectionOptions): Promise<TLSSocket> {
    // It may have more than one error to tell, and only the first is waited for.
    const socket = connectTls({ socket: this.connect(host, port), rejectUnauthorized: false, ...options }).on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  }

  /** HTTP/2 in clear text by prior knowledge; over TLS where there are `options`. */
  async http2(host: string, port: number, options: ConnectionOptions | null = null): Promise<ClientHttp2Session> {
    const socket = options === null ? this.connect(host, port) : await this.tls(host, port, { ALPNProtocols: ['h2'], ...options });
    const session = connectHttp2(`http://${host}:${port}`, { createConnection: () => socket });
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    return session;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#forward[Symbol.dispose]();
  }
}
