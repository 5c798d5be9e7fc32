import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorResponse, responseFields, trailerFields } from '../../../src/http2/response-fields.ts';
import { response } from '../http1/parsed.ts';

const said = (wire: string, method = 'GET', extraFields = '') => responseFields(response(wire, method), extraFields).slice(1);

test('names go in lower case, values as they are, without what frames HTTP/1.1', () => {
  const wire =
    'HTTP/1.1 201 Made\r\nX-A:  b \xa0\t\r\nSet-Cookie: a\r\nSet-Cookie: B\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nContent-Length: 3\r\nEmpty:\r\n\r\n';
  assert.deepEqual(said(wire, 'GET', 'X-Endpoint: e\r\n'), [
    ...['201', 'x-a', 'b \xa0', 'set-cookie', 'a', 'set-cookie', 'B', 'empty', ''],
    ...['x-endpoint', 'e', 'content-length', '3'],
  ]);
});

test('a length is told where there is one, whether or not a body follows', () => {
  assert.deepEqual(said('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', 'HEAD'), ['200', 'content-length', '7']);
  assert.deepEqual(said('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), ['200']);
  assert.deepEqual(said('HTTP/1.1 200 OK\r\n\r\n'), ['200']);
  assert.deepEqual(said('HTTP/1.1 205 Reset\r\nContent-Length: 7\r\n\r\n'), ['205']);
});

test('our own words have a length that is true', () => {
  const { fields, body } = errorResponse(503, 'no server is available', 'X-E: -\r\n');
  assert.deepEqual(fields.slice(0, 2), [':status', '503']);
  assert.equal(fields[fields.indexOf('content-length') + 1], String(Buffer.byteLength(body)));
  assert.deepEqual(fields.slice(-2), ['x-e', '-']);
});

test('trailers that frame, route or authenticate are left out', () => {
  assert.equal(trailerFields(''), null);
  assert.equal(
    trailerFields('Content-Length: 3\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: x\r\nSet-Cookie: c\r\nAuthorization: a\r\n'),
    null,
  );
  assert.deepEqual(trailerFields('Grpc-Status: 0\r\nX: a\r\nConnection: x\r\nX: b\r\n'), ['grpc-status', '0', 'x', 'a', 'x', 'b']);
});
