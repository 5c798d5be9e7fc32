import { refusal } from './bytes.ts';
import { Field } from './field-names.ts';
import type { FieldSection } from './field-section.ts';
import type { Framing, ProtocolError, Side } from './types.ts';

export const NO_BODY: Framing = { type: 'none' };
export const CHUNKED: Framing = { type: 'chunked' };
export const UNTIL_CLOSE: Framing = { type: 'close' };

/**
 * What Content-Length and Transfer-Encoding say together (RFC 9112 §6.1-6.3); null: neither is there. Strict: both at once, any
 * length but plain digits, and any coding but exactly one `chunked` are refused.
 */
export function declaredFraming(section: FieldSection, minor: 0 | 1): Framing | null {
  if (section.has(Field.TransferEncoding)) {
    const { side } = section;
    if (section.has(Field.ContentLength)) {
      throw refusal(side, 400, 'ContentLengthWithTransferEncoding', 'both Content-Length and Transfer-Encoding are given (RFC 9112 6.1)');
    }
    if (minor === 0) {
      throw refusal(side, 400, 'TransferEncodingInHttp10', 'Transfer-Encoding in an HTTP/1.0 message (RFC 9112 6.1)');
    }
    const value = section.value(Field.TransferEncoding);
    if (value !== 'chunked' && value.toLowerCase() !== 'chunked') throw badTransferEncoding(side, value);
    return CHUNKED;
  }
  if (section.has(Field.ContentLength)) return { type: 'length', length: contentLength(section.side, section.value(Field.ContentLength)) };
  return null;
}

/** The value of a Content-Length field: plain digits only. */
export function contentLength(side: Side, value: string): number {
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw badLength(side, 'is not a number of bytes in plain digits');
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) throw badLength(side, 'is too large');
  }
  if (value === '') throw badLength(side, 'is empty');
  return length;
}

function badLength(side: Side, what: string): ProtocolError {
  return refusal(side, 400, 'BadContentLength', `Content-Length ${what}`);
}

const CODING_LIST = /^[!#$%&'*+.^_`|~0-9a-z-]+(\s*,\s*[!#$%&'*+.^_`|~0-9a-z-]+)*$/;

function badTransferEncoding(side: Side, value: string): ProtocolError {
  const lower = value.toLowerCase();
  const codings = lower.split(',').map((coding) => coding.trim());
  const chunked = codings.indexOf('chunked');
  // RFC 9112 §6.1: a coding that we do not know is 501. Where chunked is not the last one, the body has no end: 400 (§6.3).
  if (CODING_LIST.test(lower) && (chunked === -1 || chunked === codings.length - 1)) {
    return refusal(side, 501, 'UnknownTransferEncoding', 'a transfer coding other than chunked');
  }
  return refusal(side, 400, 'BadTransferEncoding', 'Transfer-Encoding is not exactly one chunked');
}
