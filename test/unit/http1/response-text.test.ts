import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkStart } from '../../../src/http1/chunk-text.ts';
import { clientFraming, errorText, responseText } from '../../../src/http1/response-text.ts';
import { response } from './parsed.ts';

const RESPONSES: Record<string, { wire: string; method?: string; minor?: 0 | 1; keepAlive?: boolean; expected: string }> = {
  'a length': {
    wire: 'HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
    expected: 'HTTP/1.1 200 OK\r\nA: 1\r\nX: y\r\nContent-Length: 5\r\n\r\n',
  },
  chunked: {
    wire: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n',
  },
  'chunked for HTTP/1.0 ends with the connection [case 50]': {
    wire: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    minor: 0,
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n',
  },
  'ended by its connection, for HTTP/1.1: in chunks, and the client stays': {
    wire: 'HTTP/1.1 200 OK\r\n\r\n',
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n',
  },
  'ended by its connection, for HTTP/1.0': {
    wire: 'HTTP/1.0 200 OK\r\n\r\n',
    minor: 0,
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n',
  },
  'HTTP/1.0 that wants to stay is told so': {
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    minor: 0,
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n',
  },
  close: {
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    keepAlive: false,
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  },
  'HEAD keeps its length [case 50]': {
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
    method: 'HEAD',
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 500\r\n\r\n',
  },
  'HEAD keeps it for HTTP/1.0 too': {
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
    method: 'HEAD',
    minor: 0,
    expected: 'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 500\r\nConnection: keep-alive\r\n\r\n',
  },
  '304 keeps its length [case 50]': {
    wire: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
    expected: 'HTTP/1.1 304 Not Modified\r\nX: y\r\nContent-Length: 7\r\n\r\n',
  },
  '204 has none [case 50]': {
    wire: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    expected: 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  },
  'an interim answer says nothing of the connection': {
    wire: 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
    keepAlive: false,
    expected: 'HTTP/1.1 103 Early Hints\r\nLink: a\r\nX: y\r\n\r\n',
  },
  '101': {
    wire: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nA: 1\r\n\r\n',
    expected: 'HTTP/1.1 101 Switching Protocols\r\nA: 1\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  },
};

for (const [sentence, { wire, method, minor = 1, keepAlive = true, expected }] of Object.entries(RESPONSES)) {
  test(`response: ${sentence}`, () => {
    const head = response(wire, method);
    const options = { framing: clientFraming(head, minor), clientMinor: minor, keepAlive, extraFields: 'X: y\r\n' };
    assert.equal(responseText(head, options), expected);
  });
}

test('an error of our own is a whole response, and closes', () => {
  assert.equal(
    errorText(400, 'Host is missing'),
    'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 33\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n' +
      '400 Bad Request: Host is missing\n',
  );
});

test('an error of our own in answer to HEAD tells the length alone, and may leave the connection open', () => {
  assert.equal(
    errorText(503, 'nobody', { keepAlive: true, clientMinor: 1, headOnly: true, extraFields: 'Retry-After: 1\r\n' }),
    'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 32\r\nCache-Control: no-store\r\nRetry-After: 1\r\n\r\n',
  );
});

test('every error text is read by our own reader as what it is', () => {
  for (const status of [400, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505, 508, 599]) {
    const text = errorText(status, 'x');
    const head = response(text);
    assert.deepEqual([head.status, head.framing, head.keepAlive], [status, { type: 'length', length: text.length - head.size }, false]);
  }
});

test('a chunk begins with its size in hexadecimal', () => {
  assert.deepEqual([1, 10, 65536].map(chunkStart), ['1\r\n', 'a\r\n', '10000\r\n']);
});
