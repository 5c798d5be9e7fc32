import { Field, fieldNamed } from '../http1/field-names.ts';
import { CHUNKED, contentLength, NO_BODY } from '../http1/framing.ts';
import { type Framing, type HeadLimits, ProtocolError, type ResponseHead } from '../http1/types.ts';
import { isFieldValue, isLowerToken, LINE_OVERHEAD } from './field-list.ts';

/** RFC 9113 §8.2.2, as far as they are not refused by name below. */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/**
 * The head of an HTTP/2 response as HTTP/1.1 would have it. `list`: names and values in turn, as they came. Throws ProtocolError (502) for what
 * could be another message to the next reader.
 */
export function responseHead(list: readonly string[], limits: HeadLimits, requestMethod: string): ResponseHead {
  let size = 0;
  let status = 0;
  let length: number | null = null;
  let fields = '';
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i] as string;
    const value = list[i + 1] as string;
    size += name.length + value.length + LINE_OVERHEAD;
    if (name === ':status') {
      status = statusOf(value);
      continue;
    }
    checkField(name, value);
    if (name === 'content-length') {
      if (length !== null) throw broken('DuplicateContentLength', 'Content-Length is given more than once');
      length = contentLength('response', value);
    } else if (fieldNamed(name) !== Field.Hop) {
      fields += `${name}: ${value}\r\n`;
    }
  }
  if (status === 0) throw broken('BadStatus', 'the response has no status');
  if (size > limits.headerBytes) throw broken('HeadTooLarge', `the response head has more than ${limits.headerBytes} bytes`);
  const bodyForbidden = status < 200 || status === 204;
  const bodyless = bodyForbidden || status === 304 || requestMethod === 'HEAD';
  return {
    size,
    status,
    reason: '',
    minor: 1,
    fields,
    framing: bodyless ? NO_BODY : framingOf(length),
    contentLength: bodyForbidden ? null : length,
    keepAlive: true,
    upgrade: null,
  };
}

/** Trailer fields as lines, each ending in CRLF. */
export function trailerLines(list: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < list.length; i += 2) {
    checkField(list[i] as string, list[i + 1] as string);
    lines += `${list[i]}: ${list[i + 1]}\r\n`;
  }
  return lines;
}

/** The end of the stream ends the body: what HTTP/1.1 needs chunks for. */
function framingOf(length: number | null): Framing {
  return length === null ? CHUNKED : { type: 'length', length };
}

function statusOf(value: string): number {
  if (!/^[1-5][0-9]{2}$/.test(value) || value === '101') throw broken('BadStatus', 'the status is none that HTTP/2 has');
  return Number(value);
}

function checkField(name: string, value: string): void {
  if (!isLowerToken(name)) throw broken('BadFieldName', 'a field name has a byte that it may not have');
  if (!isFieldValue(value)) throw broken('BadFieldValue', 'a field value has a byte that it may not have');
  if (CONNECTION_FIELDS.has(name)) throw broken('ConnectionField', 'a field of an HTTP/1.1 connection (RFC 9113 8.2.2)');
}

function broken(code: string, message: string): ProtocolError {
  return new ProtocolError(502, code, message);
}
