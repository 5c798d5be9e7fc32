import type { Socket } from 'node:net';

/**
 * Ends a connection so that the other side sees it broken off, not ended. Where our half has been ended already, libuv refuses the reset and
 * Node then loses the handle (it would stay open for ever), so that one is closed.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
