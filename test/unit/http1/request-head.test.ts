import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeadReader } from '../../../src/http1/head-reader.ts';
import type { HeadLimits, RequestHead } from '../../../src/http1/types.ts';
import { readEveryWay, valueIn } from './feeding.ts';

const LIMITS: HeadLimits = { headerBytes: 400, uriBytes: 100, headerCount: 10 };
const read = (wire: string) => readEveryWay(wire, () => new RequestHeadReader(LIMITS));

/** Wire text, and what of the head that it becomes is worth saying. */
const ACCEPTED: Record<string, { wire: string; head: Partial<RequestHead>; left?: string }> = {
  'a plain GET': {
    wire: 'GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n',
    head: {
      size: 56,
      method: 'GET',
      target: '/a?b=c',
      minor: 1,
      host: 'shop.example',
      fields: 'Accept: */*\r\n',
      framing: { type: 'none' },
      keepAlive: true,
      expectContinue: false,
      upgrade: null,
      hasIdempotencyKey: false,
      via: '',
    },
  },
  'a body with a length, of which the first bytes come along': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel',
    head: { method: 'POST', fields: '', framing: { type: 'length', length: 5 } },
    left: 'hel',
  },
  'a length with leading zeros is a number like any other': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n',
    head: { framing: { type: 'length', length: 7 } },
  },
  'the largest length there is': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9007199254740991\r\n\r\n',
    head: { framing: { type: 'length', length: Number.MAX_SAFE_INTEGER } },
  },
  'chunked, in any case and with blanks around it': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\ntransfer-ENCODING: \t Chunked \r\n\r\n',
    head: { fields: '', framing: { type: 'chunked' } },
  },
  'one empty line before the request line is skipped': { wire: '\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', head: { size: 29, target: '/' } },
  'a second request stays where it is': {
    wire: 'GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n',
    head: { target: '/1' },
    left: 'GET /2 HTTP/1.1\r\nHost: h\r\n\r\n',
  },
  'hop-by-hop fields are taken out, whatever their case': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nkeep-alive: 5\r\nTE: trailers\r\nPROXY-connection: x\r\nTrailer: T\r\nB: 2\r\nHTTP2-Settings: x\r\n\r\n',
    head: { fields: 'A: 1\r\nB: 2\r\n' },
  },
  'Connection: close': { wire: 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n', head: { keepAlive: false, fields: '' } },
  'close wins over keep-alive': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nA: 1\r\nConnection: close\r\n\r\n',
    head: { keepAlive: false, fields: 'A: 1\r\n' },
  },
  'what Connection names goes, before or after it': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nConnection: x-a, keep-alive,, X-B\r\nx-b: 2\r\nX-C: 3\r\n\r\n',
    head: { keepAlive: true, fields: 'X-C: 3\r\n' },
  },
  'Connection names Host and Content-Length: neither is lost [case 20]': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nConnection: host, content-length, transfer-encoding\r\nContent-Length: 3\r\n\r\n',
    head: { host: 'h', framing: { type: 'length', length: 3 }, fields: '' },
  },
  'HTTP/1.0 closes': { wire: 'GET / HTTP/1.0\r\n\r\n', head: { minor: 0, host: '', keepAlive: false } },
  'HTTP/1.0 with keep-alive stays': { wire: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', head: { minor: 0, keepAlive: true } },
  'HTTP/1.0 knows neither Expect nor Upgrade': {
    wire: 'PUT / HTTP/1.0\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    head: { expectContinue: false, upgrade: null },
  },
  'Expect: 100-continue': {
    wire: 'PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n',
    head: { expectContinue: true, fields: '' },
  },
  'Expect without a body has nothing to wait for': {
    wire: 'PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n',
    head: { expectContinue: false },
  },
  'an upgrade to WebSocket': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n',
    head: { upgrade: 'websocket', fields: 'Sec-WebSocket-Key: x\r\n' },
  },
  'an upgrade that Connection does not name is none': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n',
    head: { upgrade: null, fields: '' },
  },
  'an upgrade to h2c is not passed on [case 39]': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    head: { upgrade: null, fields: '' },
  },
  'nor in a list': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c, websocket, HTTP/2.0\r\n\r\n',
    head: { upgrade: 'websocket' },
  },
  'a request with a body does not upgrade': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\n',
    head: { upgrade: null },
  },
  'an absolute target of the same host': {
    wire: 'GET HTTP://Shop.example:80/a?b HTTP/1.1\r\nHost: shop.example:80\r\n\r\n',
    head: { host: 'Shop.example:80', target: '/a?b' },
  },
  'an absolute target without a path': { wire: 'GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n', head: { host: 'h', target: '/?q' } },
  'an absolute target gives an HTTP/1.0 request its host': { wire: 'GET http://h/ HTTP/1.0\r\n\r\n', head: { host: 'h', target: '/' } },
  'OPTIONS *': { wire: 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n', head: { method: 'OPTIONS', target: '*' } },
  'OPTIONS for a whole server, as a URI': { wire: 'OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n', head: { target: '*', host: 'h' } },
  "a method of one's own": { wire: "M-SEARCH'~ /x HTTP/1.1\r\nHost: h\r\n\r\n", head: { method: "M-SEARCH'~" } },
  'a method in lower case is another method': { wire: 'get /x HTTP/1.1\r\nHost: h\r\n\r\n', head: { method: 'get' } },
  'bytes over 0x7f and tabs in a value stay as they are': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nX: caf\xc3\xa9\t\xff\r\n\r\n',
    head: { fields: 'X: caf\xc3\xa9\t\xff\r\n' },
  },
  'a value may be empty': { wire: 'GET / HTTP/1.1\r\nHost: h\r\nX:\r\nY: \r\n\r\n', head: { fields: 'X:\r\nY: \r\n' } },
  'IPv6 with a port': { wire: 'GET / HTTP/1.1\r\nHost:[2001:db8::1]:8080\r\n\r\n', head: { host: '[2001:db8::1]:8080' } },
  'IPv4 within IPv6': { wire: 'GET / HTTP/1.1\r\nHost: [::ffff:10.0.0.1]\r\n\r\n', head: { host: '[::ffff:10.0.0.1]' } },
  'a host with percent-encoding and a port left out after its colon': {
    wire: 'GET / HTTP/1.1\r\nHost: a%2db_c.d~:\r\n\r\n',
    head: { host: 'a%2db_c.d~:' },
  },
  'an Idempotency-Key is noticed, and stays': {
    wire: 'POST / HTTP/1.1\r\nHost: h\r\nidempotency-key: "k"\r\n\r\n',
    head: { hasIdempotencyKey: true, fields: 'idempotency-key: "k"\r\n' },
  },
  'what the client says of those in front of it is set apart': {
    wire:
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nA: 1\r\nx-forwarded-for: 2.2.2.2\r\nX-Forwarded-Proto: https\r\n' +
      'X-Forwarded-Host: o\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-Port: 443\r\nVia: 1.0 a\r\nVIA: 1.1 b\r\n\r\n',
    head: {
      fields: 'A: 1\r\n',
      via: '1.0 a, 1.1 b',
      forwarded: {
        xForwardedFor: '1.1.1.1, 2.2.2.2',
        xForwardedProto: 'https',
        xForwardedHost: 'o',
        forwarded: 'for=1.1.1.1',
        others: 'X-Forwarded-Port: 443\r\n',
      },
    },
  },
  'look-alikes of X-Forwarded-For are dropped': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded-For: 6.6.6.6\r\nx_forwarded_proto: https\r\nX-Forwarded_Host: o\r\nX_Real: 1\r\n\r\n',
    head: { fields: 'X_Real: 1\r\n', forwarded: { xForwardedFor: '', xForwardedProto: '', xForwardedHost: '', forwarded: '', others: '' } },
  },
  'names that are nearly known are not known': {
    wire: 'GET / HTTP/1.1\r\nHost: h\r\nHosts: 1\r\nContent_Length: 9\r\nX-Forwarded-: 1\r\nVib: 2\r\n\r\n',
    head: { framing: { type: 'none' }, fields: 'Hosts: 1\r\nContent_Length: 9\r\nX-Forwarded-: 1\r\nVib: 2\r\n' },
  },
};

for (const [sentence, { wire, head, left = '' }] of Object.entries(ACCEPTED)) {
  test(`accepted: ${sentence}`, () => {
    const outcome = read(wire);
    assert.deepEqual({ ...valueIn(outcome), ...head }, valueIn(outcome));
    assert.ok(outcome !== 'incomplete' && 'left' in outcome && outcome.left === left, 'the bytes after the head');
  });
}

const HOST = 'Host: h\r\n';
const LONG = 'x'.repeat(100);

/** Wire text (all whole heads), and `status code` of the refusal. */
const REFUSED: Record<string, [wire: string, refusal: string]> = {
  '1. Content-Length with Transfer-Encoding': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '400 ContentLengthWithTransferEncoding',
  ],
  '1. Transfer-Encoding with Content-Length': [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n`,
    '400 ContentLengthWithTransferEncoding',
  ],
  '1. Content-Length 0 with Transfer-Encoding that is none': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nTransfer-Encoding:\r\n\r\n`,
    '400 ContentLengthWithTransferEncoding',
  ],
  '2. Content-Length twice, different': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`,
    '400 DuplicateContentLength',
  ],
  '2. Content-Length twice, alike': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nX: 1\r\ncontent-length: 3\r\n\r\n`,
    '400 DuplicateContentLength',
  ],
  '2. Content-Length as a list': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 3, 3\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length +5': [`POST / HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length -1': [`POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length 1_0': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 1_0\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length 0x10': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 0x10\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length 1 0': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 1 0\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length 5.0': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 5.0\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length over 2^53': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 9007199254740992\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length over 2^64': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 18446744073709551621\r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length empty': [`POST / HTTP/1.1\r\n${HOST}Content-Length: \r\n\r\n`, '400 BadContentLength'],
  '3. Content-Length in other digits': [`POST / HTTP/1.1\r\n${HOST}Content-Length: \xb2\r\n\r\n`, '400 BadContentLength'],
  '4. Transfer-Encoding repeated': [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '400 DuplicateTransferEncoding',
  ],
  '4. chunked twice': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n`, '400 BadTransferEncoding'],
  '4. chunked, but not last': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n`, '400 BadTransferEncoding'],
  '4. an unknown coding': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`, '501 UnknownTransferEncoding'],
  '4. identity': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`, '501 UnknownTransferEncoding'],
  '4. a coding before chunked': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, '501 UnknownTransferEncoding'],
  '4. chunked in quotes': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n`, '400 BadTransferEncoding'],
  '4. chunked with a parameter': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked;q=1\r\n\r\n`, '400 BadTransferEncoding'],
  '4. chunked with a trailing comma': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked,\r\n\r\n`, '400 BadTransferEncoding'],
  '4. Transfer-Encoding empty': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`, '400 BadTransferEncoding'],
  '4. chunked after a vertical tab': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n`, '400 BadFieldValue'],
  '4. chunked before a non-breaking space': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\xa0\r\n\r\n`, '400 BadTransferEncoding'],
  '5. Transfer-Encoding in HTTP/1.0': [`POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, '400 TransferEncodingInHttp10'],
  '6. a space before the colon': [`GET / HTTP/1.1\r\n${HOST}Content-Length : 3\r\n\r\n`, '400 SpaceBeforeColon'],
  '6. a tab before the colon': [`GET / HTTP/1.1\r\nHost\t: h\r\n\r\n`, '400 SpaceBeforeColon'],
  '7. a folded line': [`GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, '400 FoldedFieldLine'],
  '7. a folded line, with a tab': [`GET / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\tchunked\r\n\r\n`, '400 FoldedFieldLine'],
  '7. white space before the first field': [`GET / HTTP/1.1\r\n ${HOST}\r\n`, '400 FoldedFieldLine'],
  '8. a bare CR in a value': [`GET / HTTP/1.1\r\n${HOST}X: a\rb\r\n\r\n`, '400 BareCarriageReturn'],
  '8. a bare CR at the end of a value': [`GET / HTTP/1.1\r\n${HOST}X: a\r\r\n\r\n`, '400 BareCarriageReturn'],
  '8. a bare CR for an empty line': [`GET / HTTP/1.1\r\n${HOST}\rX: 1\r\n\r\n`, '400 BareCarriageReturn'],
  '8. a bare LF after a value': [`GET / HTTP/1.1\r\n${HOST}X: a\nY: b\r\n\r\n`, '400 BareLineFeed'],
  '8. bare LFs only': ['GET / HTTP/1.1\nHost: h\n\n', '400 BadRequestLine'],
  '8. a bare LF for an empty line': [`GET / HTTP/1.1\r\n${HOST}\nX: 1\r\n\r\n`, '400 BareLineFeed'],
  '8. a bare LF in a name': [`GET / HTTP/1.1\r\n${HOST}X\nY: 1\r\n\r\n`, '400 BareLineFeed'],
  '8. NUL in a value': [`GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, '400 BadFieldValue'],
  '8. NUL in a name': [`GET / HTTP/1.1\r\n${HOST}X\0: 1\r\n\r\n`, '400 BadFieldName'],
  '8. NUL in the target': [`GET /\0 HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  '8. another control character': [`GET / HTTP/1.1\r\n${HOST}X: \x7f\r\n\r\n`, '400 BadFieldValue'],
  '8. a bare CR before the request line': [`\rGET / HTTP/1.1\r\n${HOST}\r\n`, '400 BadMethod'],
  '8. a second empty line before the request line': [`\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, '400 BadMethod'],
  '9. an empty name': [`GET / HTTP/1.1\r\n${HOST}: chunked\r\n\r\n`, '400 EmptyFieldName'],
  'a field line without a colon': [`GET / HTTP/1.1\r\n${HOST}junk\r\n\r\n`, '400 BadFieldName'],
  'a name that is no token': [`GET / HTTP/1.1\r\n${HOST}X(y): 1\r\n\r\n`, '400 BadFieldName'],
  '10. no Host in HTTP/1.1': ['GET / HTTP/1.1\r\nX: 1\r\n\r\n', '400 HostMissing'],
  '10. no Host in HTTP/1.1, with an absolute target': ['GET http://h/ HTTP/1.1\r\n\r\n', '400 HostMissing'],
  '10. Host twice': [`GET / HTTP/1.1\r\n${HOST}X: 1\r\nhost: h\r\n\r\n`, '400 DuplicateHost'],
  '10. Host empty': ['GET / HTTP/1.1\r\nHost:\r\n\r\n', '400 BadHost'],
  '10. Host with a path': ['GET / HTTP/1.1\r\nHost: h/x\r\n\r\n', '400 BadHost'],
  '10. Host with a user': ['GET / HTTP/1.1\r\nHost: u@h\r\n\r\n', '400 BadHost'],
  '10. Host with a list': ['GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', '400 BadHost'],
  '10. Host with a port that is no number': ['GET / HTTP/1.1\r\nHost: h:80x\r\n\r\n', '400 BadHost'],
  '10. Host with a port over 65535': ['GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n', '400 BadHost'],
  '10. Host with two ports': ['GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n', '400 BadHost'],
  '10. Host with half a percent-encoding': ['GET / HTTP/1.1\r\nHost: h%2\r\n\r\n', '400 BadHost'],
  '10. Host of an unclosed IPv6 address': ['GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', '400 BadHost'],
  '10. Host that is a port only': ['GET / HTTP/1.1\r\nHost: :80\r\n\r\n', '400 BadHost'],
  '11. an absolute target of another host': [`GET http://other/ HTTP/1.1\r\n${HOST}\r\n`, '400 HostDiffersFromTarget'],
  '11. an absolute target of another port': [`GET http://h:81/ HTTP/1.1\r\n${HOST}\r\n`, '400 HostDiffersFromTarget'],
  '11. an absolute target with a user': [`GET http://u@h/ HTTP/1.1\r\n${HOST}\r\n`, '400 BadTargetAuthority'],
  '11. an absolute target without a host': [`GET http:///x HTTP/1.1\r\n${HOST}\r\n`, '400 BadTargetAuthority'],
  '11. an absolute target of another scheme': [`GET ftp://h/ HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  '12. a fragment in the target': [`GET /a#b HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  '12. GET *': [`GET * HTTP/1.1\r\n${HOST}\r\n`, '400 AsteriskTarget'],
  '12. CONNECT': ['CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', '501 ConnectNotSupported'],
  'a target that is no path': [`GET a/b HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  'no target': [`GET  HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  'a space in the target': [`GET /a b HTTP/1.1\r\n${HOST}\r\n`, '400 BadRequestLine'],
  'a target with bytes over 0x7f': [`GET /caf\xe9 HTTP/1.1\r\n${HOST}\r\n`, '400 BadTarget'],
  'two spaces before the version': [`GET /  HTTP/1.1\r\n${HOST}\r\n`, '400 BadRequestLine'],
  'a space after the version': [`GET / HTTP/1.1 \r\n${HOST}\r\n`, '400 BadRequestLine'],
  'a space before the method': [` GET / HTTP/1.1\r\n${HOST}\r\n`, '400 BadMethod'],
  'a tab after the method': [`GET\t/ HTTP/1.1\r\n${HOST}\r\n`, '400 BadMethod'],
  'a request of HTTP/0.9': ['GET /\r\n\r\n', '400 BadTarget'],
  '16. HTTP/2 with prior knowledge': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505 VersionNotSupported'],
  '16. HTTP/1.2': [`GET / HTTP/1.2\r\n${HOST}\r\n`, '505 VersionNotSupported'],
  '16. HTTP/3.0': [`GET / HTTP/3.0\r\n${HOST}\r\n`, '505 VersionNotSupported'],
  '16. a version that is none': [`GET / HTTP/1.x\r\n${HOST}\r\n`, '400 BadRequestLine'],
  '16. a version of two digits': [`GET / HTTP/11.1\r\n${HOST}\r\n`, '400 BadRequestLine'],
  '16. the name of the protocol in lower case': [`GET / http/1.1\r\n${HOST}\r\n`, '400 BadRequestLine'],
  '16. a response': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '400 BadMethod'],
  '19. a target over the limit': [`GET /${LONG} HTTP/1.1\r\n${HOST}\r\n`, '414 TargetTooLong'],
  '19. a head over the limit': [
    `GET / HTTP/1.1\r\n${HOST}A: ${LONG}\r\nB: ${LONG}\r\nC: ${LONG}\r\nD: ${LONG}\r\n\r\n`,
    '431 HeadTooLarge',
  ],
  '19. a field name over the limit': [`GET / HTTP/1.1\r\n${HOST}${LONG}${LONG}${LONG}${LONG}: 1\r\n\r\n`, '431 HeadTooLarge'],
  '19. more fields than the limit': [`GET / HTTP/1.1\r\n${HOST}${'A: 1\r\n'.repeat(10)}\r\n`, '431 TooManyFields'],
  'a method that has no end': [`${'M'.repeat(33)} / HTTP/1.1\r\n${HOST}\r\n`, '501 MethodTooLong'],
  '21. an unknown expectation': [`PUT / HTTP/1.1\r\n${HOST}Expect: 200-ok\r\n\r\n`, '417 UnknownExpectation'],
  '21. 100-continue twice': [`PUT / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n`, '417 UnknownExpectation'],
};

for (const [sentence, [wire, refusal]] of Object.entries(REFUSED)) {
  test(`refused: ${sentence}`, () => {
    const [status, code] = refusal.split(' ');
    assert.deepEqual(read(wire), { refused: { status: Number(status), code } });
  });
}

test('TLS and garbage are refused at their first chunk, whole or not [case 16]', () => {
  for (const first of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc', '\0\0\0\0', '\x80\x2e\x01', '{"a":1}', '\xff', 'SSH-2.0-x\r\n', '\r\r']) {
    const reader = new RequestHeadReader(LIMITS);
    assert.throws(() => reader.feed(Buffer.from(first, 'latin1')), { status: 400 }, JSON.stringify(first));
  }
});

test('a head of exactly the limit is read, one byte more is not [case 19]', () => {
  const fill = (size: number) => {
    const rest = `GET / HTTP/1.1\r\n${HOST}A: \r\n\r\n`;
    return rest.replace('A: ', `A: ${'x'.repeat(size - rest.length)}`);
  };
  assert.equal(valueIn(read(fill(LIMITS.headerBytes))).size, LIMITS.headerBytes);
  assert.deepEqual(read(fill(LIMITS.headerBytes + 1)), { refused: { status: 431, code: 'HeadTooLarge' } });
});

test('a target of exactly the limit is read', () => {
  assert.equal(valueIn(read(`GET /${'x'.repeat(99)} HTTP/1.1\r\n${HOST}\r\n`)).target.length, 100);
});

test('as many fields as the limit are read', () => {
  assert.equal(valueIn(read(`GET / HTTP/1.1\r\n${HOST}${'A: 1\r\n'.repeat(9)}\r\n`)).fields.length, 54);
});

test('any head that is cut short is incomplete, not refused', () => {
  const wire = `POST http://h/x HTTP/1.1\r\n${HOST}A: b\r\nContent-Length: 3\r\n\r\n`;
  for (let length = 0; length < wire.length; length++) assert.equal(read(wire.slice(0, length)), 'incomplete', wire.slice(0, length));
});
