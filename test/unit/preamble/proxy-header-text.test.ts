import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readProxyHeader } from '../../../src/preamble/proxy-header.ts';
import { proxyHeader } from '../../../src/preamble/proxy-header-text.ts';

const path = (source: string, destination: string) => ({ source, sourcePort: 40_000, destination, destinationPort: 443 });
const V2 = '0d0a0d0a000d0a515549540a';

describe('proxyHeader', () => {
  test('version 1 is a line of text', () => {
    assert.equal(proxyHeader('V1', path('192.0.2.7', '10.0.0.2')).toString(), 'PROXY TCP4 192.0.2.7 10.0.0.2 40000 443\r\n');
    assert.equal(proxyHeader('V1', path('2001:db8::7', 'fd00::2')).toString(), 'PROXY TCP6 2001:db8::7 fd00::2 40000 443\r\n');
  });

  test('version 2 is bytes', () => {
    assert.equal(proxyHeader('V2', path('192.0.2.7', '10.0.0.2')).toString('hex'), `${V2}2111000cc00002070a0000029c4001bb`);
    const addresses = '20010db8000000000000000000000007fd000000000000000000000000000002';
    assert.equal(proxyHeader('V2', path('2001:db8::7', 'fd00::2')).toString('hex'), `${V2}21210024${addresses}9c4001bb`);
  });

  test('a connection of our own', () => {
    assert.equal(proxyHeader('V1', null).toString(), 'PROXY UNKNOWN\r\n');
    assert.equal(proxyHeader('V2', null).toString('hex'), `${V2}20000000`);
  });

  const TABLE: Record<string, { ends: [string, string]; read: [string, string] | null }> = {
    'IPv4 as a socket of both families gives it': { ends: ['::ffff:192.0.2.7', '::ffff:10.0.0.2'], read: ['192.0.2.7', '10.0.0.2'] },
    'IPv6 of zeros': { ends: ['::', '::1'], read: ['::', '::1'] },
    'IPv6 without a run of zeros': { ends: ['1:2:3:4:5:6:7:8', 'fd00::'], read: ['1:2:3:4:5:6:7:8', 'fd00::'] },
    'a zone is left out': { ends: ['fe80::1%eth0', 'fe80::2%eth0'], read: ['fe80::1', 'fe80::2'] },
    'a client that has gone': { ends: ['', '10.0.0.2'], read: null },
  };
  for (const [what, { ends, read }] of Object.entries(TABLE)) {
    for (const version of ['V1', 'V2'] as const) {
      test(`${what}: what is written in ${version} is read back`, () => {
        const header = readProxyHeader(proxyHeader(version, path(...ends)));
        assert.deepEqual(header?.path ?? null, read && path(...read));
      });
    }
  }

  test('of two families IPv4 is mapped into IPv6', () => {
    assert.equal(readProxyHeader(proxyHeader('V2', path('192.0.2.7', 'fd00::2')))?.path?.source, '::ffff:c000:207');
    assert.equal(readProxyHeader(proxyHeader('V1', path('192.0.2.7', 'fd00::2')))?.path?.source, '::ffff:192.0.2.7');
  });
});
