import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestFields } from '../../../src/http2/request-fields.ts';
import { request } from '../http1/parsed.ts';

const options = { forwarding: 'Via: 1.1 us\r\n', authority: '10.0.0.1:80', expectContinue: false };

test('a request of HTTP/1.1 as HTTP/2 has it', () => {
  const head = request(
    'POST /a?b HTTP/1.1\r\nHost: Shop:81\r\nX-A:  b\r\nTE: trailers\r\nConnection: x\r\nX: hop\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n',
  );
  assert.deepEqual(requestFields(head, 'http', { ...options, expectContinue: true }), [
    ...[':method', 'POST', ':scheme', 'http', ':authority', 'Shop:81', ':path', '/a?b'],
    ...['x-a', 'b', 'via', '1.1 us', 'content-length', '3', 'expect', '100-continue'],
  ]);
});

test('without a host the endpoint names itself; te is passed on where the client takes trailers over HTTP/2', () => {
  const head = request('GET / HTTP/1.0\r\n\r\n');
  assert.equal(requestFields(head, 'http', options)[5], '10.0.0.1:80');
  assert.deepEqual(requestFields({ ...head, takesTrailers: true }, 'http', options).slice(-2), ['te', 'trailers']);
});
