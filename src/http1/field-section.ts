import { COLON, CR, FIELD_VALUE, HTAB, LF, latin1, refusal, SP, TOKEN } from './bytes.ts';
import { Field, fieldOf } from './field-names.ts';
import type { ProtocolError, Side } from './types.ts';

/** `scan` ran out of bytes. */
export const INCOMPLETE = -1;

/**
 * The field lines of one head (RFC 9112 §5), read in one pass: what the proxy acts on is picked out, the rest stays together as text.
 * One object is reused for every head of a side, since nothing here outlives the call that parses a head.
 */
export class FieldSection {
  readonly side: Side;
  readonly #picked: string[] = new Array<string>(16).fill('');
  /** Bit set of the fields seen: an empty value is not an absent field. */
  #seen = 0;
  #others = '';
  #kept = '';

  constructor(side: Side) {
    this.side = side;
  }

  /**
   * Reads field lines from `start`, and the empty line after them. Where the next byte after that lies, or INCOMPLETE. Throws
   * ProtocolError at the first byte that may not stand where it stands.
   */
  scan(buffer: Buffer, start: number, end: number, maxCount: number): number {
    this.#reset();
    // Locals: a binding of another module is looked up at each use.
    const token = TOKEN;
    const fieldValue = FIELD_VALUE;
    let at = start;
    // Lines to forward that lie side by side are copied as one string.
    let runStart = start;
    for (let count = 0; ; count++) {
      const lineStart = at;
      while (at < end && token[buffer[at] as number] === 1) at++;
      if (at >= end) return INCOMPLETE;
      if (buffer[at] !== COLON) {
        if (at !== lineStart || buffer[at] !== CR) throw this.#badName(buffer, lineStart, at);
        if (at + 1 >= end) return INCOMPLETE;
        if (buffer[at + 1] !== LF) throw this.#refuse('BareCarriageReturn', 'a CR in the head is not followed by LF');
        if (at > runStart) this.#kept += latin1(buffer, runStart, at);
        return at + 2;
      }
      if (at === lineStart) throw this.#refuse('EmptyFieldName', 'a field line has no name');
      if (count === maxCount) throw refusal(this.side, 431, 'TooManyFields', `the head has more than ${maxCount} field lines`);
      const nameEnd = at++;
      while (at < end && fieldValue[buffer[at] as number] === 1) at++;
      if (at + 1 >= end) {
        if (at < end && buffer[at] !== CR) throw this.#badValue(buffer[at] as number);
        return INCOMPLETE;
      }
      if (buffer[at] !== CR || buffer[at + 1] !== LF) throw this.#badValue(buffer[at] as number);
      const field = fieldOf(buffer, lineStart, nameEnd);
      at += 2;
      if (field !== Field.Other) {
        if (field === Field.IdempotencyKey) {
          this.#seen |= 1 << field;
          continue;
        }
        if (lineStart > runStart) this.#kept += latin1(buffer, runStart, lineStart);
        runStart = at;
        this.#pick(field, buffer, lineStart, nameEnd + 1, at - 2);
      }
    }
  }

  has(field: Field): boolean {
    return (this.#seen & (1 << field)) !== 0;
  }

  /** The value, white space around it taken off; of several lines, all joined by `, `; empty: none, or an empty one. */
  value(field: Field): string {
    return this.has(field) ? (this.#picked[field] as string) : '';
  }

  /** Whole lines of the X-Forwarded-* fields that have no slot of their own. */
  get otherForwarded(): string {
    return this.#others;
  }

  /** The lines to forward, without those that Connection names. */
  forwardable(named: readonly string[]): string {
    return named.length === 0 || this.#kept === '' ? this.#kept : withoutLines(this.#kept, named);
  }

  #pick(field: Field, buffer: Buffer, lineStart: number, valueStart: number, valueEnd: number): void {
    if (field === Field.Hop || field === Field.XForwardedLookalike) return;
    if (field === Field.XForwardedOther) {
      this.#others += latin1(buffer, lineStart, valueEnd + 2);
      return;
    }
    let from = valueStart;
    let to = valueEnd;
    while (from < to && isBlank(buffer[from] as number)) from++;
    while (to > from && isBlank(buffer[to - 1] as number)) to--;
    const value = latin1(buffer, from, to);
    if (!this.has(field)) {
      this.#seen |= 1 << field;
      this.#picked[field] = value;
      return;
    }
    if (field === Field.Host) throw this.#refuse('DuplicateHost', 'Host is given more than once');
    if (field === Field.ContentLength) throw this.#refuse('DuplicateContentLength', 'Content-Length is given more than once');
    if (field === Field.TransferEncoding) throw this.#refuse('DuplicateTransferEncoding', 'Transfer-Encoding is given more than once');
    this.#picked[field] = `${this.#picked[field]}, ${value}`;
  }

  #reset(): void {
    this.#kept = '';
    this.#seen = 0;
    this.#others = '';
  }

  #badName(buffer: Buffer, lineStart: number, at: number): ProtocolError {
    const byte = buffer[at] as number;
    if (byte === SP || byte === HTAB) {
      return at === lineStart
        ? this.#refuse('FoldedFieldLine', 'a field line begins with white space (RFC 9112 5.2)')
        : this.#refuse('SpaceBeforeColon', 'white space stands before the colon of a field line (RFC 9112 5.1)');
    }
    if (byte === LF) return this.#refuse('BareLineFeed', 'an LF in the head does not follow a CR');
    return this.#refuse('BadFieldName', `byte 0x${byte.toString(16)} in a field name`);
  }

  #badValue(byte: number): ProtocolError {
    if (byte === LF) return this.#refuse('BareLineFeed', 'an LF in the head does not follow a CR');
    if (byte === CR) return this.#refuse('BareCarriageReturn', 'a CR in the head is not followed by LF');
    return this.#refuse('BadFieldValue', `byte 0x${byte.toString(16)} in a field value`);
  }

  #refuse(code: string, message: string): ProtocolError {
    return refusal(this.side, 400, code, message);
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** `lines` without those whose name is in `names` (lower case). Off the usual path: few clients name fields in Connection. */
function withoutLines(lines: string, names: readonly string[]): string {
  return lines
    .split('\r\n')
    .filter((line) => line !== '' && !names.includes(line.slice(0, line.indexOf(':')).toLowerCase()))
    .map((line) => `${line}\r\n`)
    .join('');
}
