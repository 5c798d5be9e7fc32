/** The line in front of the `length` bytes (1 or more) of a chunk, RFC 9112 §7.1. */
export function chunkStart(length: number): string {
  return `${length.toString(16)}\r\n`;
}

/** After the bytes of a chunk. */
export const CHUNK_END = '\r\n';

/** After the last chunk: the empty one, without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';
