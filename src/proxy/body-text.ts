import type { Socket } from 'node:net';
import { latin1 } from '../http1/bytes.ts';
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../http1/chunk-text.ts';

/** Where the bytes of a response come from: views of them are valid during the call that hands them over, unless their buffer is surrendered. */
export interface PayloadSource {
  /** `piece` lies in a buffer that can be surrendered. */
  owns(piece: Buffer): boolean;
  /** Leaves that buffer to whoever still holds views of it. */
  surrenderBuffer(): void;
  /** Trailer lines, each ending in CRLF, once the response is whole. */
  readonly trailers: string;
}

/** Up to here a message is put together as one latin1 string: one system call, and no buffer that must outlive it. */
export const ONE_STRING_BYTES = 8_192;

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
 * where they cannot leave at once they are copied, or their buffer is surrendered.
 */
export function writeResponse(
  socket: Socket,
  head: string,
  chunked: boolean,
  pieces: readonly Buffer[],
  done: boolean,
  source: PayloadSource,
): void {
  const bytes = bytesOf(pieces);
  if (bytes <= ONE_STRING_BYTES) {
    const text = asText(head, chunked, pieces, bytes, done);
    if (text !== '') socket.write(text, 'latin1');
    return;
  }
  let owned = false;
  socket.cork();
  const before = chunked ? head + chunkStart(bytes) : head;
  if (before !== '') socket.write(before, 'latin1');
  for (const piece of pieces) {
    const own = source.owns(piece);
    socket.write(own ? piece : Buffer.from(piece));
    owned ||= own;
  }
  if (chunked) socket.write(done ? CHUNK_END + LAST_CHUNK : CHUNK_END, 'latin1');
  socket.uncork();
  if (owned && socket.writableLength > 0) source.surrenderBuffer();
}

/** A piece of a request's body that may be kept: nobody writes into it. A string is latin1: one character is one byte. */
export type BodyPiece = Buffer | string;

/** The payload of a request in pieces that may be kept. Views of `pieces` are: nobody else writes into them. */
export function bodyPieces(pieces: readonly Buffer[]): readonly BodyPiece[] {
  const bytes = bytesOf(pieces);
  if (bytes === 0) return [];
  return bytes <= ONE_STRING_BYTES ? [asText('', false, pieces, bytes, false)] : pieces;
}
