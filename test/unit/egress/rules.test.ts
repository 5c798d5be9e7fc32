import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { EgressRules } from '../../../src/egress/rules.ts';

const API_SERVERS = ['10.96.0.1', '192.168.0.10', 'fd00:96::1'];
const anywhere = new EgressRules({ allowedAddresses: ['0.0.0.0/0', '::/0'], apiServers: API_SERVERS });

suite('addresses that no balancer in a cluster connects to, wherever they come from and whatever is allowed', () => {
  const what = {
    'an unspecified address': ['0.0.0.0', '0.1.2.3', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0'],
    'a loopback address': [
      '127.0.0.1',
      '127.255.255.254',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1',
      '::FFFF:7f00:1',
      '0:0:0:0:0:ffff:7f00:0001',
      '::127.0.0.1', // IPv4-compatible
      '::ffff:0:127.0.0.1', // IPv4-translated
      '64:ff9b::127.0.0.1', // NAT64
      '64:ff9b::7f00:1',
      '2002:7f00:1::', // 6to4
    ],
    'a link-local address': [
      '169.254.0.1',
      '169.254.169.254', // metadata of most clouds
      'fe80::1',
      'febf:ffff::1',
      'fe80::1%eth0',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '2002:a9fe:a9fe::1',
    ],
    'a multicast or broadcast address': ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1', 'ff0e::1', '64:ff9b::224.0.0.1'],
    "an address of the cloud's metadata service": [
      'fd00:ec2::254',
      'fd20:ce::254',
      '168.63.129.16',
      '100.100.100.200',
      '64:ff9b::168.63.129.16',
    ],
    'an address that stands for another one which cannot be told': [
      '64:ff9b:1::7f00:1',
      '64:ff9b:1:ffff::1',
      '2001::1',
      '2001:0:53aa:64c::1',
    ],
    'an address of the API server': [
      '10.96.0.1',
      '192.168.0.10',
      '::ffff:10.96.0.1',
      '::ffff:a60:1',
      '64:ff9b::10.96.0.1',
      '2002:a60:1::',
      'fd00:96::1',
      'fd00:96:0:0:0:0:0:1',
    ],
  };
  for (const [kind, addresses] of Object.entries(what)) {
    for (const address of addresses) {
      test(`${address}: ${kind}`, () => {
        for (const origin of ['Addresses', 'EndpointSlices'] as const) {
          assert.equal(
            anywhere.refusal(address, origin),
            `is ${kind}, and no balancer in a cluster connects to one, whatever --allowed-addresses says`,
          );
        }
        assert.notEqual(anywhere.hostRefusal(address), null);
      });
    }
  }

  test('what is no IP address at all is refused, too', () => {
    for (const text of ['', 'localhost', '0x7f.1', '127.1', '2130706433', '1.2.3.4/8', '[::1]']) {
      assert.equal(anywhere.refusal(text, 'EndpointSlices'), 'is not an IP address', text);
    }
  });
});

suite('other addresses', () => {
  const some = new EgressRules({
    allowedAddresses: ['10.1.0.0/16', '192.168.7.7/32', 'fd00:7::/32', '127.0.0.0/8'],
    apiServers: API_SERVERS,
  });
  const none = new EgressRules({ allowedAddresses: [], apiServers: [] });

  test('in an EndpointSlice: any that is not forbidden', () => {
    for (const ip of [
      '10.244.1.7',
      '192.168.0.11',
      '8.8.8.8',
      'fd00:244::7',
      '2001:db8::1',
      '2001:4860::1',
      '64:ff9b::8.8.8.8',
      '240.0.0.1',
    ]) {
      assert.equal(none.refusal(ip, 'EndpointSlices'), null, ip);
      assert.equal(some.refusal(ip, 'EndpointSlices'), null, ip);
    }
  });

  test('in a resource: those in the ranges that the operator was started with', () => {
    for (const ip of ['10.1.0.0', '10.1.255.255', '192.168.7.7', 'fd00:7::1', '::ffff:10.1.2.3', '64:ff9b::10.1.2.3']) {
      assert.equal(some.refusal(ip, 'Addresses'), null, ip);
    }
    for (const ip of ['10.2.0.0', '10.0.255.255', '192.168.7.8', 'fd00:8::1', '::ffff:10.2.0.1', '64:ff9b::10.2.0.1']) {
      assert.equal(
        some.refusal(ip, 'Addresses'),
        'is not allowed: the operator was started with --allowed-addresses=10.1.0.0/16,192.168.7.7/32,fd00:7::/32,127.0.0.0/8',
        ip,
      );
    }
  });

  test('in a resource, where the operator was started with none: none', () => {
    for (const ip of ['10.1.0.0', '8.8.8.8', 'fd00:7::1']) {
      assert.equal(none.refusal(ip, 'Addresses'), 'is not allowed: the operator was started without --allowed-addresses', ip);
    }
  });

  test('all of IPv6 allowed is nothing of IPv4', () => {
    const six = new EgressRules({ allowedAddresses: ['::/0'], apiServers: [] });
    assert.equal(six.refusal('2001:db8::1', 'Addresses'), null);
    for (const ip of ['10.0.0.1', '::ffff:10.0.0.1']) assert.notEqual(six.refusal(ip, 'Addresses'), null, ip);
  });

  test('a name is decided when it is looked up, and cannot be allowed where nothing is', () => {
    assert.equal(some.hostRefusal('db.example.com'), null);
    assert.equal(none.hostRefusal('db.example.com'), 'is not allowed: the operator was started without --allowed-addresses');
  });

  test('a verdict does not change with how often, or in which role, one asks', () => {
    for (let round = 0; round < 2; round++) {
      assert.equal(none.refusal('10.9.9.9', 'EndpointSlices'), null);
      assert.notEqual(none.refusal('10.9.9.9', 'Addresses'), null);
    }
    for (let each = 0; each < 20_000; each++) none.refusal(`10.${each >> 8}.0.${each & 255}`, 'EndpointSlices');
    assert.notEqual(none.refusal('127.0.0.1', 'EndpointSlices'), null);
  });
});
