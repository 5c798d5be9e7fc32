import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeadReader } from '../../../src/http1/head-reader.ts';
import type { HeadLimits, ResponseHead } from '../../../src/http1/types.ts';
import { readEveryWay, valueIn } from './feeding.ts';

const LIMITS: HeadLimits = { headerBytes: 400, uriBytes: 100, headerCount: 10 };

function read(wire: string, method = 'GET') {
  return readEveryWay(wire, () => {
    const reader = new ResponseHeadReader(LIMITS);
    reader.expect(method);
    return reader;
  });
}

const ACCEPTED: Record<string, { wire: string; method?: string; head: Partial<ResponseHead>; left?: string }> = {
  'a plain answer': {
    wire: 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello',
    head: {
      size: 60,
      status: 200,
      reason: 'OK',
      minor: 1,
      fields: 'Server: x\r\nDate: now\r\n',
      framing: { type: 'length', length: 5 },
      contentLength: 5,
      keepAlive: true,
      upgrade: null,
    },
    left: 'hello',
  },
  chunked: {
    wire: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    head: { framing: { type: 'chunked' }, contentLength: null, fields: '', keepAlive: true },
  },
  'neither length nor chunks: until the connection ends': {
    wire: 'HTTP/1.1 200 OK\r\nA: 1\r\n\r\n',
    head: { framing: { type: 'close' }, keepAlive: false, fields: 'A: 1\r\n' },
  },
  'an empty body': {
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    head: { framing: { type: 'length', length: 0 }, keepAlive: true },
  },
  'HEAD: the length is told, and no body comes': {
    method: 'HEAD',
    wire: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: 500, keepAlive: true },
  },
  'HEAD without a length': {
    method: 'HEAD',
    wire: 'HTTP/1.1 200 OK\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: null, keepAlive: true },
  },
  'HEAD with chunks that would be': {
    method: 'HEAD',
    wire: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: null, keepAlive: true },
  },
  '304 with a length': {
    wire: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: 7, keepAlive: true },
  },
  '204': { wire: 'HTTP/1.1 204 No Content\r\n\r\n', head: { framing: { type: 'none' }, contentLength: null, keepAlive: true } },
  '204 with a length of 0: no body, and no length either': {
    wire: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: null, keepAlive: true },
  },
  '204 that announces a body: its connection is not used again': {
    wire: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    head: { framing: { type: 'none' }, contentLength: null, keepAlive: false },
  },
  '100': {
    wire: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200',
    head: { status: 100, framing: { type: 'none' }, keepAlive: true },
    left: 'HTTP/1.1 200',
  },
  '103 with fields': { wire: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', head: { status: 103, fields: 'Link: </a>\r\n' } },
  '101': {
    wire: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x81',
    head: { status: 101, upgrade: 'websocket', fields: 'Sec-WebSocket-Accept: x\r\n', framing: { type: 'none' } },
    left: '\x81',
  },
  '101 to h2c names no protocol': {
    wire: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    head: { status: 101, upgrade: null },
  },
  'Upgrade with another status is dropped': {
    wire: 'HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n',
    head: { upgrade: null, fields: '', keepAlive: false },
  },
  'what Connection names is dropped, but no framing': {
    wire: 'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\nConnection: x-a, content-length\r\nKeep-Alive: timeout=5\r\nX-B: 2\r\n\r\n',
    head: { fields: 'X-B: 2\r\n', framing: { type: 'length', length: 2 } },
  },
  'HTTP/1.0 closes': { wire: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n', head: { minor: 0, keepAlive: false } },
  'HTTP/1.0 with keep-alive stays': {
    wire: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n',
    head: { minor: 0, keepAlive: true },
  },
  'a reason that is empty': { wire: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', head: { status: 200, reason: '' } },
  'a reason that is left out, with its space': { wire: 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', head: { status: 200, reason: '' } },
  'a reason of many words and bytes': {
    wire: 'HTTP/1.1 500 d\xe9j\xe0 vu\r\nContent-Length: 0\r\n\r\n',
    head: { status: 500, reason: 'd\xe9j\xe0 vu' },
  },
  'fields that come twice stay twice': {
    wire: 'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n',
    head: { fields: 'Set-Cookie: a\r\nSet-Cookie: b\r\n' },
  },
  'a status that nobody knows': { wire: 'HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n', head: { status: 599 } },
};

for (const [sentence, { wire, method, head, left = '' }] of Object.entries(ACCEPTED)) {
  test(`accepted: ${sentence}`, () => {
    const outcome = read(wire, method);
    assert.deepEqual({ ...valueIn(outcome), ...head }, valueIn(outcome));
    assert.ok(outcome !== 'incomplete' && 'left' in outcome && outcome.left === left, 'the bytes after the head');
  });
}

const LONG = 'x'.repeat(100);
const OK = 'HTTP/1.1 200 OK\r\n';

/** All are 502 [case 24]. */
const REFUSED: Record<string, [wire: string, code: string]> = {
  'Content-Length and Transfer-Encoding': [
    `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'ContentLengthWithTransferEncoding',
  ],
  'Content-Length twice, different': [`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 'DuplicateContentLength'],
  'Content-Length twice, alike': [`${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'DuplicateContentLength'],
  'an odd Content-Length': [`${OK}Content-Length: +1\r\n\r\n`, 'BadContentLength'],
  'a negative Content-Length in answer to nothing that matters': ['HTTP/1.1 304 x\r\nContent-Length: -1\r\n\r\n', 'BadContentLength'],
  'a coding other than chunked': [`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'UnknownTransferEncoding'],
  'chunked twice': [`${OK}Transfer-Encoding: chunked, chunked\r\n\r\n`, 'BadTransferEncoding'],
  'chunked in HTTP/1.0': ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'TransferEncodingInHttp10'],
  'a folded line': [`${OK}X: a\r\n b\r\n\r\n`, 'FoldedFieldLine'],
  'a space before the colon': [`${OK}X : a\r\n\r\n`, 'SpaceBeforeColon'],
  'a bare LF': [`${OK}X: a\n\r\n\r\n`, 'BareLineFeed'],
  'a bare CR': [`${OK}X: a\rb\r\n\r\n`, 'BareCarriageReturn'],
  'a bare CR after the status line': ['HTTP/1.1 200 OK\rX: a\r\n\r\n', 'BareCarriageReturn'],
  'a bare LF after the status line': ['HTTP/1.1 200 OK\nX: a\n\n', 'BadStatusLine'],
  NUL: [`${OK}X: \0\r\n\r\n`, 'BadFieldValue'],
  'NUL in the reason': ['HTTP/1.1 200 O\0K\r\n\r\n', 'BadStatusLine'],
  'an empty name': [`${OK}: x\r\n\r\n`, 'EmptyFieldName'],
  junk: ['hello, world\r\n\r\n', 'BadStatusLine'],
  'an empty line before the status line': [`\r\n${OK}\r\n`, 'BadStatusLine'],
  'HTTP/2': ['HTTP/2.0 200 OK\r\n\r\n', 'BadStatusLine'],
  'HTTP/1.2': ['HTTP/1.2 200 OK\r\n\r\n', 'BadStatusLine'],
  'a status of two digits': ['HTTP/1.1 20 OK\r\n\r\n', 'BadStatusLine'],
  'a status of four digits': ['HTTP/1.1 2000 OK\r\n\r\n', 'BadStatusLine'],
  'a status below 100': ['HTTP/1.1 099 OK\r\n\r\n', 'BadStatusLine'],
  'a status over 599': ['HTTP/1.1 600 OK\r\n\r\n', 'BadStatusLine'],
  'a request': ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'BadStatusLine'],
  'too large a head': [`${OK}A: ${LONG}\r\nB: ${LONG}\r\nC: ${LONG}\r\nD: ${LONG}\r\n\r\n`, 'HeadTooLarge'],
  'too long a reason': [`HTTP/1.1 200 ${LONG}${LONG}${LONG}${LONG}\r\n\r\n`, 'HeadTooLarge'],
  'too many fields': [`${OK}${'A: 1\r\n'.repeat(11)}\r\n`, 'TooManyFields'],
};

for (const [sentence, [wire, code]] of Object.entries(REFUSED)) {
  test(`refused with 502: ${sentence}`, () => {
    assert.deepEqual(read(wire), { refused: { status: 502, code } });
  });
}

test('any head that is cut short is incomplete, not refused', () => {
  const wire = `${OK}A: b\r\nContent-Length: 3\r\n\r\n`;
  for (let length = 0; length < wire.length; length++) assert.equal(read(wire.slice(0, length)), 'incomplete', wire.slice(0, length));
});

test('one reader reads interim heads and the final one, and then the next answer', () => {
  const reader = new ResponseHeadReader(LIMITS);
  const wire = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 x\r\n\r\n',
  );
  const statuses: number[] = [];
  for (let at = 0; at < wire.length; at = reader.end) statuses.push(reader.feed(wire, at)?.status ?? 0);
  assert.deepEqual(statuses, [100, 103, 200, 404]);
});
