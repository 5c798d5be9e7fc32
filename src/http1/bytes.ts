import { ProtocolError, type Side } from './types.ts';

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

/** 1 where a byte may stand, as a table: one load per byte, and no branch on what the byte is. */
export type ByteTable = Uint8Array;

export function byteTable(accepts: (byte: number) => boolean): ByteTable {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));
}

export function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

const TOKEN_MARKS = new Set(Buffer.from("!#$%&'*+-.^_`|~"));

/** tchar, RFC 9110 §5.6.2: methods and field names. */
export const TOKEN: ByteTable = byteTable((byte) => isAlphanumeric(byte) || TOKEN_MARKS.has(byte));

/** Field values and reason phrases, RFC 9110 §5.5: visible ASCII, obs-text, space and tab; no control character at all. */
export const FIELD_VALUE: ByteTable = byteTable((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/** Request targets: visible ASCII without `#`. Wider than RFC 3986 by `"<>\^{|}` and the back-tick, which browsers do send. */
export const TARGET: ByteTable = byteTable((byte) => byte > SP && byte < 0x7f && byte !== 0x23);

/** An error that blames the right one: `status` for a client, 502 for an upstream. */
export function refusal(side: Side, status: number, code: string, message: string): ProtocolError {
  return side === 'request' ? new ProtocolError(status, code, message) : new ProtocolError(502, code, message);
}

/** The bytes of `buffer` from `start`, whatever the case of their letters, are `lower` (lower-case letters, digits, hyphens). */
export function equalsIgnoreCase(buffer: Buffer, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    // Sound only for tokens: no byte of a token but a letter's other case is mapped onto a letter, digit or hyphen by the bit.
    if (((buffer[start + i] as number) | 0x20) !== lower[i]) return false;
  }
  return true;
}

interface Latin1Slice {
  latin1Slice(start: number, end: number): string;
}

/** The bytes from `start` to `end` as text: one character is one byte. `latin1Slice` is what `toString` ends in, without its checks. */
export function latin1(buffer: Buffer, start: number, end: number): string {
  return (buffer as Buffer & Latin1Slice).latin1Slice(start, end);
}
