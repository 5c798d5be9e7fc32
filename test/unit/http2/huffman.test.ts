import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CODE_LENGTHS, huffmanDecode } from '../../../src/http2/huffman.ts';
import { bytes, code, huffmanEncode, packed } from './hpack-writing.ts';

const decode = (coded: Buffer) => huffmanDecode(coded, 0, coded.length);
const refused = { name: 'CompressionError', message: /Huffman/ };

const ALL = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
/** All bytes, as the Python package hpack 4.2.0 encodes them. */
const ALL_ENCODED = `
  ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffebfffffecfffffedfffffeefffffef
  ffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00
  089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426de
  fe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffd
  bfffebffffe0ffffeeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffff
  d5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff
  1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff8
  7ffffe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcffffeaffffaffff
  fddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7f
  fffff0fffffbbf`;

test('the code is complete, and that of RFC 7541 Appendix B', () => {
  const sum = CODE_LENGTHS.reduce((all, length) => all + 2 ** -length, 0);
  assert.deepEqual([CODE_LENGTHS.length, sum], [257, 1]);
  assert.equal(code(256), '1'.repeat(30));
  assert.equal(decode(bytes(ALL_ENCODED)), ALL);
  assert.deepEqual(huffmanEncode(ALL), bytes(ALL_ENCODED));
});

test('strings of RFC 7541 Appendix C', () => {
  const examples: [string, string][] = [
    ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'],
    ['a8eb 1064 9cbf', 'no-cache'],
    ['25a8 49e9 5ba9 7d7f', 'custom-key'],
    ['25a8 49e9 5bb8 e8b4 bf', 'custom-value'],
    ['6402', '302'],
    ['640e ff', '307'],
    ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9bd9 ab', 'gzip'],
    [
      '94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ];
  for (const [hex, text] of examples) assert.equal(decode(bytes(hex)), text);
});

test('each byte, alone and in longer strings than the shared memory holds', () => {
  for (const character of ALL) assert.equal(decode(huffmanEncode(character)), character);
  const long = ALL.repeat(40) + '0'.repeat(5000);
  assert.equal(decode(huffmanEncode(long)), long);
  assert.equal(decode(Buffer.alloc(0)), '');
});

test('only what stands between start and end is read', () => {
  const coded = huffmanEncode('no-cache');
  assert.equal(huffmanDecode(Buffer.concat([Buffer.from([0]), coded, Buffer.from([0xff])]), 1, 1 + coded.length), 'no-cache');
});

test('EOS inside a string is refused', () => {
  assert.throws(() => decode(packed(code(256))), refused);
  assert.throws(() => decode(packed(`${code(0x61)}${code(256)}${code(0x61)}`)), refused);
});

test('a padding of more than seven bits is refused, one of up to seven is not', () => {
  const fiveBits = code(0x61);
  const eightBits = code(0x5a);
  assert.equal(decode(packed(`${fiveBits}111`)), 'a');
  assert.throws(() => decode(packed(`${fiveBits}111${'1'.repeat(8)}`)), refused);
  assert.throws(() => decode(packed(`${eightBits}${'1'.repeat(8)}`)), refused);
  assert.throws(() => decode(Buffer.from([0xff])), refused);
  assert.equal(decode(packed(`${code(0x20)}${code(0x20)}${code(0x20)}${code(0x3a)}${'1'.repeat(7)}`)), '   :');
});

test('a padding that is not all ones is refused', () => {
  assert.throws(() => decode(packed(`${code(0x61)}000`)), refused);
  assert.throws(() => decode(packed(`${code(0x61)}110`)), refused);
  assert.throws(() => decode(packed(`${code(0x61)}011`)), refused);
});

test('property: what was encoded comes back; whatever comes is decoded to what encodes to it, or refused', () => {
  const anything = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(anything, (data) => {
      const text = Buffer.from(data).toString('latin1');
      assert.equal(decode(huffmanEncode(text)), text);
    }),
  );
  fc.assert(
    fc.property(anything, (data) => {
      let text: string;
      try {
        text = decode(Buffer.from(data));
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'CompressionError');
        return;
      }
      assert.deepEqual(huffmanEncode(text), Buffer.from(data));
    }),
  );
});
