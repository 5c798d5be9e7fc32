/** Pieces that are kept before they become one. */
const MOST_PIECES = 64;

/**
 * Adds a copy of `bytes` to `pieces`. Many become one: each is an object that takes up a hundred bytes, and who sends what is kept may send it
 * byte by byte, or nothing at all.
 */
export function keepCopy(pieces: Buffer[], bytes: Buffer): void {
  if (bytes.length === 0) return;
  pieces.push(Buffer.from(bytes));
  if (pieces.length === MOST_PIECES) pieces.splice(0, MOST_PIECES, Buffer.concat(pieces));
}
