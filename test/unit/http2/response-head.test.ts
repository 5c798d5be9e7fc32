import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HEAD_LIMITS, type ProtocolError } from '../../../src/http1/types.ts';
import { responseHead, trailerLines } from '../../../src/http2/response-head.ts';

const read = (fields: readonly string[], method = 'GET') => responseHead([':status', '200', ...fields], DEFAULT_HEAD_LIMITS, method);

test('fields become lines, and the length the framing', () => {
  const { size: _size, ...head } = read(['set-cookie', 'a', 'content-length', '3', 'set-cookie', 'b', 'trailer', 'x']);
  assert.deepEqual(head, {
    status: 200,
    reason: '',
    minor: 1,
    fields: 'set-cookie: a\r\nset-cookie: b\r\n',
    framing: { type: 'length', length: 3 },
    contentLength: 3,
    keepAlive: true,
    upgrade: null,
  });
  assert.deepEqual(read([]).framing, { type: 'chunked' });
});

test('HEAD, 204, 304 and interim heads have no body', () => {
  assert.deepEqual(
    [read(['content-length', '3'], 'HEAD').framing, read(['content-length', '3'], 'HEAD').contentLength],
    [{ type: 'none' }, 3],
  );
  for (const [status, contentLength] of [
    ['204', null],
    ['304', 3],
    ['103', null],
  ] as const) {
    const head = responseHead([':status', status, 'content-length', '3'], DEFAULT_HEAD_LIMITS, 'GET');
    assert.deepEqual([head.framing, head.contentLength], [{ type: 'none' }, contentLength], status);
  }
});

const REFUSED: Record<string, readonly string[]> = {
  BadStatus: [':status', '101'],
  ConnectionField: [':status', '200', 'transfer-encoding', 'chunked'],
  BadFieldName: [':status', '200', 'X', 'a'],
  BadFieldValue: [':status', '200', 'x', 'a\r\nb: c'],
  DuplicateContentLength: [':status', '200', 'content-length', '1', 'content-length', '1'],
  BadContentLength: [':status', '200', 'content-length', '0x1'],
  HeadTooLarge: [':status', '200', 'x', 'y'.repeat(33_000)],
};

for (const [code, list] of Object.entries(REFUSED)) {
  test(`refused: ${code}`, () => {
    assert.throws(
      () => responseHead(list, DEFAULT_HEAD_LIMITS, 'GET'),
      (error: ProtocolError) => error.code === code && error.status === 502,
    );
  });
}

test('a head without a status, and a pseudo-header that responses do not have, are refused', () => {
  assert.throws(() => responseHead([], DEFAULT_HEAD_LIMITS, 'GET'), { code: 'BadStatus' });
  assert.throws(() => read([':path', '/']), { code: 'BadFieldName' });
});

test('trailers become lines, and are checked as heads are', () => {
  assert.equal(trailerLines(['grpc-status', '0', 'x', 'a']), 'grpc-status: 0\r\nx: a\r\n');
  assert.throws(() => trailerLines(['x', 'a\r\n']), { code: 'BadFieldValue' });
});
