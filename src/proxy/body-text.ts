import type { Socket } from 'node:net';
import { latin1 } from '../http1/bytes.ts';
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../http1/chunk-text.ts';
import { ONE_STRING_BYTES } from './limits.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

export function bytesOf(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}

/** Small pieces with what stands around them on the wire. */
function asText(before: string, chunked: boolean, pieces: readonly Buffer[], bytes: number, done: boolean): string {
  let text = before;
  if (chunked && bytes > 0) text += chunkStart(bytes);
  for (const piece of pieces) text += latin1(piece, 0, piece.length);
  if (chunked && bytes > 0) text += CHUNK_END;
  return chunked && done ? text + LAST_CHUNK : text;
}

/**
 * Writes `head` (may be empty) and the pieces of a response's body to a client. The pieces are views of what `source` has just received:
 * where they cannot leave at once, their buffer is left to the write.
 */
export function writeResponse(
  socket: Socket,
  head: string,
  chunked: boolean,
  pieces: readonly Buffer[],
  done: boolean,
  source: UpstreamConnection,
): void {
  const bytes = bytesOf(pieces);
  const loan = bytes > ONE_STRING_BYTES ? source.lend() : null;
  if (loan === null) {
    const text = asText(head, chunked, pieces, bytes, done);
    if (text !== '') socket.write(text, 'latin1');
    return;
  }
  const last = pieces.length - 1;
  socket.cork();
  const before = chunked ? head + chunkStart(bytes) : head;
  if (before !== '') socket.write(before, 'latin1');
  for (let each = 0; each < last; each++) socket.write(pieces[each] as Buffer);
  socket.write(pieces[last] as Buffer, loan.returned);
  if (chunked) socket.write(done ? CHUNK_END + LAST_CHUNK : CHUNK_END, 'latin1');
  socket.uncork();
  source.lent(loan, socket.writableLength > 0);
}

/** What a request's body looks like on its way to a server, in pieces that may be kept. Views of `pieces` are: nobody else writes into them. */
export function encodeRequestBody(chunked: boolean, pieces: readonly Buffer[], done: boolean): (Buffer | string)[] {
  const bytes = bytesOf(pieces);
  if (bytes === 0) return chunked && done ? [LAST_CHUNK] : [];
  if (bytes <= ONE_STRING_BYTES) return [asText('', chunked, pieces, bytes, done)];
  if (!chunked) return [...pieces];
  return [chunkStart(bytes), ...pieces, done ? CHUNK_END + LAST_CHUNK : CHUNK_END];
}
