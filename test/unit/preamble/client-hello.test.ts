import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ClientHelloError, readClientHello } from '../../../src/preamble/client-hello.ts';
import { extension, type HelloParts, hello, hostName, number, record, records, serverName, vector } from './hello-text.ts';

const asking = (name: string | Buffer, more: HelloParts = {}) => record(hello({ extensions: serverName(hostName(name)), ...more }));
const padded = (bytes: number) => extension(21, Buffer.alloc(bytes));
const LONGEST_NAME = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
/** Of a hello with nothing else: 16,384 bytes of body in all. */
const MOST_PADDING = 16_384 - (hello({ extensions: Buffer.concat([serverName(hostName('shop.example')), padded(0)]) }).length - 4);

const GOOD: Record<string, { bytes: Buffer; name: string | null }> = {
  'a hello of today': { bytes: record(hello()), name: 'shop.example' },
  'in records of one byte each, but few': {
    bytes: Buffer.concat([records(hello().subarray(0, 30), 1), record(hello().subarray(30))]),
    name: 'shop.example',
  },
  'cut within its header': { bytes: Buffer.concat([record(hello().subarray(0, 2)), record(hello().subarray(2))]), name: 'shop.example' },
  'in records of 8 bytes': { bytes: records(hello(), 8), name: 'shop.example' },
  capitals: { bytes: asking('Shop.EXAMPLE'), name: 'shop.example' },
  'a name of one label': { bytes: asking('shop'), name: 'shop' },
  'an underscore': { bytes: asking('_dmarc.shop_1.example'), name: '_dmarc.shop_1.example' },
  'a name in punycode': { bytes: asking('xn--bcher-kva.example'), name: 'xn--bcher-kva.example' },
  'the longest name': { bytes: asking(LONGEST_NAME), name: LONGEST_NAME },
  'no name': { bytes: record(hello({ extensions: extension(43, Buffer.of(2, 3, 4)) })), name: null },
  'an empty list of extensions': { bytes: record(hello({ extensions: Buffer.alloc(0) })), name: null },
  'no extensions at all (TLS 1.2)': { bytes: record(hello({ extensions: null })), name: null },
  'no session': { bytes: asking('shop', { session: Buffer.alloc(0) }), name: 'shop' },
  'TLS 1.0 inside': { bytes: asking('shop', { version: 0x0301 }), name: 'shop' },
  'TLS 1.2 outside': { bytes: record(hello(), 22, 0x0303), name: 'shop.example' },
  'SSL 3 outside': { bytes: record(hello(), 22, 0x0300), name: 'shop.example' },
  'the longest hello': {
    bytes: records(hello({ extensions: Buffer.concat([serverName(hostName('shop.example')), padded(MOST_PADDING)]) }), 16_384),
    name: 'shop.example',
  },
};

const BAD: Record<string, Buffer> = {
  'a request': Buffer.from('GET / HTTP/1.1\r\n'),
  'a PROXY header': Buffer.from('PROXY TCP4 '),
  'SSL 2': Buffer.from('802e0100020015', 'hex'),
  'an alert': record(Buffer.of(2, 40), 21),
  'another version': record(hello(), 22, 0x0401),
  'a version over 3': record(hello(), 22, 0x0304),
  'an empty record': Buffer.concat([record(Buffer.alloc(0)), record(hello())]),
  'a record that is too long': Buffer.concat([Buffer.of(22, 3, 1), number(16_385, 2)]),
  'another handshake message': record(Buffer.concat([Buffer.of(2), hello().subarray(1)])),
  'a hello that is too long': record(Buffer.concat([Buffer.of(1), number(16_385, 3)])),
  'more records than anybody needs': records(hello(), 2),
  'a record of another kind amid it': Buffer.concat([record(hello().subarray(0, 30)), record(hello().subarray(30), 23)]),
  'another message in its record': record(Buffer.concat([hello(), hello()])),
  'a byte too many in its record': record(Buffer.concat([hello(), Buffer.of(0)])),
  'SSL 2 inside': record(hello({ version: 0x0002 })),
  'a session that is too long': record(hello({ session: Buffer.alloc(33) })),
  'no cipher suite': record(hello({ ciphers: Buffer.alloc(0) })),
  'half a cipher suite': record(hello({ ciphers: Buffer.alloc(3) })),
  'no compression method': record(hello({ compression: Buffer.alloc(0) })),
  'a body that ends in the random': record(Buffer.concat([Buffer.of(1), vector(3, Buffer.concat([number(0x0303, 2), Buffer.alloc(31)]))])),
  'no body': record(Buffer.of(1, 0, 0, 0)),
  'an extension that is cut': record(hello({ extensions: serverName(hostName('shop')).subarray(0, -1) })),
  'half the head of an extension': record(hello({ extensions: Buffer.of(0, 43, 0) })),
  'an extension twice': record(hello({ extensions: Buffer.concat([padded(1), padded(2)]) })),
  'two extensions with a name': record(hello({ extensions: Buffer.concat([serverName(hostName('a')), serverName(hostName('b'))]) })),
  'two names': record(hello({ extensions: serverName(hostName('a'), hostName('b')) })),
  'a name of another kind': record(hello({ extensions: serverName(Buffer.concat([Buffer.of(1), vector(2, Buffer.from('a'))])) })),
  'no name in the list': record(hello({ extensions: serverName() })),
  'an empty extension': record(hello({ extensions: extension(0, Buffer.alloc(0)) })),
  'more behind the list': record(hello({ extensions: extension(0, Buffer.concat([vector(2, hostName('a')), Buffer.of(0)])) })),
  'an empty name': asking(''),
  'a dot at the end': asking('shop.'),
  'two dots in a row': asking('shop..example'),
  'a label that is too long': asking('a'.repeat(64)),
  'a name that is too long': asking(`${LONGEST_NAME}d`),
  'a NUL in the name': asking('shop\0.example'),
  'a blank in the name': asking('shop .example'),
  'bytes over ASCII in the name': asking(Buffer.from('b\u00fccher.example', 'utf8')),
  'a wildcard': asking('*.example'),
  'an IPv6 address': asking('fd00::1'),
  'a port': asking('shop:443'),
};

describe('readClientHello', () => {
  for (const [what, { bytes, name }] of Object.entries(GOOD)) {
    test(`${what}: ${name ?? 'no name'}, whole and with another record behind it`, () => {
      assert.deepEqual(readClientHello(bytes), { serverName: name });
      assert.deepEqual(readClientHello(Buffer.concat([bytes, record(Buffer.of(1), 20), Buffer.from('early')])), { serverName: name });
    });
    test(`${what}: any part of it is not enough`, () => {
      for (let length = 0; length < bytes.length; length++)
        assert.equal(readClientHello(bytes.subarray(0, length)), null, `${length} bytes`);
    });
  }

  for (const [what, bytes] of Object.entries(BAD)) {
    test(`${what}: refused, and never taken on the way there`, () => {
      assert.throws(() => readClientHello(bytes), ClientHelloError);
      for (let length = 0; length < bytes.length; length++) {
        try {
          assert.equal(readClientHello(bytes.subarray(0, length)), null, `${length} bytes`);
        } catch (error) {
          assert.ok(error instanceof ClientHelloError);
        }
      }
    });
  }

  test('what is no TLS is refused with its first byte', () => {
    for (let first = 0; first < 256; first++) {
      if (first === 22) continue;
      assert.throws(() => readClientHello(Buffer.of(first)), ClientHelloError);
    }
  });
});

// Whatever bytes come. FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const MILLISECONDS = Number(process.env.FUZZ_SECONDS ?? 5) * 1000;
process.stdout.write(`# FUZZ_SEED=${SEED}\n`);

const anyName = fc.oneof(fc.constantFrom('shop.example', 'SHOP', 'a.', '*.a', 'sh\0p', 'x'.repeat(254)), fc.string({ maxLength: 20 }));
const anyExtension = fc.oneof(
  anyName.map((name) => serverName(hostName(name))),
  fc.tuple(anyName, anyName).map(([a, b]) => serverName(hostName(a), hostName(b))),
  fc.tuple(fc.nat(60), fc.uint8Array({ maxLength: 12 })).map(([type, content]) => extension(type, Buffer.from(content))),
);
const anyHello = fc.option(fc.array(anyExtension, { maxLength: 4 })).map((all) => hello({ extensions: all && Buffer.concat(all) }));
const changed = fc
  .tuple(anyHello, fc.integer({ min: 4, max: 400 }), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 3 }))
  .map(([message, size, changes]) => {
    const bytes = records(message, size);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });

type Outcome = { readonly serverName: string | null } | 'refused' | 'incomplete';

function outcome(bytes: Buffer): Outcome {
  try {
    return readClientHello(bytes) ?? 'incomplete';
  } catch (error) {
    assert.ok(error instanceof ClientHelloError);
    return 'refused';
  }
}

test('bytes from a grammar, changed at random: read alike however they come, and only what is a name is read as one', () => {
  const seen = { refused: 0, incomplete: 0, read: 0 };
  const property = fc.property(changed, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, share) => {
    const whole = outcome(bytes);
    seen[typeof whole === 'string' ? whole : 'read']++;
    const part = outcome(bytes.subarray(0, Math.floor(bytes.length * share)));
    if (part !== 'incomplete') assert.deepEqual(part, whole);
    if (whole === 'incomplete') return;
    assert.deepEqual(outcome(Buffer.concat([bytes, Buffer.of(22, 3, 3)])), whole);
    if (whole !== 'refused' && whole.serverName !== null) assert.match(whole.serverName, /^[a-z0-9_][-a-z0-9_.]{0,252}$/);
  });
  fc.assert(property, { seed: SEED, numRuns: 10_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  assert.ok(seen.refused > 100 && seen.read > 100, JSON.stringify(seen));
});
