import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyReader } from '../../../src/http1/body-reader.ts';
import type { Framing, Side } from '../../../src/http1/types.ts';
import { readEveryWay, type Subject } from './feeding.ts';

/** A body as a subject: its value is the payload, once it is whole. */
class BodySubject implements Subject<string> {
  end = 0;
  readonly #reader: BodyReader;
  readonly #payload: Buffer[] = [];

  constructor(framing: Framing, side: Side) {
    this.#reader = new BodyReader(side);
    this.#reader.start(framing);
  }

  feed(chunk: Buffer): string | null {
    this.end = this.#reader.feed(chunk, 0, this.#payload);
    return this.#reader.done ? Buffer.concat(this.#payload).toString('latin1') : null;
  }
}

const chunked = (wire: string, side: Side = 'request') => readEveryWay(wire, () => new BodySubject({ type: 'chunked' }, side));

const WHOLE: Record<string, { wire: string; payload: string; left?: string }> = {
  'one chunk': { wire: '5\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
  'several chunks': { wire: '5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n', payload: 'hello, world' },
  'no chunk at all': { wire: '0\r\n\r\n', payload: '' },
  'zeros before the size, and many of them for the last': { wire: '0005\r\nhello\r\n000\r\n\r\n', payload: 'hello' },
  'hexadecimal of either case': {
    wire: `a\r\n${'x'.repeat(10)}\r\nB\r\n${'y'.repeat(11)}\r\n0\r\n\r\n`,
    payload: 'x'.repeat(10) + 'y'.repeat(11),
  },
  'data that look like chunks': { wire: '7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', payload: '0\r\n\r\n\r\n' },
  'extensions are dropped': { wire: '5;a=b;c="d;e"\r\nhello\r\n0;last\r\n\r\n', payload: 'hello' },
  'white space around an extension': { wire: '5 \t; a = b\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
  'trailers are dropped [case 18]': {
    wire: '5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: evil\r\nX:\r\n\r\n',
    payload: 'hello',
  },
  'what comes after it is not touched': { wire: '1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n', payload: 'x', left: 'GET / HTTP/1.1\r\n' },
};

for (const [sentence, { wire, payload, left = '' }] of Object.entries(WHOLE)) {
  test(`chunked: ${sentence}`, () => assert.deepEqual(chunked(wire), { value: payload, left }));
}

const REFUSED: Record<string, [wire: string, code: string]> = {
  '13. a size of 0x5': ['0x5\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size of -1': ['-1\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size of +5': ['+5\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size with an underscore': ['0_5\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size of 17 digits': ['00000000000000005\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size over 2^53': ['20000000000001\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size of nothing': ['\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. an extension without a size': [';a=b\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a space before the size': [' 5\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a space after the size': ['5 \r\nhello\r\n0\r\n\r\n', 'BadChunkExtension'],
  '13. a size that ends in a bare LF': ['5\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size that ends in a bare CR': ['5\rhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '13. a size with a letter over f': ['5g\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '14. an extension with a bare LF': ['5;a\nhello\r\n0\r\n\r\n', 'BadChunkExtension'],
  '14. an extension with a bare CR': ['5;a\rb\r\nhello\r\n0\r\n\r\n', 'BadChunkSize'],
  '14. an extension with NUL': ['5;a\0\r\nhello\r\n0\r\n\r\n', 'BadChunkExtension'],
  '15. data longer than their size': ['5\r\nhello!\r\n0\r\n\r\n', 'BadChunkEnd'],
  '15. data that end in LF alone': ['5\r\nhello\n0\r\n\r\n', 'BadChunkEnd'],
  '15. data that end in CR alone': ['5\r\nhello\r0\r\n\r\n', 'BadChunkEnd'],
  '18. a trailer without a colon': ['0\r\njunk\r\n\r\n', 'BadTrailer'],
  '18. a trailer with a space before its colon': ['0\r\nX : 1\r\n\r\n', 'BadTrailer'],
  '18. a folded trailer': ['0\r\nX: 1\r\n 2\r\n\r\n', 'BadTrailer'],
  '18. a trailer with a bare LF': ['0\r\nX: 1\n\r\n', 'BadTrailer'],
  '18. a trailer with NUL': ['0\r\nX: \0\r\n\r\n', 'BadTrailer'],
  '18. a trailer without a name': ['0\r\n: 1\r\n\r\n', 'BadTrailer'],
  'an end that is a bare LF': ['0\r\n\n', 'BadTrailer'],
  'an end that is a bare CR': ['0\r\n\rx', 'BadTrailer'],
};

for (const [sentence, [wire, code]] of Object.entries(REFUSED)) {
  test(`chunked, refused: ${sentence}`, () => {
    assert.deepEqual(chunked(wire), { refused: { status: 400, code } });
    assert.deepEqual(chunked(wire, 'response'), { refused: { status: 502, code } });
  });
}

/** Feeds `piece` until it is refused, and returns how many bytes were taken before. */
function bytesTaken(start: string, piece: string, refusal: { status: number; code: string }): number {
  const reader = new BodyReader('request');
  reader.start({ type: 'chunked' });
  let taken = 0;
  assert.throws(() => {
    for (let chunk = Buffer.from(start); taken < 1_000_000; chunk = Buffer.from(piece)) taken += reader.feed(chunk, 0, []);
  }, refusal);
  return taken;
}

test('17. extensions without end are refused, in one chunk or in many', () => {
  for (const [start, piece] of [
    ['5;', 'x'.repeat(1000)],
    ['5', ' '.repeat(1000)],
    ['', `1;${'x'.repeat(200)}\r\ny\r\n`],
  ] as const) {
    assert.ok(bytesTaken(start, piece, { status: 400, code: 'ChunkExtensionsTooLarge' }) < 20_000);
  }
});

test('18. trailers without end are refused', () => {
  for (const [start, piece] of [
    ['0\r\nX: ', 'x'.repeat(1000)],
    ['0\r\n', 'A: b\r\n'.repeat(100)],
  ] as const) {
    assert.ok(bytesTaken(start, piece, { status: 431, code: 'TrailersTooLarge' }) < 20_000);
  }
});

test('the trailers of a response are kept apart, however they come; those of a request are not', () => {
  const wire = Buffer.from('1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n');
  for (const [side, trailers] of [
    ['response', 'A: b\r\nC:\r\n'],
    ['request', ''],
  ] as const) {
    for (let cut = 1; cut < wire.length; cut++) {
      const reader = new BodyReader(side);
      reader.start({ type: 'chunked' });
      reader.feed(wire.subarray(0, cut), 0, []);
      reader.feed(wire.subarray(cut), 0, []);
      assert.equal(reader.trailers, trailers);
      reader.start({ type: 'chunked' });
      assert.equal(reader.trailers, '', 'the next body has none of them');
    }
  }
});

test('a chunked body that is cut short is incomplete', () => {
  const wire = '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n';
  for (let length = 1; length < wire.length; length++) assert.equal(chunked(wire.slice(0, length)), 'incomplete');
});

test('a length: that many bytes, and not one of the next message', () => {
  const read = (wire: string) => readEveryWay(wire, () => new BodySubject({ type: 'length', length: 5 }, 'request'));
  assert.deepEqual(read('helloGET'), { value: 'hello', left: 'GET' });
  assert.equal(read('hell'), 'incomplete');
});

test('payload is not copied', () => {
  const reader = new BodyReader('response');
  const chunk = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
  const payload: Buffer[] = [];
  reader.start({ type: 'chunked' });
  reader.feed(chunk, 0, payload);
  assert.equal(payload[0]?.buffer, chunk.buffer);
  reader.start({ type: 'length', length: chunk.length });
  reader.feed(chunk, 0, payload);
  assert.equal(payload[1], chunk);
});

test('no body takes no byte', () => {
  for (const framing of [{ type: 'none' }, { type: 'length', length: 0 }] as const) {
    const reader = new BodyReader('request');
    reader.start(framing);
    assert.equal(reader.done, true);
    assert.equal(reader.feed(Buffer.from('GET'), 0, []), 0);
  }
});

test('a body that ends with its connection', () => {
  const reader = new BodyReader('response');
  const payload: Buffer[] = [];
  reader.start({ type: 'close' });
  assert.equal(reader.feed(Buffer.from('ab'), 1, payload), 2);
  assert.equal(reader.feed(Buffer.from('cd'), 0, payload), 2);
  assert.equal(reader.done, false);
  reader.finish();
  assert.equal(reader.done, true);
  assert.equal(Buffer.concat(payload).toString(), 'bcd');
});

test('a connection that ends before the body is a cut [case 43]', () => {
  for (const [framing, wire] of [
    [{ type: 'length', length: 5 }, 'hell'],
    [{ type: 'chunked' }, '5\r\nhello\r\n'],
    [{ type: 'chunked' }, '5\r\nhello\r\n0\r\n'],
  ] as const) {
    const reader = new BodyReader('response');
    reader.start(framing);
    reader.feed(Buffer.from(wire), 0, []);
    assert.throws(() => reader.finish(), { name: 'ProtocolError', status: 502, code: 'BodyCut' });
  }
});

test('one reader reads one body after the other, whatever was left of the last', () => {
  const reader = new BodyReader('request');
  reader.start({ type: 'chunked' });
  reader.feed(Buffer.from('5;aaaa\r\nhe'), 0, []);
  const payload: Buffer[] = [];
  reader.start({ type: 'chunked' });
  assert.equal(reader.feed(Buffer.from('2\r\nhi\r\n0\r\n\r\n'), 0, payload), 12);
  assert.equal(reader.done, true);
  assert.equal(Buffer.concat(payload).toString(), 'hi');
});
