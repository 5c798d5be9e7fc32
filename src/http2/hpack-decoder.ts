import { latin1 } from '../http1/bytes.ts';
import { CompressionError } from './compression-error.ts';
import { type FieldList, LINE_OVERHEAD } from './field-list.ts';
import {
  INDEXED,
  INDEXED_BITS,
  LENGTH_BITS,
  SIZE_UPDATE,
  SIZE_UPDATE_BITS,
  UNINDEXED_BITS,
  WITH_INDEXING,
  WITH_INDEXING_BITS,
} from './hpack-codes.ts';
import { HpackDynamicTable } from './hpack-dynamic-table.ts';
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './hpack-static-table.ts';
import { huffmanDecode } from './huffman.ts';

/** What the table may have, as long as no other SETTINGS_HEADER_TABLE_SIZE was announced. */
const DEFAULT_TABLE_BYTES = 4096;
/** RFC 7541 §4.2: the smallest maximum in between, then the last. */
const MAX_SIZE_UPDATES = 2;
const MAX_INTEGER = 2 ** 28;
const MAX_CONTINUATION_BYTES = 5;

const HUFFMAN = 0x80;

/** The header blocks of one peer, in the order in which they come (RFC 7541). Whoever has met a CompressionError can read no other block. */
export class HpackDecoder {
  readonly #table: HpackDynamicTable;
  readonly #maxTableBytes: number;
  #at = 0;
  #truncated = false;

  /** `maxTableBytes`: the SETTINGS_HEADER_TABLE_SIZE that the peer was told. */
  constructor(maxTableBytes = DEFAULT_TABLE_BYTES) {
    this.#maxTableBytes = maxTableBytes;
    this.#table = new HpackDynamicTable(maxTableBytes);
  }

  /** The last block had more than was asked for. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /**
   * The fields of the whole block from `start` to `end`, as they came: nothing of what HTTP says about names and values is checked. From the
   * field on that goes beyond `maxBytes` (names, values and LINE_OVERHEAD for each field) or `maxFields` they are left out, and `truncated` says
   * so; they are read all the same, since later blocks refer to them. Names and values that are referred to are not copied, so a small block
   * cannot become much memory. Throws CompressionError.
   */
  decode(block: Buffer, start: number, end: number, maxBytes: number, maxFields: number): FieldList {
    const list: FieldList = [];
    const table = this.#table;
    let size = 0;
    let fields = 0;
    let kept = true;
    let name: string;
    let value: string;
    this.#at = this.#readSizeUpdates(block, start, end);
    while (this.#at < end) {
      const first = block[this.#at++] as number;
      if (first >= INDEXED) {
        const index = this.#readInteger(block, end, first & INDEXED_BITS, INDEXED_BITS);
        this.#checkIndex(index);
        name = this.#name(index);
        value = index <= STATIC_LENGTH ? (STATIC_VALUES[index] as string) : table.value(index - STATIC_LENGTH - 1);
      } else if (first >= WITH_INDEXING) {
        name = this.#readName(block, end, first & WITH_INDEXING_BITS, WITH_INDEXING_BITS);
        value = this.#readString(block, end);
        table.add(name, value);
      } else {
        if (first >= SIZE_UPDATE)
          throw new CompressionError('a change of the table size stands behind a field, or there are more than two');
        name = this.#readName(block, end, first & UNINDEXED_BITS, UNINDEXED_BITS);
        value = this.#readString(block, end);
      }
      size += name.length + value.length + LINE_OVERHEAD;
      kept = size <= maxBytes && ++fields <= maxFields;
      if (kept) list.push(name, value);
    }
    this.#truncated = !kept;
    return list;
  }

  #readSizeUpdates(block: Buffer, start: number, end: number): number {
    this.#at = start;
    for (let count = 0; count < MAX_SIZE_UPDATES && this.#at < end; count++) {
      const first = block[this.#at] as number;
      if (first < SIZE_UPDATE || first >= WITH_INDEXING) break;
      this.#at++;
      const bytes = this.#readInteger(block, end, first & SIZE_UPDATE_BITS, SIZE_UPDATE_BITS);
      if (bytes > this.#maxTableBytes) throw new CompressionError('a table size is above the maximum');
      this.#table.resize(bytes);
    }
    return this.#at;
  }

  #readName(block: Buffer, end: number, prefix: number, mask: number): string {
    const index = this.#readInteger(block, end, prefix, mask);
    if (index === 0) return this.#readString(block, end);
    this.#checkIndex(index);
    return this.#name(index);
  }

  #checkIndex(index: number): void {
    if (index === 0 || index > STATIC_LENGTH + this.#table.length) throw new CompressionError('an index is beyond the tables, or 0');
  }

  #name(index: number): string {
    return index <= STATIC_LENGTH ? (STATIC_NAMES[index] as string) : this.#table.name(index - STATIC_LENGTH - 1);
  }

  #readString(block: Buffer, end: number): string {
    if (this.#at >= end) throw cut();
    const first = block[this.#at++] as number;
    const length = this.#readInteger(block, end, first & LENGTH_BITS, LENGTH_BITS);
    const start = this.#at;
    if (length > end - start) throw cut();
    this.#at = start + length;
    return first >= HUFFMAN ? huffmanDecode(block, start, this.#at) : latin1(block, start, this.#at);
  }

  /** RFC 7541 §5.1. `prefix`: the bits of the first byte, which was taken already; all of `mask`: more bytes follow. */
  #readInteger(block: Buffer, end: number, prefix: number, mask: number): number {
    if (prefix !== mask) return prefix;
    let value = prefix;
    for (let count = 0; count < MAX_CONTINUATION_BYTES; count++) {
      if (this.#at >= end) throw cut();
      const byte = block[this.#at++] as number;
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) {
        if (value > MAX_INTEGER) break;
        return value;
      }
    }
    throw new CompressionError('an integer is too large');
  }
}

function cut(): CompressionError {
  return new CompressionError('the header block ends inside a field');
}
