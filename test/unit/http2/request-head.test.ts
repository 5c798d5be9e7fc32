import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HEAD_LIMITS, type ProtocolError, type RequestHead } from '../../../src/http1/types.ts';
import { requestHead } from '../../../src/http2/request-head.ts';

const PSEUDO = [':method', 'GET', ':scheme', 'http', ':authority', 'shop', ':path', '/'];

function read(fields: readonly string[], ended = true, pseudo: readonly string[] = PSEUDO): RequestHead {
  return requestHead([...pseudo, ...fields], ended, DEFAULT_HEAD_LIMITS);
}

function pseudo(name: string, value: string): string[] {
  return PSEUDO.map((each, i) => (PSEUDO[i - 1] === name ? value : each));
}

test('fields become lines of HTTP/1.1, cookie crumbs one line', () => {
  const head = read(['accept', '*/*', 'cookie', 'a=1', 'x', '', 'cookie', 'b=2', 'idempotency-key', 'k', 'te', 'trailers', 'trailer', 'x']);
  assert.equal(head.fields, 'accept: */*\r\nx: \r\nidempotency-key: k\r\ncookie: a=1; b=2\r\n');
  assert.deepEqual([head.method, head.target, head.host, head.keepAlive, head.upgrade], ['GET', '/', 'shop', true, null]);
  assert.deepEqual([head.hasIdempotencyKey, head.takesTrailers], [true, true]);
});

test('what others said about those in front is kept apart', () => {
  const head = read([
    'x-forwarded-for',
    '1.1.1.1',
    'x-forwarded-for',
    '2.2.2.2',
    'x-forwarded-port',
    '9',
    'x_forwarded_for',
    '3.3.3.3',
    'via',
    '1.1 a',
    'forwarded',
    'for=b',
  ]);
  assert.deepEqual(head.forwarded, {
    xForwardedFor: '1.1.1.1, 2.2.2.2',
    xForwardedProto: '',
    xForwardedHost: '',
    forwarded: 'for=b',
    others: 'x-forwarded-port: 9\r\n',
  });
  assert.deepEqual([head.via, head.fields], ['1.1 a', '']);
});

test('the framing is what length and end of the stream say together', () => {
  assert.deepEqual(read([]).framing, { type: 'none' });
  assert.deepEqual(read([], false).framing, { type: 'chunked' });
  assert.deepEqual(read(['content-length', '7'], false).framing, { type: 'length', length: 7 });
  assert.deepEqual(read(['content-length', '0']).framing, { type: 'length', length: 0 });
});

test('Host stands in for :authority, and may repeat it', () => {
  const without = PSEUDO.filter((each, i) => each !== ':authority' && PSEUDO[i - 1] !== ':authority');
  assert.equal(read(['host', 'other'], true, without).host, 'other');
  assert.equal(read(['host', 'SHOP']).host, 'shop');
});

test('Expect is for requests with a body', () => {
  assert.equal(read(['expect', '100-Continue'], false).expectContinue, true);
  assert.equal(read(['expect', '100-continue']).expectContinue, false);
});

test('nothing of one request is seen in the next', () => {
  read(['via', 'a', 'content-length', '3', 'cookie', 'c', 'x-forwarded-port', '1'], false);
  const { size: _size, ...rest } = read([]);
  assert.deepEqual(rest, {
    method: 'GET',
    target: '/',
    minor: 1,
    host: 'shop',
    fields: '',
    framing: { type: 'none' },
    keepAlive: true,
    expectContinue: false,
    upgrade: null,
    takesTrailers: false,
    hasIdempotencyKey: false,
    forwarded: { xForwardedFor: '', xForwardedProto: '', xForwardedHost: '', forwarded: '', others: '' },
    via: '',
  });
});

test('a name that begins like one of ours is checked like any other', () => {
  for (const name of ['x-forwarded-a\r\nevil', 'x-forwarded-A', 'x-forwarded-\u00e4', 'x_forwarded_a b', 'x-forwarded-a:b']) {
    assert.throws(() => read([name, 'c']), { code: 'BadFieldName' }, JSON.stringify(name));
  }
});

const REFUSED: Record<string, readonly [() => RequestHead, number]> = {
  ConnectionField: [() => read(['upgrade', 'websocket']), 400],
  BadTe: [() => read(['te', 'gzip, trailers']), 400],
  BadFieldName: [() => read(['X', 'a']), 400],
  BadFieldValue: [() => read(['x', 'a\r\nb: c']), 400],
  BadPseudoHeader: [() => read(['x', 'a', ':path', '/b']), 400],
  DuplicatePseudoHeader: [() => read([':path', '/b']), 400],
  EmptyPseudoHeader: [() => read([], true, pseudo(':path', '')), 400],
  DuplicateHost: [() => read(['host', 'shop', 'host', 'shop']), 400],
  DuplicateContentLength: [() => read(['content-length', '3', 'content-length', '3'], false), 400],
  BadContentLength: [() => read(['content-length', '0x3'], false), 400],
  BodyCut: [() => read(['content-length', '3']), 400],
  BadMethod: [() => read([], true, pseudo(':method', 'GET /')), 400],
  MethodTooLong: [() => read([], true, pseudo(':method', 'M'.repeat(33))), 501],
  ConnectNotSupported: [() => read([], true, pseudo(':method', 'CONNECT')), 501],
  BadScheme: [() => read([], true, pseudo(':scheme', 'ftp')), 400],
  BadTarget: [() => read([], true, pseudo(':path', '/a b')), 400],
  TargetTooLong: [() => read([], true, pseudo(':path', `/${'a'.repeat(16_384)}`)), 414],
  BadHost: [() => read([], true, pseudo(':authority', 'user@shop')), 400],
  HostMissing: [() => read([], true, [':method', 'GET', ':scheme', 'http', ':path', '/']), 400],
  HostDiffersFromAuthority: [() => read(['host', 'other']), 400],
  UnknownExpectation: [() => read(['expect', 'wonders']), 417],
  HeadTooLarge: [() => read(['x', 'a'.repeat(33_000)]), 431],
  TooManyFields: [() => read(Array.from({ length: 258 }, (_, i) => (i % 2 === 0 ? 'x' : 'y'))), 431],
};

for (const [code, [call, status]] of Object.entries(REFUSED)) {
  test(`refused: ${code}`, () => {
    assert.throws(call, (error: ProtocolError) => error.code === code && error.status === status);
  });
}

test('values that are not latin1, or have other bytes that HTTP/1.1 could read otherwise, are refused', () => {
  for (const value of ['a\0', 'a\n', 'a\r', '\ta', 'a ', 'a\x7f', 'a\u0100']) {
    assert.throws(() => read(['x', value]), { code: 'BadFieldValue' }, JSON.stringify(value));
    assert.throws(() => read(['x-forwarded-for', value]), { code: 'BadFieldValue' }, JSON.stringify(value));
  }
  assert.equal(read(['x', 'a\tb\xff']).fields, 'x: a\tb\xff\r\n');
});
