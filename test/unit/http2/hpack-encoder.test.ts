import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from '../../../src/http2/hpack-decoder.ts';
import { HpackEncoder } from '../../../src/http2/hpack-encoder.ts';
import { heapBytes } from './heap.ts';
import { indexed, literal, sizeUpdate } from './hpack-writing.ts';

const AMPLE = 1 << 24;

function decode(decoder: HpackDecoder, block: Buffer): string[] {
  return decoder.decode(block, 0, block.length, AMPLE, AMPLE);
}

/** A copy, as the view lasts only until the next call. */
const encode = (encoder: HpackEncoder, ...list: string[]) => Buffer.from(encoder.encode(list));

test('a field that is in the static table is its index', () => {
  const list = [':status', '200', ':status', '500', 'accept-encoding', 'gzip, deflate', 'vary', '', ':status', '404'];
  assert.deepEqual(encode(new HpackEncoder(), ...list), Buffer.concat([8, 14, 16, 59, 13].map(indexed)));
});

test('a field goes out once, and is its index afterwards', () => {
  const encoder = new HpackEncoder();
  const list = [':status', '201', 'server', 'x', 'x-a', '1'];
  const literals = [literal('indexing', 8, '201'), literal('indexing', 54, 'x'), literal('indexing', 'x-a', '1')];
  assert.deepEqual(encode(encoder, ...list), Buffer.concat(literals));
  assert.deepEqual(encode(encoder, ...list), Buffer.concat([64, 63, 62].map(indexed)));
  assert.deepEqual(encode(encoder, 'x-a', '2'), literal('indexing', 62, '2'));
  assert.deepEqual(encode(encoder, 'x-a', '1', 'x-a', '2', 'server', 'x'), Buffer.concat([63, 62, 64].map(indexed)));
});

test('secrets are never indexed, nor is a proxy behind the peer to do it', () => {
  for (const [name, index] of [
    ['set-cookie', 55],
    ['authorization', 23],
    ['www-authenticate', 61],
    ['proxy-authenticate', 48],
    ['cookie', 32],
    ['authentication-info', 'authentication-info'],
  ] as const) {
    const encoder = new HpackEncoder();
    const expected = literal('never', index, 'secret');
    assert.deepEqual(encode(encoder, name, 'secret', name, 'secret'), Buffer.concat([expected, expected]), name);
  }
});

test('what differs each time, or is long, pushes nothing out', () => {
  const long = 'x'.repeat(513);
  const encoder = new HpackEncoder();
  assert.deepEqual(encode(encoder, 'content-length', '5'), literal('without', 28, '5'));
  assert.deepEqual(
    encode(encoder, 'content-length', '5', 'etag', '"a"'),
    Buffer.concat([literal('without', 28, '5'), literal('without', 34, '"a"')]),
  );
  assert.deepEqual(encode(encoder, 'x-long', long), literal('without', 'x-long', long));
  assert.deepEqual(encode(encoder, 'x-long', long.slice(1)), literal('indexing', 'x-long', long.slice(1)));
});

test('a name that has another value each time stops at eight of them, except for the date', () => {
  const encoder = new HpackEncoder();
  for (let i = 0; i < 8; i++) assert.equal(encode(encoder, 'x-trace', `${i}`)[0], i === 0 ? 0x40 : 0x40 | 62);
  assert.deepEqual(encode(encoder, 'x-trace', '8'), literal('without', 62, '8'));
  assert.deepEqual(encode(encoder, 'x-trace', '0', 'x-trace', '7'), Buffer.concat([indexed(69), indexed(62)]));
  for (let i = 10; i < 40; i++)
    assert.deepEqual(encode(encoder, 'date', `${i}`, 'date', `${i}`), Buffer.concat([literal('indexing', 33, `${i}`), indexed(62)]));
});

test('the next block says that the table became smaller, and what it is at last', () => {
  const encoder = new HpackEncoder();
  encode(encoder, 'x-a', '1', 'x-b', '2');
  encoder.resize(10_000);
  assert.deepEqual(encode(encoder, 'x-a', '1'), indexed(63), 'nothing: ours is 4096, whatever the peer would take');
  encoder.resize(0);
  encoder.resize(100);
  encoder.resize(90);
  assert.deepEqual(encode(encoder, 'x-a', '1'), Buffer.concat([sizeUpdate(0), sizeUpdate(90), literal('indexing', 'x-a', '1')]));
  assert.deepEqual(encode(encoder, 'x-a', '1'), indexed(62));
  encoder.resize(50);
  assert.deepEqual(encode(encoder, 'x-a', '1'), Buffer.concat([sizeUpdate(50), indexed(62)]));
  encoder.resize(4096);
  assert.deepEqual(encode(encoder, 'x-a', '1'), Buffer.concat([sizeUpdate(4096), indexed(62)]));
  encoder.resize(20);
  encoder.resize(4096);
  assert.deepEqual(encode(encoder, 'x-a', '1'), Buffer.concat([sizeUpdate(20), sizeUpdate(4096), literal('indexing', 'x-a', '1')]));
});

test('an entry that is gone is not referred to, though its field stands where it stood before', () => {
  const encoder = new HpackEncoder();
  const list = ['', '', 'x-a', '1'];
  const literals = [literal('indexing', '', ''), literal('indexing', 'x-a', '1')];
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(encode(encoder, ...list), Buffer.concat([...(i === 0 ? [] : [sizeUpdate(0), sizeUpdate(4096)]), ...literals]));
    assert.deepEqual(encode(encoder, ...list), Buffer.concat([indexed(63), indexed(62)]));
    encoder.resize(0);
    encoder.resize(4096);
  }
});

test('names that came once leave nothing behind', () => {
  const encoder = new HpackEncoder();
  const before = heapBytes();
  for (let i = 0; i < 100_000; i++) encoder.encode([`x-${i}`, '1']);
  assert.ok(heapBytes() - before < 1_000_000);
  assert.deepEqual(encode(encoder, 'x-99999', '1'), indexed(62));
});

test('a list of any size is encoded; the view is of shared memory', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const large = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? `x-${i}` : '\xff'.repeat(i * 40)));
  assert.deepEqual(decode(decoder, encoder.encode(large)), large);
  assert.deepEqual(decode(decoder, encoder.encode([])), []);
  const first = encoder.encode(['x-a', '1']);
  assert.deepEqual(decode(decoder, first), ['x-a', '1']);
  assert.equal(first.buffer, new HpackEncoder().encode(['x-a', '1']).buffer);
});

test('property: lists come back, through many blocks and changes of the table size', () => {
  const NAMES = [':status', 'date', 'server', 'content-type', 'set-cookie', 'content-length', 'vary', 'x-a', 'x-b', 'x-c'];
  const VALUES = [
    '',
    '200',
    '404',
    '299',
    'a',
    'b',
    'c',
    'text/html',
    'accept-encoding',
    'x'.repeat(60),
    '\xe9'.repeat(130),
    'z'.repeat(600),
  ];
  const text = fc.uint8Array({ maxLength: 50 }).map((data) => Buffer.from(data).toString('latin1'));
  const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: text });
  const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...VALUES) }, { weight: 1, arbitrary: text });
  const list = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((fields) => fields.flat());
  const size = fc.oneof(fc.constantFrom(0, 31, 40, 4096, 65_536), fc.nat(300), fc.nat(5000));
  const step = fc.record({
    sizes: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(size, { maxLength: 4 }) }),
    list,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      for (const { sizes, list: fields } of steps) {
        for (const bytes of sizes) encoder.resize(bytes);
        assert.deepEqual(decode(decoder, encoder.encode(fields)), fields);
      }
    }),
    { numRuns: 500 },
  );
});
