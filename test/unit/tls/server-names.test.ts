import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerNames } from '../../../src/tls/server-names.ts';

const names = new ServerNames([
  { names: ['first.example'], value: 'first' },
  { names: ['shop.example', '*.shop.example', '*.example'], value: 'shop' },
  { names: ['blog.shop.example', '*.shop.example'], value: 'blog' },
]);

const TABLE: Record<string, { asked: string; shown: string }> = {
  'an exact name': { asked: 'shop.example', shown: 'shop' },
  capitals: { asked: 'Shop.EXAMPLE', shown: 'shop' },
  'a dot at its end': { asked: 'blog.shop.example.', shown: 'blog' },
  'an exact name before a wildcard': { asked: 'blog.shop.example', shown: 'blog' },
  'a wildcard, the earlier of two': { asked: 'www.shop.example', shown: 'shop' },
  'a wildcard stands for one label': { asked: 'a.b.shop.example', shown: 'first' },
  'a wildcard does not stand for none': { asked: '.shop.example', shown: 'first' },
  'a name nobody has': { asked: 'other.test', shown: 'first' },
  'a name that is none': { asked: '__proto__', shown: 'first' },
  nothing: { asked: '', shown: 'first' },
  'dots only': { asked: '...', shown: 'first' },
};

for (const [what, { asked, shown }] of Object.entries(TABLE)) {
  test(`${what}: ${shown}`, () => assert.equal(names.pick(asked), shown));
}
