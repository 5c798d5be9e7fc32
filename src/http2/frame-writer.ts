import { ACK, END_HEADERS, END_STREAM, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './codes.ts';
import type { FieldList } from './field-list.ts';
import { HpackEncoder } from './hpack-encoder.ts';

/** Where frames are put together. */
export interface FrameOutput {
  /** What is put together: to be written to from `length` on, and `length` moved on. Another one after each `reserve`. */
  readonly buffer: Buffer;
  length: number;
  /** Makes room in `buffer` for `bytes` at once, at most for a largest frame. What is there will leave soon. */
  reserve(bytes: number): void;
  /** The other side is slow to take what there is: no more of a body for now. */
  readonly full: boolean;
}

/** Puts frames together (RFC 9113 §6). */
export class FrameWriter {
  readonly #output: FrameOutput;
  readonly #encoder = new HpackEncoder();

  constructor(output: FrameOutput) {
    this.#output = output;
  }

  /** No more of a body for now. */
  get full(): boolean {
    return this.#output.full;
  }

  /** Identifiers and values in turn. */
  settings(list: readonly number[]): void {
    this.#begin(list.length * 3, FrameType.Settings, 0, 0);
    for (let i = 0; i + 1 < list.length; i += 2) {
      this.#uint16(list[i] as number);
      this.#uint32(list[i + 1] as number);
    }
  }

  acknowledgeSettings(): void {
    this.#begin(0, FrameType.Settings, ACK, 0);
  }

  /** The answer to the PING whose eight bytes stand in `bytes` from `start` on. */
  acknowledgePing(bytes: Buffer, start: number): void {
    this.#begin(8, FrameType.Ping, ACK, 0);
    this.#bytes(bytes, start, start + 8);
  }

  goaway(lastStream: number, code: number): void {
    this.#begin(8, FrameType.Goaway, 0, 0);
    this.#uint32(lastStream);
    this.#uint32(code);
  }

  reset(stream: number, code: number): void {
    this.#begin(4, FrameType.Reset, 0, stream);
    this.#uint32(code);
  }

  windowUpdate(stream: number, bytes: number): void {
    this.#begin(4, FrameType.WindowUpdate, 0, stream);
    this.#uint32(bytes);
  }

  /** SETTINGS_HEADER_TABLE_SIZE of the other side. */
  resizeTable(bytes: number): void {
    this.#encoder.resize(bytes);
  }

  headers(stream: number, list: FieldList, end: boolean): void {
    const block = this.#encoder.encode(list);
    const endStream = end ? END_STREAM : 0;
    let at = Math.min(block.length, MAX_FRAME_BYTES);
    this.#begin(at, FrameType.Headers, endStream | (at === block.length ? END_HEADERS : 0), stream);
    this.#bytes(block, 0, at);
    while (at < block.length) {
      const to = Math.min(block.length, at + MAX_FRAME_BYTES);
      this.#begin(to - at, FrameType.Continuation, to === block.length ? END_HEADERS : 0, stream);
      this.#bytes(block, at, to);
      at = to;
    }
  }

  /** At most MAX_FRAME_BYTES from `start` to `end`. */
  data(stream: number, bytes: Buffer, start: number, end: number, last: boolean): void {
    this.#begin(end - start, FrameType.Data, last ? END_STREAM : 0, stream);
    this.#bytes(bytes, start, end);
  }

  #begin(length: number, type: number, flags: number, stream: number): void {
    const output = this.#output;
    output.reserve(FRAME_HEADER_BYTES + length);
    const { buffer } = output;
    let at = output.length;
    buffer[at++] = length >>> 16;
    buffer[at++] = length >>> 8;
    buffer[at++] = length;
    buffer[at++] = type;
    buffer[at++] = flags;
    output.length = at;
    this.#uint32(stream);
  }

  #uint16(value: number): void {
    const { buffer } = this.#output;
    buffer[this.#output.length++] = value >>> 8;
    buffer[this.#output.length++] = value;
  }

  #uint32(value: number): void {
    this.#uint16(value >>> 16);
    this.#uint16(value);
  }

  #bytes(bytes: Buffer, start: number, end: number): void {
    const output = this.#output;
    bytes.copy(output.buffer, output.length, start, end);
    output.length += end - start;
  }
}
