import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Place, Roster } from '../../../src/proxy/roster.ts';

test('who has been added and not taken out is there, whatever the order of it', () => {
  for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
    const roster = new Roster<string>();
    const places = new Map<string, Place<string>>();
    for (const name of 'abc') places.set(name, roster.add(name));
    const left = new Set('abc');
    for (const name of order) {
      roster.delete(places.get(name)!);
      left.delete(name);
      assert.deepEqual(new Set(roster.members()), left, order);
      assert.equal(roster.size, left.size);
    }
  }
});

test('a member that follows another one in its place is taken out with it', () => {
  const roster = new Roster<string>();
  const first = roster.add('first');
  roster.add('second');
  first.member = 'other';
  assert.deepEqual(roster.members().toSorted(), ['other', 'second']);
  roster.delete(first);
  assert.deepEqual(roster.members(), ['second']);
});

test('members are as they were when it was asked for them', () => {
  const roster = new Roster<string>();
  const place = roster.add('a');
  const before = roster.members();
  roster.delete(place);
  roster.add('b');
  assert.deepEqual(before, ['a']);
});
