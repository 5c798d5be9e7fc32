import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { addressOption, cidrsOption, durationOption, portOption } from '../../../src/cli/option-values.ts';

describe('ports', () => {
  test('from 0 to 65535', () => assert.deepEqual(['0', '80', '65535'].map(portOption), [0, 80, 65535]));
  for (const text of ['', '-1', '65536', '8e3', '0x50', '80 ', '8080.0', 'http']) {
    test(`"${text}" is none`, () => assert.throws(() => portOption(text), InvalidArgumentError));
  }
});

describe('addresses', () => {
  test('IPv4, IPv6, and localhost', () => {
    assert.deepEqual(['127.0.0.1', '::1', 'localhost'].map(addressOption), ['127.0.0.1', '::1', '127.0.0.1']);
  });
  for (const text of ['', 'example.org', '[::1]', '127.0.0.1:80', '1.2.3']) {
    test(`"${text}" is none`, () => assert.throws(() => addressOption(text), InvalidArgumentError));
  }
});

describe('durations', () => {
  const option = durationOption('--grace <duration>', 'how long', '25s');
  test('the default is shown as it is written, and given in milliseconds', () => {
    assert.deepEqual([option.defaultValue, option.defaultValueDescription], [25_000, '25s']);
  });
  test('a value is given in milliseconds', () => assert.equal(option.parseArg?.('1m30s', undefined), 90_000));
  test('a number without a unit is none', () => assert.throws(() => option.parseArg?.('30', undefined), InvalidArgumentError));
});

describe('CIDRs', () => {
  test('with commas, and blanks, between', () => assert.deepEqual(cidrsOption('10.0.0.0/8, fd00::/8'), ['10.0.0.0/8', 'fd00::/8']));
  test('none at all', () => assert.deepEqual(cidrsOption(''), []));
  for (const wrong of ['10.0.0.1', '10.0.0.0/33', 'example.com', '10.0.0.0/8;fd00::/8', '::ffff:10.0.0.0/104']) {
    test(`${wrong} is none`, () => assert.throws(() => cidrsOption(wrong), InvalidArgumentError));
  }
  test('no more than 64', () => assert.throws(() => cidrsOption(Array(65).fill('10.0.0.0/8').join()), /64 CIDRs at most/));
});
