import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CODE_LENGTHS, huffmanDecode } from '../../../src/http2/huffman.ts';
import { bytes, code, huffmanEncode, packed } from './hpack-writing.ts';

const decode = (coded: Buffer) => huffmanDecode(coded, 0, coded.length);
const refused = { name: 'CompressionError', message: /Huffman/ };

test('the code is complete, and ends in the codes of RFC 7541 Appendix B that are written out there', () => {
  assert.equal(CODE_LENGTHS.length, 257);
  assert.equal(
    CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0),
    1,
  );
  const known: [number, number, number][] = [
    [0x30, 0x0, 5],
    [0x74, 0x9, 5],
    [0x20, 0x14, 6],
    [0x75, 0x2d, 6],
    [0x3a, 0x5c, 7],
    [0x7a, 0x7b, 7],
    [0x5a, 0xfd, 8],
    [0x00, 0x1ff8, 13],
    [0x5c, 0x7fff0, 19],
    [0xe5, 0x1fffe7, 21],
    [0xff, 0x3ffffee, 26],
    [0xf9, 0xffffffe, 28],
    [0x16, 0x3ffffffe, 30],
    [256, 0x3fffffff, 30],
  ];
  for (const [symbol, value, length] of known) assert.equal(code(symbol), value.toString(2).padStart(length, '0'), `of ${symbol}`);
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
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
  for (const character of all) assert.equal(decode(huffmanEncode(character)), character);
  assert.equal(decode(huffmanEncode(all)), all);
  const long = all.repeat(40) + '0'.repeat(5000);
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
