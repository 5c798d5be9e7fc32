import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { type Change, Store } from '../../../src/kube/store.ts';

const object = (name: string, resourceVersion: string, uid = `uid of ${name}`): KubeObject => ({
  metadata: { name, namespace: 'ns', resourceVersion, uid },
});
const told = (changes: readonly Change<KubeObject>[]) =>
  changes.map(
    ({ type, key, object, previous }) => `${type} ${key} ${previous?.metadata?.resourceVersion ?? '-'}>${object.metadata?.resourceVersion}`,
  );

describe('the store', () => {
  const cases: Record<
    string,
    { before: KubeObject[]; act: (store: Store<KubeObject>) => Change<KubeObject>[]; changes: string[]; keys: string[] }
  > = {
    'an object that was not there is added': {
      before: [],
      act: (store) => store.put(object('a', '1')),
      changes: ['Added ns/a ->1'],
      keys: ['ns/a'],
    },
    'an object that was there is updated': {
      before: [object('a', '1')],
      act: (store) => store.put(object('a', '2')),
      changes: ['Updated ns/a 1>2'],
      keys: ['ns/a'],
    },
    'an object with another uid replaces one that was deleted': {
      before: [object('a', '1')],
      act: (store) => store.put(object('a', '2', 'another')),
      changes: ['Deleted ns/a 1>1', 'Added ns/a ->2'],
      keys: ['ns/a'],
    },
    'an object that is removed is deleted, as last known': {
      before: [object('a', '1')],
      act: (store) => store.remove('ns/a'),
      changes: ['Deleted ns/a 1>1'],
      keys: [],
    },
    'an object that is not there cannot be deleted': { before: [], act: (store) => store.remove('ns/a'), changes: [], keys: [] },
    'a replacement tells what went, what came and what changed, and nothing of what stayed': {
      before: [object('goes', '1'), object('changes', '2'), object('stays', '3')],
      act: (store) => store.replace([object('stays', '3'), object('changes', '5'), object('comes', '6')]),
      changes: ['Deleted ns/goes 1>1', 'Updated ns/changes 2>5', 'Added ns/comes ->6'],
      keys: ['ns/stays', 'ns/changes', 'ns/comes'],
    },
    'a replacement sees a successor of the same name, even with the same resource version': {
      before: [object('a', '1')],
      act: (store) => store.replace([object('a', '1', 'another')]),
      changes: ['Deleted ns/a 1>1', 'Added ns/a ->1'],
      keys: ['ns/a'],
    },
  };
  for (const [sentence, { before, act, changes, keys }] of Object.entries(cases)) {
    test(sentence, () => {
      const store = new Store<KubeObject>();
      store.replace(before);
      assert.deepEqual(told(act(store)), changes);
      assert.deepEqual(store.keys(), keys);
    });
  }

  test('an index follows every change', () => {
    const store = new Store<KubeObject>({ byVersion: ({ metadata }) => [metadata?.resourceVersion ?? ''] });
    const found = (version: string) => store.byIndex('byVersion', version).map(({ metadata }) => metadata?.name);
    store.put(object('a', '1'));
    store.put(object('b', '1'));
    assert.deepEqual(found('1'), ['a', 'b']);
    store.put(object('a', '2'));
    assert.deepEqual([found('1'), found('2')], [['b'], ['a']]);
    store.remove('ns/b');
    assert.deepEqual(found('1'), []);
    store.replace([object('c', '2')]);
    assert.deepEqual(found('2'), ['c']);
    assert.throws(() => store.byIndex('another', ''), TypeError);
  });
});
