import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const carriers = new WeakMap<Socket, Socket>();

/** Remembers that `socket` is spoken over `tcp`, which alone can be reset. */
export function carry(socket: TLSSocket, tcp: Socket): void {
  carriers.set(socket, tcp);
}

/**
 * Ends a connection so that the other side sees it broken off, not ended (of TLS: without a close_notify). Where our half has been ended
 * already, libuv refuses the reset and Node then loses the handle (it would stay open for ever), so that one is closed.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else (carriers.get(socket) ?? socket).resetAndDestroy();
}
