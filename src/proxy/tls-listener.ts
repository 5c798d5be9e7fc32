import type { Socket } from 'node:net';
import { readClientHello, UNRECOGNIZED_NAME } from '../preamble/client-hello.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import type { ClientPath } from './client-path.ts';
import { Greeting } from './greeting.ts';
import { type Follow, Listener } from './listener.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { TcpConnection } from './tcp-connection.ts';

/** A port whose clients speak TLS with the servers themselves: passed on as it is, to the servers of the host that a client asks for. */
export class TlsListener extends Listener {
  protected override accept(socket: Socket, path: ClientPath, _reads: AcceptedReads | null, follow: Follow): ListenerConnection {
    const { context, route, metrics } = this;
    const greeted = (serverName: string | null) => this.#begin(socket, path, serverName, follow);
    return new Greeting(socket, { context, route, metrics, read: serverNameIn, greeted });
  }

  #begin(socket: Socket, path: ClientPath, serverName: string | null, follow: Follow): void {
    if (this.route.pickerFor(serverName) === null) {
      this.metrics.failure('UnrecognizedName');
      socket.write(UNRECOGNIZED_NAME);
      socket.destroySoon();
      return;
    }
    follow(new TcpConnection(socket, path, this, serverName));
  }
}

/** All of it is for the server, too. */
function serverNameIn(bytes: Buffer): { readonly value: string | null; readonly size: number } | null {
  const hello = readClientHello(bytes);
  return hello && { value: hello.serverName, size: 0 };
}
