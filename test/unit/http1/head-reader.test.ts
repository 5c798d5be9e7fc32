import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeadReader } from '../../../src/http1/head-reader.ts';
import type { HeadLimits } from '../../../src/http1/types.ts';

const LIMITS: HeadLimits = { headerBytes: 4096, uriBytes: 1000, headerCount: 100 };
const HEAD = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

test('pending tells whether a head has begun, which an empty line has not', () => {
  const reader = new RequestHeadReader(LIMITS);
  const states: boolean[] = [reader.pending];
  for (const bytes of ['\r', '\n', 'G', HEAD.slice(1, 10), HEAD.slice(10)]) {
    reader.feed(Buffer.from(bytes));
    states.push(reader.pending);
  }
  assert.deepEqual(states, [false, false, false, true, true, false]);
});

test('heads that share a chunk are read one by one, from where the last one ended', () => {
  const reader = new RequestHeadReader(LIMITS);
  const chunk = Buffer.from(`${HEAD.replace('/', '/1')}${HEAD.replace('/', '/2')}${HEAD.replace('/', '/3').slice(0, 9)}`);
  assert.equal(reader.feed(chunk)?.target, '/1');
  assert.equal(reader.feed(chunk, reader.end)?.target, '/2');
  assert.equal(reader.feed(chunk, reader.end), null);
  assert.equal(reader.end, chunk.length);
  const rest = Buffer.from(HEAD.replace('/', '/3').slice(9));
  assert.equal(reader.feed(rest)?.target, '/3');
  assert.equal(reader.end, rest.length);
});

test('a chunk may be overwritten as soon as it was fed', () => {
  const reader = new RequestHeadReader(LIMITS);
  const chunk = Buffer.alloc(10);
  let head = null;
  for (let at = 0; at < HEAD.length; at += chunk.length) {
    const length = chunk.write(HEAD.slice(at, at + chunk.length));
    head = reader.feed(chunk.subarray(0, length));
    chunk.fill('x');
  }
  assert.equal(head?.host, 'h');
});

test('an empty chunk changes nothing', () => {
  const reader = new RequestHeadReader(LIMITS);
  assert.equal(reader.feed(Buffer.alloc(0)), null);
  assert.equal(reader.pending, false);
  reader.feed(Buffer.from(HEAD.slice(0, 5)));
  assert.equal(reader.feed(Buffer.alloc(0)), null);
  assert.equal(reader.feed(Buffer.from(HEAD.slice(5)))?.target, '/');
});

test('a head that drips in is looked at a few times, not once for each byte', () => {
  /** Counts the bytes that the parser is asked to look at. */
  class Counting extends RequestHeadReader {
    bytes = 0;
    protected override parse(buffer: Buffer, start: number, end: number) {
      this.bytes += end - start;
      return super.parse(buffer, start, end);
    }
  }
  const reader = new Counting(LIMITS);
  const wire = Buffer.from(HEAD.replace('\r\n\r\n', `\r\n${`A: ${'x'.repeat(30)}\r\n`.repeat(90)}\r\n`));
  let read = 0;
  for (let i = 0; i < wire.length; i++) if (reader.feed(wire.subarray(i, i + 1)) !== null) read++;
  assert.equal(read, 1);
  assert.ok(reader.bytes <= wire.length * 4, `${reader.bytes} bytes were looked at for a head of ${wire.length}`);
});

test('a head without end is refused once it is over the limit, however it comes', () => {
  for (const size of [1, 7, 1000, 100_000]) {
    const reader = new RequestHeadReader(LIMITS);
    reader.feed(Buffer.from('GET / HTTP/1.1\r\nHost: h\r\nA: '));
    let fed = 0;
    assert.throws(
      () => {
        for (; fed < 1_000_000; fed += size) reader.feed(Buffer.alloc(size, 'x'));
      },
      { status: 431, code: 'HeadTooLarge' },
    );
    assert.ok(fed <= LIMITS.headerBytes);
  }
});
