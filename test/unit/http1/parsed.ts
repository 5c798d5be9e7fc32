import assert from 'node:assert/strict';
import { parseRequestHead } from '../../../src/http1/request-head.ts';
import { parseResponseHead } from '../../../src/http1/response-head.ts';
import { DEFAULT_HEAD_LIMITS, type RequestHead, type ResponseHead } from '../../../src/http1/types.ts';

/** The head that a whole, good text stands for. */
export function request(wire: string): RequestHead {
  const bytes = Buffer.from(wire, 'latin1');
  const head = parseRequestHead(bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS);
  assert.ok(head !== null);
  return head;
}

export function response(wire: string, method = 'GET'): ResponseHead {
  const bytes = Buffer.from(wire, 'latin1');
  const head = parseResponseHead(bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS, method);
  assert.ok(head !== null);
  return head;
}
