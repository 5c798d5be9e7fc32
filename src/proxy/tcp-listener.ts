import type { Socket } from 'node:net';
import { Listener } from './listener.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { TcpConnection } from './tcp-connection.ts';

/** A port whose bytes are passed on as they are. */
export class TcpListener extends Listener {
  protected override accept(socket: Socket): ListenerConnection {
    return new TcpConnection(socket, this);
  }
}
