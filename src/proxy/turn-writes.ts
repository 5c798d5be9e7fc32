import type { Socket } from 'node:net';

/** So many leave together at most: the first does not wait for the last of a long turn. */
const TOGETHER = 32;

/** Corked, in the order in which they were written to. */
let gathered: Socket[] = [];
let awaited = false;

function turnOver(): void {
  awaited = false;
  sendGathered();
}

/**
 * Writes `text` (latin1) when this turn of the event loop is over, together with what it has for others. A process that sleeps has to be woken
 * for what is sent to it, which costs the sender more than all else about a small write; one that is still at the one before need not be.
 */
export function writeThisTurn(socket: Socket, text: string): void {
  if (!socket.connecting && socket.writableCorked === 0) {
    socket.cork();
    gathered.push(socket);
    if (!awaited) setImmediate(turnOver);
    awaited = true;
  }
  socket.write(text, 'latin1');
  if (gathered.length === TOGETHER) sendGathered();
}

/** Sends what has been gathered so far. What is written while `setImmediate` has its turn would wait for the end of the next one. */
export function sendGathered(): void {
  const sockets = gathered;
  gathered = [];
  for (const socket of sockets) sendNow(socket);
}

/** Sends what `socket` has, before anything that is written to it from now on. */
export function sendNow(socket: Socket): void {
  if (socket.writableCorked > 0) socket.uncork();
}
