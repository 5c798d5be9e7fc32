import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { PendingQueue } from '../../../src/balancing/pending-queue.ts';

/** Serves as many as `room` says, and tells whom. */
function serve(queue: PendingQueue<string>, room: number, choosy: readonly string[] = [], alike = true): string[] {
  const served: string[] = [];
  queue.serve(
    (item) => (served.length < room && !choosy.includes(item) ? 'a server' : null),
    (item) => served.push(item),
    alike,
  );
  return served;
}

function filled(...items: readonly string[]): PendingQueue<string> {
  const queue = new PendingQueue<string>();
  for (const item of items) assert.ok(queue.add(item, 0, 100));
  return queue;
}

suite('a queue of those who wait for a server', () => {
  test('serves first who came first', () => assert.deepEqual(serve(filled('a', 'b', 'c'), 2), ['a', 'b']));
  test('serves each once', () => {
    const queue = filled('a', 'b', 'c');
    serve(queue, 2);
    assert.deepEqual(serve(queue, 2), ['c']);
    assert.equal(queue.size, 0);
  });
  test('serves those ahead before all others', () => {
    const queue = filled('a');
    queue.addAhead('rescued', 1);
    queue.addAhead('retried', 2);
    assert.deepEqual(serve(queue, 3), ['rescued', 'retried', 'a']);
  });
  test('does not let one that finds nothing hold up the others where they are not alike', () => {
    const queue = filled('choosy', 'a', 'b');
    assert.deepEqual(serve(queue, 1, ['choosy']), []);
    assert.deepEqual(serve(queue, 1, ['choosy'], false), ['a']);
    assert.deepEqual(serve(queue, 3), ['choosy', 'b']);
  });
  test('does not let one ahead that finds nothing hold up the others', () => {
    const queue = filled('a', 'b');
    queue.addAhead('choosy', 1);
    assert.deepEqual(serve(queue, 1, ['choosy']), ['a']);
    assert.deepEqual(serve(queue, 2), ['choosy', 'b']);
  });
  test('never serves one before another that came before it', () => {
    const queue = filled('a', 'b');
    assert.deepEqual(serve(queue, 2, ['a']), []);
  });
  test('takes no more than its capacity', () => {
    const queue = filled('a', 'b');
    assert.equal(queue.add('c', 0, 2), false);
    assert.equal(queue.size, 2);
  });
  test('takes nobody with a capacity of 0', () => assert.equal(new PendingQueue<string>().add('a', 0, 0), false));
  test('does not count those ahead against its capacity, and takes them beyond it', () => {
    const queue = new PendingQueue<string>();
    queue.addAhead('rescued', 0);
    assert.ok(queue.add('a', 0, 1));
    queue.addAhead('retried', 0);
    assert.equal(queue.size, 3);
  });
  test('forgets one that leaves, from wherever it stands', () => {
    const queue = filled('a', 'b', 'c');
    queue.addAhead('rescued', 0);
    queue.delete('b');
    queue.delete('rescued');
    queue.delete('nobody');
    assert.deepEqual(serve(queue, 9), ['a', 'c']);
  });
  test('lets one that is served wait again, at the end', () => {
    const queue = filled('a', 'b');
    let served = 0;
    queue.serve(
      () => (served < 1 ? 'a server' : null),
      (item) => {
        served++;
        assert.ok(queue.add(item, 1, 100));
      },
    );
    assert.deepEqual(serve(queue, 9), ['b', 'a']);
  });
  test('gives up those that have waited for too long, and no others', () => {
    const queue = new PendingQueue<string>();
    queue.add('old', 0, 9);
    queue.add('young', 60, 9);
    queue.addAhead('rescued', 10);
    assert.deepEqual(queue.expire(99, 100), []);
    assert.deepEqual(queue.expire(110, 100), ['rescued', 'old']);
    assert.deepEqual(serve(queue, 9), ['young']);
  });
  test('is empty after everybody has left, been served or given up, whatever the order', () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'ahead', 'delete', 'serve', 'expire'), item: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new PendingQueue<number>();
        const waiting = new Map<number, { ahead: boolean; since: number }>();
        steps.forEach(({ kind, item }, now) => {
          const behind = [...waiting].filter(([, { ahead }]) => !ahead);
          const inOrder = [...[...waiting].filter(([, { ahead }]) => ahead), ...behind].map(([each]) => each);
          if (kind === 'add' && !waiting.has(item)) {
            const taken = queue.add(item, now, 4);
            assert.equal(taken, behind.length < 4);
            if (taken) waiting.set(item, { ahead: false, since: now });
          } else if (kind === 'ahead' && !waiting.has(item)) {
            queue.addAhead(item, now);
            waiting.set(item, { ahead: true, since: now });
          } else if (kind === 'delete') {
            queue.delete(item);
            waiting.delete(item);
          } else if (kind === 'serve') {
            const served: number[] = [];
            queue.serve(
              () => (served.length < item % 4 ? 'a server' : null),
              (each) => served.push(each),
            );
            assert.deepEqual(served, inOrder.slice(0, item % 4));
            for (const each of served) waiting.delete(each);
          } else if (kind === 'expire') {
            const given = inOrder.filter((each) => now - (waiting.get(each)?.since ?? now) >= 10);
            assert.deepEqual(queue.expire(now, 10), given);
            for (const each of given) waiting.delete(each);
          }
          assert.equal(queue.size, waiting.size);
        });
      }),
    );
  });
});
