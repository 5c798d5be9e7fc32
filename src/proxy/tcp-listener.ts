import type { Socket } from 'node:net';
import type { ClientPath } from './client-path.ts';
import { Listener } from './listener.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { TcpConnection } from './tcp-connection.ts';

/** A port whose bytes are passed on as they are. */
export class TcpListener extends Listener {
  protected override accept(socket: Socket, path: ClientPath): ListenerConnection {
    return new TcpConnection(socket, path, this, null);
  }
}
