import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestText } from '../../../src/http1/request-text.ts';
import { request } from './parsed.ts';

const OPTIONS = { forwarding: 'Via: 1.1 us\r\n', authority: '10.0.0.1:8080', expectContinue: false };

const REQUESTS: Record<string, [wire: string, expected: string]> = {
  'fields stay in order, what the proxy says comes after': [
    'GET /x HTTP/1.1\r\nA: 1\r\nHost: h\r\nConnection: close\r\nB: 2\r\n\r\n',
    'GET /x HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nVia: 1.1 us\r\n\r\n',
  ],
  'a length is written anew': [
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length:  0042 \r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\nContent-Length: 42\r\n\r\n',
  ],
  'a length of 0 stays one': [
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\nContent-Length: 0\r\n\r\n',
  ],
  'chunked is written anew': [
    'POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: CHUNKED\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  'HTTP/1.0 without Host becomes HTTP/1.1 with one': [
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nVia: 1.1 us\r\n\r\n',
  ],
  'an absolute target becomes a path': ['GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n', 'GET /x HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\n\r\n'],
  'an upgrade is asked for anew': [
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
};

for (const [sentence, [wire, expected]] of Object.entries(REQUESTS)) {
  test(`request: ${sentence}`, () => assert.equal(requestText(request(wire), OPTIONS), expected));
}

test('request: Expect is passed on where the caller wants it', () => {
  const head = request('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n');
  assert.match(requestText(head, { ...OPTIONS, expectContinue: true }), /\r\nExpect: 100-continue\r\n/);
  assert.doesNotMatch(requestText(head, OPTIONS), /Expect/);
});
