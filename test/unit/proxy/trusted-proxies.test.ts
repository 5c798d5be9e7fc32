import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustedProxies } from '../../../src/proxy/trusted-proxies.ts';

const cases: Record<string, [string[], string, boolean]> = {
  'nobody is trusted by default': [[], '127.0.0.1', false],
  'an address within a range is': [['10.0.0.0/8'], '10.20.30.40', true],
  'an address outside of it is not': [['10.0.0.0/8'], '11.0.0.1', false],
  'a single address is a range of its own': [['192.0.2.7'], '192.0.2.7', true],
  'an IPv4 address that comes mapped into IPv6 counts as IPv4': [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
  'an IPv6 address within a range is': [['fd00::/8'], 'fd12::1', true],
  'everything of IPv4 leaves IPv6 out': [['0.0.0.0/0'], 'fd12::1', false],
  'a client without an address is not trusted': [['0.0.0.0/0', '::/0'], '', false],
};

for (const [sentence, [cidrs, address, expected]] of Object.entries(cases)) {
  test(sentence, () => assert.equal(new TrustedProxies(cidrs).has(address), expected));
}
