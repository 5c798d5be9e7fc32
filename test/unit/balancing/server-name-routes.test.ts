import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ServerNameRoutes } from '../../../src/balancing/server-name-routes.ts';

const routes = new ServerNameRoutes([
  { name: 'shop', serverNames: ['shop.example', '*.shop.example'] },
  { name: 'canary', serverNames: ['shop.example'] },
  { name: 'deep', serverNames: ['*.b.shop.example', '*.test'] },
  { name: 'rest', serverNames: [] },
]);

suite('the name that is meant', () => {
  const meant: Record<string, [asked: string | null, name: string | null]> = {
    'is the one that is asked for': ['shop.example', 'shop.example'],
    'is a wildcard for one label': ['a.shop.example', '*.shop.example'],
    'is a wildcard for several labels': ['a.c.shop.example', '*.shop.example'],
    'is the wildcard with the most labels': ['a.b.shop.example', '*.b.shop.example'],
    'is not a wildcard for none': ['b.shop.example', '*.shop.example'],
    'is not a wildcard at its own name': ['test', null],
    'is a wildcard for all of a domain': ['a.test', '*.test'],
    'is none where a name only ends alike': ['myshop.example', null],
    'is none where nobody has it': ['blog.example', null],
    'is none where none is asked for': [null, null],
  };
  for (const [sentence, [asked, name]] of Object.entries(meant)) test(sentence, () => assert.equal(routes.match(asked), name));
});

test('a name that two backends have is shared', () => {
  assert.deepEqual([...(routes.named.get('shop.example') ?? [])], ['shop', 'canary']);
});

test('those without a name are the rest', () => assert.deepEqual([...routes.rest], ['rest']));
