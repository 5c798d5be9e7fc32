/**
 * Requests that two readers could understand differently, or that are none, against a whole balancer: the answer, the end of the
 * connection, and that not one byte of it, nor of what was smuggled behind it, reached a server. Numbers: [n] is a class of such cases.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';

let server: ScriptedServer;
let started: StartedBalancer;

before(async () => {
  server = await ScriptedServer.start(named('answered'));
  started = await startBalancer([server.port]);
});
after(async () => {
  await started[Symbol.asyncDispose]();
  await server.kill();
});

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\n';
const post = (fields: string, body = '') => `POST / HTTP/1.1\r\nHost: shop\r\n${fields}\r\n\r\n${body}`;
const get = (fields: string) => `GET / HTTP/1.1\r\nHost: shop\r\n${fields}\r\n\r\n`;
const chunked = (body: string) => post('Transfer-Encoding: chunked', body);
const ZERO_CHUNK = '0\r\n\r\n';

/** What the client sends, and the status that it gets. */
const REFUSED: Record<string, [wire: string, status: number]> = {
  '[1] Content-Length and Transfer-Encoding': [post('Content-Length: 5\r\nTransfer-Encoding: chunked', ZERO_CHUNK), 400],
  '[1] Transfer-Encoding and Content-Length': [post('Transfer-Encoding: chunked\r\nContent-Length: 5', ZERO_CHUNK), 400],
  '[2] Content-Length twice, different': [post('Content-Length: 0\r\nContent-Length: 38'), 400],
  '[2] Content-Length as a list': [post('Content-Length: 0, 38'), 400],
  '[3] Content-Length +5': [post('Content-Length: +5', 'hello'), 400],
  '[3] Content-Length -1': [post('Content-Length: -1'), 400],
  '[3] Content-Length 1_0': [post('Content-Length: 1_0', '0123456789'), 400],
  '[3] Content-Length 0x10': [post('Content-Length: 0x10', '0123456789abcdef'), 400],
  '[3] Content-Length that overflows': [post('Content-Length: 18446744073709551616'), 400],
  '[3] Content-Length empty': [post('Content-Length:'), 400],
  '[4] Transfer-Encoding repeated': [post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', ZERO_CHUNK), 400],
  '[4] Transfer-Encoding chunked, identity': [post('Transfer-Encoding: chunked, identity', ZERO_CHUNK), 400],
  '[4] Transfer-Encoding that is unknown': [post('Transfer-Encoding: xchunked', ZERO_CHUNK), 501],
  '[4] Transfer-Encoding with a control character': [post('Transfer-Encoding: \x0bchunked', ZERO_CHUNK), 400],
  '[4] Transfer-Encoding gzip, chunked': [post('Transfer-Encoding: gzip, chunked', ZERO_CHUNK), 501],
  '[5] Transfer-Encoding in HTTP/1.0': ['POST / HTTP/1.0\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  '[6] a space before the colon': [post('Transfer-Encoding : chunked', ZERO_CHUNK), 400],
  '[7] a folded line': [post('Transfer-Encoding:\r\n chunked', ZERO_CHUNK), 400],
  '[8] a bare CR': [get('X: a\rTransfer-Encoding: chunked'), 400],
  '[8] a bare LF': [get('X: a\nTransfer-Encoding: chunked'), 400],
  '[8] bare LFs all over': ['GET / HTTP/1.1\nHost: shop\n\n', 400],
  '[8] NUL in a value': [get('X: a\0b'), 400],
  '[8] NUL in a name': [get('X\0: a'), 400],
  '[9] an empty name': [get(': a'), 400],
  '[10] no Host': ['GET / HTTP/1.1\r\nX: 1\r\n\r\n', 400],
  '[10] Host twice': [get('Host: shop'), 400],
  '[10] Host with blanks': ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  '[10] Host with a path': ['GET / HTTP/1.1\r\nHost: shop/admin\r\n\r\n', 400],
  '[10] Host empty': ['GET / HTTP/1.1\r\nHost: \r\n\r\n', 400],
  '[11] a target of another host': ['GET http://other/ HTTP/1.1\r\nHost: shop\r\n\r\n', 400],
  '[12] # in the target': ['GET /a#b HTTP/1.1\r\nHost: shop\r\n\r\n', 400],
  '[12] GET *': ['GET * HTTP/1.1\r\nHost: shop\r\n\r\n', 400],
  '[12] CONNECT': ['CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\n\r\n', 501],
  '[13] a chunk size of 0x5': [chunked('0x5\r\nhello\r\n0\r\n\r\n'), 400],
  '[13] a chunk size of -1': [chunked('-1\r\nhello\r\n0\r\n\r\n'), 400],
  '[13] a chunk size with an underscore': [chunked('1_0\r\nhello\r\n0\r\n\r\n'), 400],
  '[13] a chunk size of 17 digits': [chunked('00000000000000005\r\nhello\r\n0\r\n\r\n'), 400],
  '[14] a chunk extension with a bare LF': [chunked('5;a\nhello\r\n0\r\n\r\n'), 400],
  '[14] a chunk extension with a bare CR': [chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'), 400],
  '[14] a chunk extension with NUL': [chunked('5;\0\r\nhello\r\n0\r\n\r\n'), 400],
  '[15] chunk data that go on after their size': [chunked('5\r\nhello!!\r\n0\r\n\r\n'), 400],
  '[15] chunk data that end in LF': [chunked('5\r\nhello\n0\r\n\r\n'), 400],
  '[16] TLS': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  '[16] garbage': ['\x80\x01\xff\r\n\r\n', 400],
  '[16] a request line of HTTP/2': ['GET / HTTP/2.0\r\nHost: shop\r\n\r\n', 505],
  '[16] HTTP/0.9': ['GET /\r\n', 400],
  '[17] a chunk extension without end': [chunked(`5;${'x'.repeat(20_000)}`), 400],
  '[18] a trailer that is no field': [chunked('0\r\njunk\r\n\r\n'), 400],
  '[19] a field that is too large': [get(`X: ${'x'.repeat(40_000)}`), 431],
  '[19] too many fields': [get('X: 1\r\n'.repeat(200).trimEnd()), 431],
  '[19] a target that is too long': [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: shop\r\n\r\n`, 414],
  '[21] an unknown expectation': [post('Expect: 200-maybe\r\nContent-Length: 5', 'hello'), 417],
};

for (const [sentence, [wire, status]] of Object.entries(REFUSED)) {
  test(`refused: ${sentence}`, async () => {
    using client = await RawClient.connect(started.port);
    const answer = await client.say(wire + SMUGGLED).all();
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [A-Z][ A-Za-z]+\r\n`));
    assert.match(answer, /\r\nConnection: close\r\n/);
    assert.equal(answer.match(/^HTTP\/1\.1 \d/gm)?.length, 1, 'one answer, and none to what came behind');
    assert.equal(client.ended, 'end');
    assert.deepEqual(server.bytes, [], 'what the server received');
  });
}

test('after all that, a proper request is answered', async () => {
  assert.match(await ask(started.port, GET_AND_CLOSE), /answered$/);
  assert.equal(server.requests.length, 1);
});
