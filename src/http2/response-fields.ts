import { Field, fieldNamed } from '../http1/field-names.ts';
import { errorBody } from '../http1/response-text.ts';
import type { ResponseHead } from '../http1/types.ts';
import { appendLines, type FieldList } from './field-list.ts';

/** A response that has no content says nothing of its length (RFC 9110 §15.3.6). */
export const RESET_CONTENT = 205;

/** The fields of a response, final or interim. `extraFields`: more lines, each ending in CRLF. */
export function responseFields(head: ResponseHead, extraFields: string): FieldList {
  const list: FieldList = [':status', `${head.status}`];
  appendLines(list, head.fields);
  if (extraFields !== '') appendLines(list, extraFields);
  const { framing, contentLength, status } = head;
  if (framing.type === 'length') {
    if (status !== RESET_CONTENT) list.push('content-length', `${framing.length}`);
  } else if (framing.type === 'none' && contentLength !== null) {
    list.push('content-length', `${contentLength}`);
  }
  return list;
}

/** Fields and body of a response of the proxy's own. `message` must not quote a client's bytes. */
export function errorResponse(status: number, message: string, extraFields: string): { readonly fields: FieldList; readonly body: string } {
  const body = errorBody(status, message);
  const fields = [':status', `${status}`, 'content-type', 'text/plain; charset=utf-8', 'content-length', `${body.length}`];
  fields.push('cache-control', 'no-store');
  appendLines(fields, extraFields);
  return { fields, body };
}

/** RFC 9110 §6.5.1: what frames, routes, authenticates or says how to read a message is of no use after it, and dangerous where it is believed. */
const NOT_IN_TRAILERS = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'location',
  'proxy-authenticate',
  'proxy-authorization',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
]);

/** The trailers among `lines` (each ending in CRLF) that may be passed on; null: none. */
export function trailerFields(lines: string): FieldList | null {
  if (lines === '') return null;
  const all: FieldList = [];
  appendLines(all, lines);
  const list: FieldList = [];
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i] as string;
    if (fieldNamed(name) === Field.Other && !NOT_IN_TRAILERS.has(name)) list.push(name, all[i + 1] as string);
  }
  return list.length > 0 ? list : null;
}
