/**
 * Arbitrary wire text: from a grammar whose every part is mostly right and sometimes one of the known tricks, then with a few bytes
 * changed. Mostly right, because what is wrong in ten places is refused at the first and tests nothing else.
 */
import fc from 'fast-check';

/** One of `usual`, or, one time in `rarity`, one of `odd`. */
function mostly(usual: readonly string[], odd: readonly string[], rarity = 12): fc.Arbitrary<string> {
  return fc.oneof({ weight: rarity - 1, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
}

const eol = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\0\r\n', '\n\r', ' \r\n'], 40);
const method = mostly(
  ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH'],
  ['CONNECT', 'get', 'PRI', 'G ET', '', 'M-SEARCH', 'GET\t'],
  20,
);
const target = mostly(
  ['/', '/a?b=c', '/%00', 'http://h/x'],
  ['*', '/a#b', 'http://other/', '/\x80', '', '//h/', 'h:80', '/a b', 'http://u@h/', '/\0'],
  12,
);
const version = mostly(['HTTP/1.1'], ['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', 'HTTP/0.9', ''], 10);
const separator = mostly([': ', ':'], [' : ', ' ', ':\t', '\t:', ':\r\n ', ':\x0b', ''], 30);
const length = mostly(['0', '5', '12'], ['+5', '-1', '0x5', '5,5', '5 5', '', '1_0', '9007199254740993', '00005', '5.0', '\x0b5', '٥'], 8);
const coding = mostly(
  ['chunked', 'Chunked', ' chunked '],
  ['gzip, chunked', 'chunked, chunked', 'chunked,', 'identity', 'xchunked', '"chunked"', 'chunked\x0b', 'chunked;a=b', '', '\x00chunked'],
  8,
);

const nameAndValue: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('Content-Length', 'content-length', 'Content-Length '), length) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('Transfer-Encoding', 'TRANSFER-ENCODING', 'Transfer_Encoding', '\tTransfer-Encoding'), coding),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('Host', 'host'), mostly(['h'], ['', 'a b', 'h,h', 'h:x', '[::1]', 'h/'], 4)) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('Connection'),
      fc.constantFrom('close', 'keep-alive', 'upgrade', 'Transfer-Encoding', 'content-length, host', 'x-a', ', ,', 'close, x'),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('Expect'), fc.constantFrom('100-continue', '100-Continue', 'x')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('Upgrade'), fc.constantFrom('websocket', 'h2c', 'a/b, h2c', '\xff')) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constantFrom('X-A', 'Via', 'X-Forwarded-For', 'x_forwarded_for', 'Te', 'A', '', 'X\0'),
      fc.constantFrom('a', '', 'b, c', '\xe9', '\t'),
    ),
  },
);

const field = fc.tuple(nameAndValue, separator, eol).map(([[name, value], colon, end]) => `${name}${colon}${value}${end}`);

const chunkSize = mostly([''], ['0x', '+', '-', ' ', '000000000000000000', '_'], 30);
const chunkEnd = mostly(['', ';a=b', ';a="b;c"'], [' ', ';\n', ';\0', ';a\r', '\t', ';', ' ;x'], 15);
const chunk = fc
  .tuple(chunkSize, fc.constantFrom('x', 'hello', '0\r\n\r\n', '\r\n', 'GET / HTTP/1.1\r\n\r\n'), chunkEnd, eol, eol)
  .map(([prefix, data, extension, end1, end2]) => `${prefix}${data.length.toString(16)}${extension}${end1}${data}${end2}`);
const trailers = mostly(['', '', 'X: y\r\n', 'Content-Length: 5\r\n'], ['X : y\r\n', 'junk\r\n', 'X: y\n', ' x\r\n', 'X: \0\r\n'], 6);

export const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), mostly(['0\r\n', '00\r\n', '0;z\r\n'], ['0\n', '0 \r\n', '\r\n', ''], 12), trailers, eol)
  .map(([chunks, last, trailer, end]) => `${chunks.join('')}${last}${trailer}${end}`);

const body = fc.oneof(chunkedBody, fc.constantFrom('', 'hello', 'hello, world', 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'));
/** Most requests have the Host that they need; a second one comes from the fields. */
const host = mostly(['Host: h\r\n'], ['', 'Host: h\n', 'Host : h\r\n', 'Host:\r\n'], 20);

const request = fc
  .tuple(
    mostly([''], ['\r\n', '\n', '\r\n\r\n', ' '], 20),
    method,
    target,
    version,
    eol,
    host,
    fc.array(field, { maxLength: 5 }),
    eol,
    body,
  )
  .map(
    ([before, verb, path, http, end1, hostLine, fields, end2, rest]) =>
      `${before}${verb} ${path} ${http}${end1}${hostLine}${fields.join('')}${end2}${rest}`,
  );

const statusLine = mostly(
  ['HTTP/1.1 200 OK', 'HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 100 Continue', 'HTTP/1.0 200 OK', 'HTTP/1.1 404'],
  [
    'HTTP/2.0 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000',
    'ICY 200 OK',
    'HTTP/1.1 101 x',
    'HTTP/1.1 999 x',
    '',
    'HTTP/1.1 200\0',
  ],
  10,
);

const response = fc
  .tuple(statusLine, eol, fc.array(field, { maxLength: 5 }), eol, body)
  .map(([line, end1, fields, end2, rest]) => `${line}${end1}${fields.join('')}${end2}${rest}`);

interface Mutation {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(2000),
  removed: fc.constantFrom(0, 0, 1, 1, 2, 7),
  inserted: fc.oneof(
    fc.constantFrom('', '\r', '\n', '\r\n', '\r\n\r\n', '\0', ' ', '\t', ':', ',', '0', 'A', '\x7f', '\x80', '\x0b'),
    fc.nat(255).map((byte) => String.fromCharCode(byte)),
  ),
});

function mutated(wire: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((text, { at, removed, inserted }) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + inserted + text.slice(from + removed);
  }, wire);
}

function stream(message: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const mutations = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 3, arbitrary: fc.array(mutation, { maxLength: 3 }) });
  return fc
    .tuple(fc.array(message, { minLength: 1, maxLength: 3 }), mutations)
    .map(([messages, changes]) => Buffer.from(mutated(messages.join(''), changes), 'latin1'));
}

/** Bytes of one to three requests, one after the other. */
export const requestStream = stream(request);
export const responseStream = stream(response);
export const chunkedStream = stream(chunkedBody);

/** `bytes` in pieces, cut at points that `cuts` (any numbers) stand for. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...points, bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

export const cuts = fc.array(fc.nat(4000), { maxLength: 6 });
