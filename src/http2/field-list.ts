import { FIELD_VALUE, TOKEN } from '../http1/bytes.ts';

/** Names and values in turn, in lower case, pseudo-header fields first. */
export type FieldList = string[];

/** Each field line counts for its name, its value and the four bytes that HTTP/1.1 puts around them. */
export const LINE_OVERHEAD = 4;
const COLON = ':';
const CR = '\r';

/** Appends field lines, each ending in CRLF; they are proper ones: whoever read them has checked them. */
export function appendLines(list: FieldList, lines: string): void {
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(COLON, at);
    const end = lines.indexOf(CR, colon);
    list.push(lines.slice(at, colon).toLowerCase(), withoutBlanks(lines, colon + 1, end));
    at = end + 2;
  }
}

/** Not `trim`: that takes off bytes of obs-text too. */
function withoutBlanks(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** RFC 9113 §8.2.1: a token without upper-case letters. */
export function isLowerToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f || TOKEN[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return name !== '';
}

/** RFC 9113 §8.2.1: no control character, and no white space at either end. */
export function isFieldValue(value: string): boolean {
  return value === '' || (!isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1)) && consistsOf(FIELD_VALUE, value));
}

/** All of `text` is latin1 and in `table`. */
export function consistsOf(table: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (table[text.charCodeAt(i)] !== 1) return false;
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
