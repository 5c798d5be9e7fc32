import type { FieldList } from './field-list.ts';
import {
  INDEXED,
  INDEXED_BITS,
  LENGTH_BITS,
  NEVER_INDEXED,
  SIZE_UPDATE,
  SIZE_UPDATE_BITS,
  UNINDEXED_BITS,
  WITH_INDEXING,
  WITH_INDEXING_BITS,
  WITHOUT_INDEXING,
} from './hpack-codes.ts';
import { HpackFieldIndex, NOT_FOUND } from './hpack-field-index.ts';

/** As much as any peer grants before its SETTINGS come. More would be memory for each connection, and gain little. */
const MAX_TABLE_BYTES = 4096;
const SCRATCH_BYTES = 16_384;
/** Two size updates, and, for each field, an index and two lengths. */
const BLOCK_OVERHEAD = 6;
const FIELD_OVERHEAD = 12;
/** What is longer would push out too much of what comes again. */
const MAX_INDEXED_VALUE = 512;
/** A name with more values than that has another one each time, and would push out what comes again. */
const MAX_VALUES_OF_NAME = 8;
/** Lists are rarely longer. */
const REMEMBERED_PLACES = 16;
/** Up to here a loop is faster than a call into the runtime. */
const SHORT_STRING = 8;

/**
 * Secrets. Who can make an answer hold a guess beside one learns from the block's length whether it was right (as CRIME did, RFC 7541 §7.1): they
 * enter no table, ours or that of a proxy behind the peer.
 */
const SECRET = new Set([
  'authentication-info',
  'authorization',
  'cookie',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'set-cookie',
  'www-authenticate',
]);

/** Another value each time, mostly. Not `date`: it is the same for a second. */
const CHANGING = new Set([
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'expires',
  'last-modified',
  'location',
  'traceparent',
  'x-request-id',
]);

/** Of all encoders: a block is sent, or copied, before the next one is made. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** The header blocks for one peer, in the order in which they are sent (RFC 7541). */
export class HpackEncoder {
  readonly #table = new HpackFieldIndex(MAX_TABLE_BYTES);
  /** The entry for the field at each place of the last list: mostly it is there again, and need not be searched. */
  readonly #before = new Array<number>(REMEMBERED_PLACES).fill(NOT_FOUND);
  #maxBytes = MAX_TABLE_BYTES;
  /** The smallest maximum since the last block. */
  #leastBytes = MAX_TABLE_BYTES;

  /** `maxBytes`: the peer's SETTINGS_HEADER_TABLE_SIZE. The next block begins with what it has to say about it. */
  resize(maxBytes: number): void {
    this.#maxBytes = Math.min(maxBytes, MAX_TABLE_BYTES);
    this.#leastBytes = Math.min(this.#leastBytes, this.#maxBytes);
  }

  /**
   * The whole header block of `list`, as a view that is valid until the next call of any encoder. Literals go out as they are: the Huffman code
   * would make them shorter, at more work than all the rest here, and what comes again is in the table after its first time.
   */
  encode(list: FieldList): Buffer {
    const bound = boundOf(list);
    const out = bound <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafeSlow(bound);
    let at = this.#leastBytes < this.#table.maxBytes || this.#maxBytes !== this.#table.maxBytes ? this.#writeSizeUpdates(out) : 0;
    for (let i = 0; i + 1 < list.length; i += 2) {
      const name = list[i] as string;
      const value = list[i + 1] as string;
      const serial = this.#find(i >> 1, name, value);
      if (serial === NOT_FOUND) at = this.#writeLiteral(out, at, name, value);
      else at = writeInteger(out, at, INDEXED, INDEXED_BITS, this.#table.index(serial));
    }
    return out.subarray(0, at);
  }

  /** RFC 7541 §4.2: the smallest, as it made the peer drop entries, then the last. */
  #writeSizeUpdates(out: Buffer): number {
    let at = 0;
    if (this.#leastBytes < this.#table.maxBytes && this.#leastBytes < this.#maxBytes) {
      at = writeInteger(out, at, SIZE_UPDATE, SIZE_UPDATE_BITS, this.#leastBytes);
    }
    at = writeInteger(out, at, SIZE_UPDATE, SIZE_UPDATE_BITS, this.#maxBytes);
    this.#table.resize(this.#leastBytes);
    this.#table.resize(this.#maxBytes);
    this.#leastBytes = this.#maxBytes;
    return at;
  }

  #find(place: number, name: string, value: string): number {
    if (place >= REMEMBERED_PLACES) return this.#table.find(name, value);
    const before = this.#before[place] as number;
    if (before !== NOT_FOUND && this.#table.is(before, name, value)) return before;
    const serial = this.#table.find(name, value);
    this.#before[place] = serial;
    return serial;
  }

  #writeLiteral(out: Buffer, start: number, name: string, value: string): number {
    const table = this.#table;
    const kind = kindOf(name, value, table.count(name));
    const nameIndex = table.index(table.findName(name));
    let at = writeInteger(out, start, kind, kind === WITH_INDEXING ? WITH_INDEXING_BITS : UNINDEXED_BITS, nameIndex);
    if (nameIndex === 0) at = writeString(out, at, name);
    at = writeString(out, at, value);
    if (kind === WITH_INDEXING) table.add(name, value);
    return at;
  }
}

/** `known`: how many values of the name the table has. */
function kindOf(name: string, value: string, known: number): number {
  if (SECRET.has(name)) return NEVER_INDEXED;
  if (CHANGING.has(name) || value.length > MAX_INDEXED_VALUE || (known >= MAX_VALUES_OF_NAME && name !== 'date')) return WITHOUT_INDEXING;
  return WITH_INDEXING;
}

function boundOf(list: FieldList): number {
  let bytes = BLOCK_OVERHEAD + (list.length / 2) * FIELD_OVERHEAD;
  for (let i = 0; i < list.length; i++) bytes += (list[i] as string).length;
  return bytes;
}

function writeString(out: Buffer, start: number, text: string): number {
  const { length } = text;
  const at = writeInteger(out, start, 0, LENGTH_BITS, length);
  if (length > SHORT_STRING) out.write(text, at, 'latin1');
  else for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}

/** RFC 7541 §5.1: `value` behind the first bits `flags`, in what `mask` leaves, and in more bytes where that is too little. */
function writeInteger(out: Buffer, start: number, flags: number, mask: number, value: number): number {
  if (value < mask) {
    out[start] = flags | value;
    return start + 1;
  }
  out[start] = flags | mask;
  let at = start + 1;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = 0x80 | (rest & 0x7f);
  out[at++] = rest;
  return at;
}
