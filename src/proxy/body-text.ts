import type { Socket } from 'node:net';
import { latin1 } from '../http1/bytes.ts';
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../http1/chunk-text.ts';
import { ONE_STRING_BYTES } from './limits.ts';
import { type BufferLoan, ComposedWrite } from './read-buffers.ts';
import { sendNow, writeThisTurn } from './turn-writes.ts';

/** Where the bytes of a response come from: views of them are valid during the call that hands them over, unless their buffer is lent. */
export interface PayloadSource {
  /** For a write of views of what was just received; null: they have to be copied. */
  lend(): BufferLoan | null;
  /** After that write: where it is not done (`pending`), the buffer is left to it. */
  lent(loan: BufferLoan, pending: boolean): void;
  /** Trailer lines, each ending in CRLF, once the response is whole. */
  readonly trailers: string;
}

export function bytesOf(pieces: readonly BodyPiece[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}

/** What stands around the `bytes` of a body's part on the wire. */
interface Around {
  readonly before: string;
  readonly after: string;
}

const NOTHING_AROUND: Around = { before: '', after: '' };

/** `head` (may be empty) is in front of it; `done`: nothing comes behind it. Trailers have no place here. */
export function around(head: string, chunked: boolean, bytes: number, done: boolean): Around {
  if (!chunked) return { before: head, after: '' };
  const last = done ? LAST_CHUNK : '';
  return bytes === 0 ? { before: head, after: last } : { before: head + chunkStart(bytes), after: CHUNK_END + last };
}

function asText({ before, after }: Around, pieces: readonly BodyPiece[]): string {
  let text = before;
  for (const piece of pieces) text += typeof piece === 'string' ? piece : latin1(piece, 0, piece.length);
  return text + after;
}

/**
 * From here on a copy in a buffer that is used again and again costs less than a string: a hundred strings of this size and more fill the
 * young generation, which is larger than a cache.
 */
const STRING_BYTES = 4_096;

/**
 * Writes it in one piece. Of `pieces` nothing is needed afterwards. What has to wait is a string: a whole buffer for each
 * piece would add up to a megabyte for a client that reads slowly.
 */
export function writeCopy(socket: Socket, { before, after }: Around, pieces: readonly BodyPiece[], bytes: number): void {
  const waits = socket.connecting || socket.writableLength > 0;
  if (waits || bytes < STRING_BYTES || before.length + bytes + after.length > ComposedWrite.maxBytes) {
    const text = asText({ before, after }, pieces);
    if (text !== '') writeThisTurn(socket, text);
    return;
  }
  const write = new ComposedWrite();
  write.add(before);
  for (const piece of pieces) write.add(piece);
  write.add(after);
  write.send(socket);
}

/** Writes it in one system call, `pieces` as they are; `written`: the callback of the last one. */
export function writeUncopied(socket: Socket, { before, after }: Around, pieces: readonly BodyPiece[], written?: () => void): void {
  sendNow(socket);
  const alone = pieces.length === 1 && before === '' && after === '';
  if (!alone) socket.cork();
  if (before !== '') socket.write(before, 'latin1');
  const last = pieces.length - 1;
  pieces.forEach((piece, index) => {
    const callback = index === last ? written : undefined;
    if (typeof piece === 'string') socket.write(piece, 'latin1', callback);
    else socket.write(piece, callback);
  });
  if (after !== '') socket.write(after, 'latin1');
  if (!alone) socket.uncork();
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
    writeCopy(socket, around(head, chunked, bytes, done), pieces, bytes);
    return;
  }
  writeUncopied(socket, around(head, chunked, bytes, done), pieces, loan.returned);
  source.lent(loan, socket.writableLength > 0);
}

/** A piece of a request's body that may be kept: nobody writes into it. A string is latin1: one character is one byte. */
export type BodyPiece = Buffer | string;

/** The payload of a request in pieces that may be kept. Where they are views of `pieces`, nobody may write into those any more. */
export function bodyPieces(pieces: readonly BodyPiece[]): readonly BodyPiece[] {
  const bytes = bytesOf(pieces);
  if (bytes === 0) return [];
  return stayViews(pieces) ? pieces : [asText(NOTHING_AROUND, pieces)];
}

/** Whether `bodyPieces` of these are views of them; of little it makes a string. */
export function stayViews(pieces: readonly BodyPiece[]): boolean {
  return bytesOf(pieces) > ONE_STRING_BYTES;
}
