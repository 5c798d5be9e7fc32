import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProxyHeaderError, readProxyHeader } from '../../../src/preamble/proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v2 = (rest: string) => Buffer.from(`${SIGNATURE}${rest.replaceAll(' ', '')}`, 'hex').toString('latin1');
const ONE_TO_TWO = '0a000001 0a000002 1f90 0050';
const FD_TO_FD = 'fd000000000000000000000000000001 fd000000000000000000000000000002 1f90 0050';

const GOOD: Record<string, { bytes: string; source: string | null }> = {
  'version 1, IPv4': { bytes: 'PROXY TCP4 10.0.0.1 10.0.0.2 8080 80\r\n', source: '10.0.0.1' },
  'version 1, IPv6': { bytes: 'PROXY TCP6 fd00::1 fd00::2 8080 80\r\n', source: 'fd00::1' },
  'version 1, the longest': {
    bytes: `PROXY UNKNOWN ${'f'.repeat(39)} ${'f'.repeat(39)} 65535 65535\r\n`,
    source: null,
  },
  'version 1, unknown': { bytes: 'PROXY UNKNOWN\r\n', source: null },
  'version 1, port 0': { bytes: 'PROXY TCP4 10.0.0.1 10.0.0.2 0 65535\r\n', source: '10.0.0.1' },
  'version 2, IPv4': { bytes: v2(`21 11 000c ${ONE_TO_TWO}`), source: '10.0.0.1' },
  'version 2, IPv4 and more': { bytes: v2(`21 11 0013 ${ONE_TO_TWO} 04 0004 00000000`), source: '10.0.0.1' },
  'version 2, IPv6': { bytes: v2(`21 21 0024 ${FD_TO_FD}`), source: 'fd00::1' },
  'version 2, IPv6 of zeros only': { bytes: v2(`21 21 0024 ${'00'.repeat(36)}`), source: '::' },
  'version 2, IPv6 without a run of zeros': {
    bytes: v2(`21 21 0024 20010db8000100020003000400050006 ${'00'.repeat(16)} 1f90 0050`),
    source: '2001:db8:1:2:3:4:5:6',
  },
  'version 2, IPv6 that ends in zeros': { bytes: v2(`21 21 0024 20010db8 ${'00'.repeat(32)}`), source: '2001:db8::' },
  'version 2, IPv6 with two runs of zeros': {
    bytes: v2(`21 21 0024 20010000000000010000000000000001 ${'00'.repeat(20)}`),
    source: '2001:0:0:1::1',
  },
  'version 2, a proxy that speaks for itself': { bytes: v2('20 00 0000'), source: null },
  'version 2, one that adds addresses nobody asked for': { bytes: v2(`20 11 000c ${ONE_TO_TWO}`), source: null },
  'version 2, not specified': { bytes: v2('21 00 0002 abcd'), source: null },
  'version 2, a Unix socket': { bytes: v2(`21 31 00d8 ${'00'.repeat(216)}`), source: null },
};

const BAD: Record<string, string> = {
  'a request': 'GET / HTTP/1.1\r\n',
  TLS: '\x16\x03\x01',
  'lower case': 'proxy TCP4 ',
  'another word': 'PROXYTCP4 ',
  'version 1, bare LF': 'PROXY TCP4 10.0.0.1 10.0.0.2 8080 80\n',
  'version 1, two spaces': 'PROXY TCP4  10.0.0.1 10.0.0.2 8080 80\r\n',
  'version 1, an address of the other family': 'PROXY TCP4 fd00::1 fd00::2 8080 80\r\n',
  'version 1, IPv4 where IPv6 is said': 'PROXY TCP6 10.0.0.1 10.0.0.2 8080 80\r\n',
  'version 1, a zone': 'PROXY TCP6 fe80::1%eth0 fe80::2 8080 80\r\n',
  'version 1, a zero before': 'PROXY TCP4 10.0.0.01 10.0.0.2 8080 80\r\n',
  'version 1, a port over 65535': 'PROXY TCP4 10.0.0.1 10.0.0.2 65536 80\r\n',
  'version 1, a port with a zero before': 'PROXY TCP4 10.0.0.1 10.0.0.2 080 80\r\n',
  'version 1, a port missing': 'PROXY TCP4 10.0.0.1 10.0.0.2 8080\r\n',
  'version 1, one too many': 'PROXY TCP4 10.0.0.1 10.0.0.2 8080 80 1\r\n',
  'version 1, UDP': 'PROXY UDP4 10.0.0.1 10.0.0.2 8080 80\r\n',
  'version 1, a name': 'PROXY TCP4 localhost 10.0.0.2 8080 80\r\n',
  'version 1, a control character': 'PROXY UNKNOWN \0\r\n',
  'version 1, without an end': `PROXY UNKNOWN ${'x'.repeat(93)}`,
  'version 1, an end that is too late': `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  'version 2, a signature that breaks off': '\r\n\r\n\0\r\nQUIT\r',
  'version 2, another version': v2(`11 11 000c ${ONE_TO_TWO}`),
  'version 2, another command': v2(`22 11 000c ${ONE_TO_TWO}`),
  'version 2, UDP': v2(`21 12 000c ${ONE_TO_TWO}`),
  'version 2, another family': v2(`21 41 000c ${ONE_TO_TWO}`),
  'version 2, too short for IPv4': v2('21 11 000b 0a0000010a0000021f9000'),
  'version 2, too short for IPv6': v2(`21 21 000c ${ONE_TO_TWO}`),
  'version 2, too long': v2('21 11 1001'),
};

function read(bytes: Buffer) {
  const header = readProxyHeader(bytes);
  return header && { source: header.path?.source ?? null, size: header.size };
}

describe('readProxyHeader', () => {
  for (const [what, { bytes, source }] of Object.entries(GOOD)) {
    const whole = Buffer.from(bytes, 'latin1');
    test(`${what}: ${source ?? 'nobody'}, whole and with more behind it`, () => {
      assert.deepEqual(read(whole), { source, size: whole.length });
      assert.deepEqual(read(Buffer.concat([whole, Buffer.from('\r\nPROXY ')])), { source, size: whole.length });
    });
    test(`${what}: any part of it is not enough`, () => {
      for (let length = 0; length < whole.length; length++)
        assert.equal(readProxyHeader(whole.subarray(0, length)), null, `${length} bytes`);
    });
  }

  for (const [what, bytes] of Object.entries(BAD)) {
    test(`${what}: refused, and never taken on the way there`, () => {
      const whole = Buffer.from(bytes, 'latin1');
      assert.throws(() => readProxyHeader(whole), ProxyHeaderError);
      for (let length = 0; length < whole.length; length++) {
        const part = whole.subarray(0, length);
        try {
          assert.equal(readProxyHeader(part), null, `${length} bytes`);
        } catch (error) {
          assert.ok(error instanceof ProxyHeaderError);
        }
      }
    });
  }
});
