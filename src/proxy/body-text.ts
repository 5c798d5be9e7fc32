import type { Socket } from 'node:net';
import { latin1 } from '../http1/bytes.ts';
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../http1/chunk-text.ts';
import { ONE_STRING_BYTES } from './limits.ts';
import { type BufferLoan, ComposedWrite } from './read-buffers.ts';

/** Where the bytes of a response come from: views of them are valid during the call that hands them over, unless their buffer is lent. */
export interface PayloadSource {
  /** For a write of views of what was just received; null: they have to be copied. */
  lend(): BufferLoan | null;
  /** After that write: where it is not done (`pending`), the buffer is left to it. */
  lent(loan: BufferLoan, pending: boolean): void;
  /** Trailer lines, each ending in CRLF, once the response is whole. */
  readonly trailers: string;
}

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

/** From here on a copy in a buffer that is used again costs less than a string: a string of this size fills the young generation quickly. */
const STRING_BYTES = 4_096;
/** More than what stands around a chunk, and after the last. */
const CHUNK_MARKS_BYTES = 64;

/** `head` and pieces of a body in one write, copied. False: they are too small to be worth it, or too large for it, and nothing was written. */
export function writeTogether(socket: Socket, head: string, chunked: boolean, pieces: readonly BodyPiece[], bytes: number, done: boolean): boolean {
  if (bytes < STRING_BYTES || head.length + bytes > ComposedWrite.maxBytes - CHUNK_MARKS_BYTES) return false;
  const write = new ComposedWrite();
  write.add(chunked ? head + chunkStart(bytes) : head);
  for (const piece of pieces) write.add(piece);
  if (chunked) write.add(done ? CHUNK_END + LAST_CHUNK : CHUNK_END);
  write.send(socket);
  return true;
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
  source: PayloadSource,
): void {
  const bytes = bytesOf(pieces);
  const loan = bytes > ONE_STRING_BYTES ? source.lend() : null;
  if (loan === null) {
    if (writeTogether(socket, head, chunked, pieces, bytes, done)) return;
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

/** A piece of a request's body that may be kept: nobody writes into it. A string is latin1: one character is one byte. */
export type BodyPiece = Buffer | string;

/** The payload of a request in pieces that may be kept. Where they are views of `pieces`, nobody may write into those any more. */
export function bodyPieces(pieces: readonly Buffer[]): readonly BodyPiece[] {
  const bytes = bytesOf(pieces);
  if (bytes === 0) return [];
  return stayViews(pieces) ? pieces : [asText('', false, pieces, bytes, false)];
}

/** Whether `bodyPieces` of these are views of them; of little it makes a string. */
export function stayViews(pieces: readonly Buffer[]): boolean {
  return bytesOf(pieces) > ONE_STRING_BYTES;
}
