import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from '../../../src/http2/hpack-decoder.ts';
import { heapBytes } from './heap.ts';
import { bytes, indexed, integer, literal, sizeUpdate, string } from './hpack-writing.ts';

const AMPLE = 1 << 20;

function decode(decoder: HpackDecoder, ...parts: Buffer[]): string[] {
  const block = Buffer.concat(parts);
  return decoder.decode(block, 0, block.length, AMPLE, AMPLE);
}

const fails = (message: RegExp, ...parts: Buffer[]) =>
  assert.throws(() => decode(new HpackDecoder(), ...parts), { name: 'CompressionError', message });

/** A request or response each, with the table that it leaves, newest first. */
interface Example {
  readonly block: string;
  readonly fields: string[];
  readonly table: string[];
}

const AUTHORITY = [':authority', 'www.example.com'];
const NO_CACHE = ['cache-control', 'no-cache'];
const CUSTOM = ['custom-key', 'custom-value'];
const get = (scheme: string, path: string) => [':method', 'GET', ':scheme', scheme, ':path', path, ...AUTHORITY];
const requests = (blocks: [string, string, string]): Example[] => [
  { block: blocks[0], fields: get('http', '/'), table: AUTHORITY },
  { block: blocks[1], fields: [...get('http', '/'), ...NO_CACHE], table: [...NO_CACHE, ...AUTHORITY] },
  { block: blocks[2], fields: [...get('https', '/index.html'), ...CUSTOM], table: [...CUSTOM, ...NO_CACHE, ...AUTHORITY] },
];

const PRIVATE = ['cache-control', 'private'];
const DATE = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const LATER = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION = ['location', 'https://www.example.com'];
const GZIP = ['content-encoding', 'gzip'];
const COOKIE = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];
const status = (code: string) => [':status', code];
const responses = (blocks: [string, string, string]): Example[] => [
  {
    block: blocks[0],
    fields: [...status('302'), ...PRIVATE, ...DATE, ...LOCATION],
    table: [...LOCATION, ...DATE, ...PRIVATE, ...status('302')],
  },
  {
    block: blocks[1],
    fields: [...status('307'), ...PRIVATE, ...DATE, ...LOCATION],
    table: [...status('307'), ...LOCATION, ...DATE, ...PRIVATE],
  },
  {
    block: blocks[2],
    fields: [...status('200'), ...PRIVATE, ...LATER, ...LOCATION, ...GZIP, ...COOKIE],
    table: [...COOKIE, ...GZIP, ...LATER],
  },
];

const sequences: Record<string, { tableBytes?: number; examples: Example[] }> = {
  'C.3, requests without Huffman coding': {
    examples: requests([
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ]),
  },
  'C.4, requests with Huffman coding': {
    examples: requests([
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ]),
  },
  'C.5, responses without Huffman coding': {
    tableBytes: 256,
    examples: responses([
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
       1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
       4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
       7369 6f6e 3d31`,
    ]),
  },
  'C.6, responses with Huffman coding': {
    tableBytes: 256,
    examples: responses([
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
       97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
       cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ]),
  },
};

for (const [name, { tableBytes, examples }] of Object.entries(sequences)) {
  test(`RFC 7541 ${name}`, () => {
    const decoder = new HpackDecoder(tableBytes);
    for (const { block, fields, table } of examples) {
      assert.deepEqual(decode(decoder, bytes(block)), fields);
      assert.equal(decoder.truncated, false);
      const entries = Array.from({ length: table.length / 2 }, (_, age) => indexed(62 + age));
      assert.deepEqual(decode(decoder, ...entries), table);
    }
    assert.throws(() => decode(decoder, indexed(62 + (examples.at(-1)?.table.length ?? 0) / 2)), { name: 'CompressionError' });
  });
}

test('RFC 7541 C.2: each representation, and which of them enter the table', () => {
  const decoder = new HpackDecoder();
  assert.deepEqual(decode(decoder, bytes('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')), [
    'custom-key',
    'custom-header',
  ]);
  assert.deepEqual(decode(decoder, bytes('040c 2f73 616d 706c 652f 7061 7468')), [':path', '/sample/path']);
  assert.deepEqual(decode(decoder, bytes('1008 7061 7373 776f 7264 0673 6563 7265 74')), ['password', 'secret']);
  assert.deepEqual(decode(decoder, bytes('82be')), [':method', 'GET', 'custom-key', 'custom-header']);
  assert.throws(() => decode(decoder, indexed(63)), { name: 'CompressionError' });
});

test('the static table, at its ends and in between', () => {
  const fields = [1, 2, 8, 14, 15, 16, 31, 61].flatMap((index) => decode(new HpackDecoder(), indexed(index)));
  assert.deepEqual(fields, [
    ...[':authority', '', ':method', 'GET', ':status', '200', ':status', '500'],
    ...['accept-charset', '', 'accept-encoding', 'gzip, deflate', 'content-type', '', 'www-authenticate', ''],
  ]);
});

test('names may be those of entries of either table', () => {
  const decoder = new HpackDecoder();
  assert.deepEqual(decode(decoder, literal('indexing', 'x-a', '1'), literal('indexing', 62, '2'), literal('never', 63, '3')), [
    ...['x-a', '1', 'x-a', '2', 'x-a', '3'],
  ]);
  assert.deepEqual(decode(decoder, literal('without', 61, 'Basic'), indexed(62), indexed(63)), [
    ...['www-authenticate', 'Basic', 'x-a', '2', 'x-a', '1'],
  ]);
});

test('every byte comes as it was, whether Huffman-coded or not', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
  for (const huffman of [false, true]) assert.deepEqual(decode(new HpackDecoder(), literal('without', 'X', all, huffman)), ['X', all]);
});

test('only what stands between start and end is read', () => {
  const block = Buffer.from([0xff, 0x82, 0x84, 0xff]);
  assert.deepEqual(new HpackDecoder().decode(block, 1, 3, AMPLE, AMPLE), [':method', 'GET', ':path', '/']);
  assert.deepEqual(new HpackDecoder().decode(block, 1, 1, AMPLE, AMPLE), []);
});

test('an index of 0, or beyond the tables, is refused', () => {
  fails(/index/, indexed(0));
  fails(/index/, indexed(62));
  fails(/index/, literal('without', 62, ''));
  fails(/index/, literal('indexing', 'a', 'b'), indexed(63));
  fails(/index/, indexed(2 ** 28));
});

test('an integer may be longer than it needs to be, but neither large nor endless', () => {
  for (const extra of [0, 1, 2, 3, 4])
    assert.deepEqual(decode(new HpackDecoder(), literal('indexing', 'a', 'b'), integer(0, 4, 62, extra), string('c')), [
      'a',
      'b',
      'a',
      'c',
    ]);
  fails(/integer/, integer(0, 4, 62, 5));
  fails(/integer/, integer(0x80, 7, 2 ** 28 + 1));
  fails(/integer/, integer(0x80, 7, 2 ** 35 - 1));
  fails(/integer/, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]));
  fails(/integer/, Buffer.concat([Buffer.from([0xff]), Buffer.alloc(10_000, 0x80)]));
});

test('a string that is longer than the block is refused', () => {
  fails(/ends inside/, Buffer.from([0x00, 0x01]));
  fails(/ends inside/, Buffer.from([0x00, 0x01, 0x61, 0x02, 0x62]));
  fails(/ends inside/, Buffer.from([0x00]), integer(0, 7, 2 ** 28));
});

test('a string that goes beyond the end of the block is refused, though more bytes follow', () => {
  const block = Buffer.from([0x00, 0x01, 0x61, 0x01, 0x62]);
  assert.throws(() => new HpackDecoder().decode(block, 0, 4, AMPLE, AMPLE), { name: 'CompressionError', message: /ends inside/ });
});

test('a Huffman-coded string that is none is refused', () => fails(/Huffman/, Buffer.from([0x00, 0x81, 0xff, 0x00])));

test('every prefix of a block gives the fields that are whole in it, or is refused', () => {
  for (const huffman of [false, true]) {
    const parts = [
      sizeUpdate(1000),
      indexed(2),
      literal('indexing', 'x-name', 'a value', huffman),
      literal('never', 60, 'x'.repeat(200), huffman),
      indexed(62),
    ];
    const whole = decode(new HpackDecoder(), ...parts);
    const ends = new Map<number, number>();
    for (let i = 0, at = 0; i <= parts.length; at += parts[i]?.length ?? 0, i++) ends.set(at, Math.max(0, i - 1));
    const block = Buffer.concat(parts);
    for (let length = 0; length <= block.length; length++) {
      const fields = ends.get(length);
      const read = () => decode(new HpackDecoder(), block.subarray(0, length));
      if (fields === undefined) assert.throws(read, { name: 'CompressionError', message: /ends inside/ });
      else assert.deepEqual(read(), whole.slice(0, 2 * fields));
    }
  }
});

test('the oldest entries go when a new one needs their place', () => {
  const decoder = new HpackDecoder(3 * 34);
  decode(decoder, ...['1', '2', '3', '4'].map((value) => literal('indexing', 'a', value)));
  assert.deepEqual(decode(decoder, indexed(62), indexed(63), indexed(64)), ['a', '4', 'a', '3', 'a', '2']);
  assert.throws(() => decode(decoder, indexed(65)), { name: 'CompressionError' });
});

test('an entry may take its name from the one that it pushes out', () => {
  const decoder = new HpackDecoder(34);
  assert.deepEqual(decode(decoder, literal('indexing', 'a', '1'), literal('indexing', 62, '2'), indexed(62)), [
    'a',
    '1',
    'a',
    '2',
    'a',
    '2',
  ]);
});

test('an entry that is larger than the table empties it, and is no error', () => {
  const decoder = new HpackDecoder(64);
  assert.deepEqual(decode(decoder, literal('indexing', 'a', '1'), literal('indexing', 'b', 'x'.repeat(32))), [
    'a',
    '1',
    'b',
    'x'.repeat(32),
  ]);
  assert.throws(() => decode(decoder, indexed(62)), { name: 'CompressionError' });
  assert.deepEqual(decode(decoder, literal('indexing', 'b', 'x'.repeat(31)), indexed(62)).length, 4);
});

test('entries are found after thousands of others', () => {
  const decoder = new HpackDecoder();
  for (let i = 0; i < 5000; i++) {
    decode(decoder, literal('indexing', 'n', `${10_000 + i}`));
    if (i < 200) continue;
    assert.deepEqual(decode(decoder, indexed(62), indexed(62 + 106)), ['n', `${10_000 + i}`, 'n', `${10_000 + i - 106}`]);
  }
  assert.throws(() => decode(decoder, indexed(62 + 107)), { name: 'CompressionError' });
});

test('a change of the table size drops what has no place any more, and may be taken back', () => {
  const decoder = new HpackDecoder();
  decode(decoder, literal('indexing', 'a', '1'), literal('indexing', 'a', '2'));
  assert.deepEqual(decode(decoder, sizeUpdate(34), indexed(62)), ['a', '2']);
  assert.throws(() => decode(decoder, indexed(63)), { name: 'CompressionError' });
  assert.deepEqual(decode(decoder, sizeUpdate(0), sizeUpdate(4096)), []);
  assert.throws(() => decode(decoder, indexed(62)), { name: 'CompressionError' });
  assert.deepEqual(decode(decoder, literal('indexing', 'b', '1'), indexed(62)), ['b', '1', 'b', '1']);
});

test('a table size above the maximum, a third one, and one behind a field are refused', () => {
  fails(/above the maximum/, sizeUpdate(4097));
  fails(/change of the table size/, sizeUpdate(0), sizeUpdate(1), sizeUpdate(2));
  fails(/change of the table size/, indexed(2), sizeUpdate(0));
  assert.throws(() => decode(new HpackDecoder(100), sizeUpdate(101)), { name: 'CompressionError' });
  assert.deepEqual(decode(new HpackDecoder(8192), sizeUpdate(8192), indexed(2)), [':method', 'GET']);
});

test('what goes beyond the limits is left out, and enters the table all the same', () => {
  const block = Buffer.concat(['1', '2', '3'].map((value) => literal('indexing', 'a', value)));
  const read = (maxBytes: number, maxFields: number) => {
    const decoder = new HpackDecoder();
    const fields = decoder.decode(block, 0, block.length, maxBytes, maxFields);
    const { truncated } = decoder;
    assert.deepEqual(decode(decoder, indexed(62), indexed(64)), ['a', '3', 'a', '1']);
    assert.equal(decoder.truncated, false);
    return { fields, truncated };
  };
  assert.deepEqual(read(18, 3), { fields: ['a', '1', 'a', '2', 'a', '3'], truncated: false });
  assert.deepEqual(read(17, 3), { fields: ['a', '1', 'a', '2'], truncated: true });
  assert.deepEqual(read(18, 2), { fields: ['a', '1', 'a', '2'], truncated: true });
  assert.deepEqual(read(0, 3), { fields: [], truncated: true });
});

test('nothing is kept behind the first field that was left out', () => {
  const decoder = new HpackDecoder();
  const block = Buffer.concat([indexed(2), literal('without', 'a', 'x'.repeat(50)), indexed(2)]);
  assert.deepEqual(decoder.decode(block, 0, block.length, 40, 10), [':method', 'GET']);
  assert.equal(decoder.truncated, true);
});

test('a block that refers to a large entry again and again keeps no more than was asked for, and copies nothing', () => {
  const decoder = new HpackDecoder();
  const large = 'x'.repeat(4000);
  decode(decoder, literal('indexing', 'a', large));
  const bomb = Buffer.alloc(1 << 20, 0x80 | 62);
  const before = process.memoryUsage().heapUsed;
  const fields = decoder.decode(bomb, 0, bomb.length, 16_384, 100);
  assert.deepEqual(fields, ['a', large, 'a', large, 'a', large, 'a', large]);
  assert.equal(decoder.truncated, true);
  const all = decoder.decode(bomb, 0, 10_000, AMPLE * 100, AMPLE);
  assert.equal(all.length, 20_000);
  assert.ok(process.memoryUsage().heapUsed - before < 20_000_000, 'the strings were copied: they would have 40 MB');
});

test('entries that are gone leave nothing behind', () => {
  const decoder = new HpackDecoder();
  const block = literal('indexing', 'a', 'b');
  const before = heapBytes();
  for (let i = 0; i < 500_000; i++) decoder.decode(block, 0, block.length, AMPLE, AMPLE);
  assert.ok(heapBytes() - before < 1_000_000);
  assert.deepEqual(decode(decoder, indexed(62)), ['a', 'b']);
});

test('entries that are gone are not held on to', () => {
  const decoder = new HpackDecoder();
  const block = literal('indexing', 'a', 'x'.repeat(4000));
  const before = heapBytes();
  for (let i = 0; i < 100; i++) decoder.decode(block, 0, block.length, AMPLE, AMPLE);
  assert.ok(heapBytes() - before < 200_000);
  assert.equal(decode(decoder, indexed(62))[1]?.length, 4000);
});

test('property: whatever comes, block after block, is read or refused as a CompressionError, and stays within the limits', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((data) => Buffer.from(data)),
    fc.nat(70).map(indexed),
    fc.nat(5000).map(sizeUpdate),
    fc
      .tuple(
        fc.constantFrom('indexing' as const, 'without' as const, 'never' as const),
        fc.oneof(fc.nat(64), fc.string()),
        fc.string(),
        fc.boolean(),
      )
      .map(([kind, name, value, huffman]) => literal(kind, name, value, huffman)),
  );
  const block = fc.array(part, { maxLength: 8 }).map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
      const decoder = new HpackDecoder(200);
      try {
        for (const each of blocks) {
          const fields = decoder.decode(each, 0, each.length, 100, 4);
          assert.ok(fields.length <= 8 && fields.join('').length + 2 * fields.length <= 100);
        }
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'CompressionError', String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
