import assert from 'node:assert/strict';
import type { lookup } from 'node:dns';
import { test } from 'node:test';
import { EgressRules } from '../../../src/egress/rules.ts';
import { guardedLookup } from '../../../src/tls/guarded-lookup.ts';

const rules = new EgressRules({ allowedAddresses: ['10.1.0.0/16', 'fd00::/16'], apiServers: ['10.1.0.1'] });

/** What `host` gets to know, and which addresses were refused, where the name server gives these `answers` in turn. */
function setUp(...answers: string[][]) {
  const refused: string[] = [];
  const resolve = ((_host: string, _options: object, callback: (error: Error | null, addresses: object[]) => void) => {
    const [answer = []] = answers.splice(0, 1);
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof lookup;
  const guarded = guardedLookup({ rules: () => rules, onRefused: (host, address) => refused.push(`${host} ${address}`) }, resolve);
  const ask = (all: boolean) =>
    new Promise<unknown>((done) => guarded('db.example.com', { all }, (error, address) => done(error?.code ?? address)));
  return { refused, one: () => ask(false), all: () => ask(true) };
}

test('of several addresses, those that are allowed', async () => {
  const { all, refused } = setUp(['127.0.0.1', '10.1.2.3', '10.2.0.1', 'fd00::1', '::1', '10.1.0.1']);
  assert.deepEqual(await all(), [
    { address: '10.1.2.3', family: 4 },
    { address: 'fd00::1', family: 6 },
  ]);
  assert.deepEqual(
    refused,
    ['127.0.0.1', '10.2.0.1', '::1', '10.1.0.1'].map((address) => `db.example.com ${address}`),
  );
});

test('a caller who wants one gets the first that is allowed', async () => {
  const { one } = setUp(['169.254.169.254', '10.1.2.3', '10.1.2.4']);
  assert.equal(await one(), '10.1.2.3');
});

test('where none is allowed the lookup fails', async () => {
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::a9fe:a9fe', '10.1.0.1', '192.168.0.1']) {
    const { one, all } = setUp([address], [address]);
    assert.equal(await one(), 'EADDRESSREFUSED', address);
    assert.equal(await all(), 'EADDRESSREFUSED', address);
  }
});

test('a name that stands for another address the next time (DNS rebinding) is refused then', async () => {
  const { all } = setUp(['10.1.2.3'], ['10.1.0.1'], ['10.1.2.3']);
  assert.deepEqual(await all(), [{ address: '10.1.2.3', family: 4 }]);
  assert.equal(await all(), 'EADDRESSREFUSED');
  assert.deepEqual(await all(), [{ address: '10.1.2.3', family: 4 }]);
});

test('without rules every address is let through', async () => {
  const resolve = ((_host: string, _options: object, callback: (error: null, addresses: object[]) => void) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as typeof lookup;
  const guarded = guardedLookup({ rules: () => null, onRefused: () => assert.fail() }, resolve);
  assert.equal(await new Promise((done) => guarded('x', {}, (_error, address) => done(address))), '127.0.0.1');
});

test('an error of the name server is passed on', async () => {
  const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  const resolve = ((_host: string, _options: object, callback: (error: Error, addresses: object[]) => void) =>
    callback(failure, [])) as unknown as typeof lookup;
  const guarded = guardedLookup({ rules: () => rules, onRefused: () => assert.fail() }, resolve);
  assert.equal(await new Promise((done) => guarded('x', {}, (error) => done(error))), failure);
});
