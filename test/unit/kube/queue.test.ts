import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkQueue, type WorkQueueOptions } from '../../../src/kube/queue.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

/** A queue whose handlers end when the test says so. */
function createQueue(options: Partial<WorkQueueOptions> = {}) {
  const timers = new FakeTimers();
  const started: string[] = [];
  const open = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const handler = (key: string): Promise<void> => {
    started.push(key);
    return new Promise((resolve, reject) => open.set(key, { resolve, reject }));
  };
  const queue = new WorkQueue({ handler, timers, random: () => 1, ...options });
  const end = async (key: string, error?: Error): Promise<void> => {
    const running = open.get(key);
    assert.ok(running, `${key} is worked on`);
    open.delete(key);
    if (error) running.reject(error);
    else running.resolve();
    await timers.advance(0);
  };
  return { queue, timers, started, end };
}

describe('the work queue', () => {
  test('takes keys in order, one at a time', async () => {
    const { queue, timers, started, end } = createQueue();
    queue.start();
    queue.add('a');
    queue.add('b');
    assert.deepEqual(started, [], 'not inside add()');
    await timers.advance(0);
    assert.deepEqual(started, ['a']);
    await end('a');
    assert.deepEqual(started, ['a', 'b']);
  });

  test('holds what is added before the start', async () => {
    const { queue, timers, started } = createQueue();
    queue.add('a');
    await timers.advance(0);
    assert.deepEqual(started, []);
    queue.start();
    await timers.advance(0);
    assert.deepEqual(started, ['a']);
  });

  test('holds a waiting key once', async () => {
    const { queue, timers, started, end } = createQueue();
    queue.add('first');
    for (let index = 0; index < 5; index++) queue.add('a');
    queue.start();
    await timers.advance(0);
    await end('first');
    await end('a');
    assert.deepEqual(started, ['first', 'a']);
  });

  test('works once more on a key that is added while it is worked on, and never twice at once', async () => {
    const { queue, timers, started, end } = createQueue({ workers: 3 });
    queue.start();
    queue.add('a');
    await timers.advance(0);
    queue.add('a');
    queue.add('a');
    await timers.advance(0);
    assert.deepEqual(started, ['a']);
    await end('a');
    assert.deepEqual(started, ['a', 'a']);
    await end('a');
    assert.deepEqual(started, ['a', 'a']);
  });

  test('works on as many keys at once as there are workers', async () => {
    const { queue, timers, started, end } = createQueue({ workers: 2 });
    queue.start();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await timers.advance(0);
    assert.deepEqual(started, ['a', 'b']);
    await end('b');
    assert.deepEqual(started, ['a', 'b', 'c']);
  });

  test('tries a failed key again, twice as late each time up to the cap, and from the start after a success', async () => {
    const { queue, timers, end } = createQueue({ backoff: { baseMs: 100, capMs: 300 } });
    queue.start();
    queue.add('a');
    await timers.advance(0);
    for (const wait of [100, 200, 300, 300]) {
      await end('a', new Error('no'));
      assert.deepEqual(timers.waits, [wait]);
      await timers.advance(wait);
    }
    await end('a');
    assert.deepEqual(timers.waits, []);
    queue.add('a');
    await timers.advance(0);
    await end('a', new Error('no'));
    assert.deepEqual(timers.waits, [100]);
  });

  test('does not make a key wait that changed while it failed', async () => {
    const { queue, timers, started, end } = createQueue();
    queue.start();
    queue.add('a');
    await timers.advance(0);
    queue.add('a');
    await end('a', new Error('no'));
    assert.deepEqual(started, ['a', 'a']);
  });

  test('takes a handler that throws before its first await for a failure', async () => {
    const timers = new FakeTimers();
    const handler = (): Promise<void> => {
      throw new Error('at once');
    };
    const queue = new WorkQueue({ handler, timers, random: () => 1 });
    queue.start();
    queue.add('a');
    await timers.advance(0);
    assert.deepEqual(timers.waits, [100]);
  });

  test('draws the wait from the upper half', async () => {
    const { queue, timers, end } = createQueue({ random: () => 0, backoff: { baseMs: 100, capMs: 300 } });
    queue.start();
    queue.add('a');
    await timers.advance(0);
    await end('a', new Error('no'));
    assert.deepEqual(timers.waits, [50]);
  });

  test('adds later, at the earliest of the times asked for', async () => {
    const { queue, timers, started } = createQueue();
    queue.start();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    await timers.advance(199);
    assert.deepEqual(started, []);
    await timers.advance(1);
    assert.deepEqual(started, ['a']);
    assert.deepEqual(timers.waits, []);
  });

  test('forgets a key with its wait and its failures', async () => {
    const { queue, timers, end } = createQueue({ backoff: { baseMs: 100, capMs: 10_000 } });
    queue.start();
    queue.add('a');
    await timers.advance(0);
    await end('a', new Error('no'));
    queue.forget('a');
    assert.deepEqual(timers.waits, []);
    queue.add('a');
    await timers.advance(0);
    await end('a', new Error('no'));
    assert.deepEqual(timers.waits, [100]);
  });

  test('shuts down when what is worked on has ended, and takes nothing more', async () => {
    const { queue, timers, started, end } = createQueue();
    queue.start();
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 100);
    await timers.advance(0);
    let isDown = false;
    const down = [queue.shutDown(), queue.shutDown()];
    void Promise.all(down).then(() => {
      isDown = true;
    });
    await timers.advance(1_000);
    assert.equal(isDown, false);
    await end('a', new Error('no'));
    assert.equal(isDown, true);
    queue.add('d');
    queue.addAfter('d', 0);
    await timers.advance(60_000);
    assert.deepEqual(started, ['a']);
  });

  test('tells its observer the depth, what was added, retried and worked on, and for how long', async () => {
    const told: string[] = [];
    const { queue, timers, end } = createQueue({
      observer: {
        depth: (keys) => void told.push(`depth ${keys}`),
        added: () => void told.push('added'),
        taken: (ms) => void told.push(`taken ${ms}`),
        retried: () => void told.push('retried'),
        worked: (ms, result) => void told.push(`worked ${ms} ${result}`),
      },
    });
    queue.add('a');
    await timers.advance(20);
    queue.start();
    await timers.advance(0);
    await timers.advance(30);
    await end('a', new Error('no'));
    assert.deepEqual(told, ['added', 'depth 1', 'depth 0', 'taken 20', 'worked 30 error', 'retried']);
  });

  test('tells apart what asked to be worked on again, at once or later, and what is merely added meanwhile', async () => {
    const told: string[] = [];
    const ignore = (): void => {};
    const { queue, timers, end } = createQueue({
      observer: { depth: ignore, added: ignore, taken: ignore, retried: ignore, worked: (_ms, result) => void told.push(result) },
    });
    queue.start();
    const round = async (meanwhile: () => void, error?: Error): Promise<void> => {
      queue.add('a');
      await timers.advance(0);
      meanwhile();
      await end('a', error);
    };
    await round(() => queue.addAfter('a', 60_000));
    await round(() => queue.addAfter('a', 90_000));
    await round(() => queue.addAfter('b', 60_000));
    await round(() => queue.addAfter('a', 5), new Error('no'));
    await round(ignore);
    await round(() => {
      queue.addAfter('a', 0);
      queue.addAfter('a', 60_000);
    });
    assert.deepEqual(told, ['requeue_after', 'requeue_after', 'success', 'error', 'success', 'requeue']);
    await round(() => queue.add('a'));
    assert.deepEqual(told.slice(6), ['success']);
  });

  test('takes what is urgent first, but every fourth turn is for the others', async () => {
    const { queue, timers, started, end } = createQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    for (const key of ['u', 'v', 'w', 'x', 'y']) queue.add(key, 'Urgent');
    queue.start();
    await timers.advance(0);
    for (let taken = 1; taken < 8; taken++) await end(started.at(-1) ?? '');
    assert.deepEqual(started, ['u', 'v', 'w', 'a', 'x', 'y', 'b', 'c']);
  });

  test('what waits already and becomes urgent moves forward, and is taken once', async () => {
    const { queue, timers, started, end } = createQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    queue.add('c', 'Urgent');
    queue.add('c');
    queue.start();
    await timers.advance(0);
    for (let taken = 1; taken < 3; taken++) await end(started.at(-1) ?? '');
    await end('b');
    assert.deepEqual(started, ['c', 'a', 'b']);
  });

  test('what becomes urgent while it is worked on, or waits for its time, stays urgent', async () => {
    const { queue, timers, started, end } = createQueue();
    queue.start();
    queue.add('a');
    await timers.advance(0);
    queue.add('b');
    queue.addAfter('c', 1_000);
    queue.addAfter('c', 2_000, 'Urgent');
    queue.add('a', 'Urgent');
    await timers.advance(1_000);
    await end('a');
    await end('c');
    await end('a');
    assert.deepEqual(started, ['a', 'c', 'a', 'b']);
  });
});
