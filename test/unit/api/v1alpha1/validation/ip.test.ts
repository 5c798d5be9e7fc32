import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddress, isPrefix } from '../../../../../src/api/v1alpha1/validation/ip.ts';

const addresses: Readonly<Record<string, boolean>> = {
  '10.0.0.1': true,
  '0.0.0.0': true,
  '10.0.0.256': false,
  '10.0.0.01': false,
  '10.0.0': false,
  '10.0.0.1 ': false,
  '': false,
  '::': true,
  '::1': true,
  '2001:DB8::1': true,
  '::1.2.3.4': true,
  '::ffff:0:1.2.3.4': true,
  '64:ff9b::1.2.3.4': true,
  '1::2::3': false,
  '[::1]': false,
  'fe80::1%eth0': false,
  '::ffff:1.2.3.4': false,
  '::FFFF:a00:1': false,
  '0:0:0:0:0:ffff:1.2.3.4': false,
  '0::0:ffff:a00:1': false,
  '0:0:0:0:0000:ffff::': false,
  '::ffff:0:0:0': true,
};

for (const [text, good] of Object.entries(addresses)) {
  test(`${JSON.stringify(text)} is ${good ? 'an' : 'no'} address`, () => assert.equal(isAddress(text), good));
}

const prefixes: Readonly<Record<string, boolean>> = {
  '10.0.0.0/8': true,
  '10.1.2.3/8': true,
  '0.0.0.0/0': true,
  '10.0.0.0/32': true,
  '10.0.0.0/33': false,
  '10.0.0.0/08': false,
  '10.0.0.0/-1': false,
  '10.0.0.0/': false,
  '10.0.0.0': false,
  '/8': false,
  '10.0.0.0/8/8': false,
  '::/0': true,
  'fd00::/8': true,
  '::/128': true,
  '::/129': false,
  '::ffff:10.0.0.0/104': false,
  'fe80::%1/64': false,
};

for (const [text, good] of Object.entries(prefixes)) {
  test(`${JSON.stringify(text)} is ${good ? 'a' : 'no'} CIDR`, () => assert.equal(isPrefix(text), good));
}
