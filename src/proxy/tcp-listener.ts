import type { Socket } from 'node:net';
import { Listener, type ListenerConnection } from './listener.ts';
import { TcpConnection } from './tcp-connection.ts';

/** A port whose bytes are passed on as they are. */
export class TcpListener extends Listener {
  protected override accept(socket: Socket): ListenerConnection {
    return new TcpConnection(socket, this);
  }
}
