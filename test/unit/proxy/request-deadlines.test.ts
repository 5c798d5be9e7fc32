import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RequestDeadlines } from '../../../src/proxy/request-deadlines.ts';

function running(...starts: readonly number[]) {
  const deadlines = new RequestDeadlines();
  const over: number[] = [];
  const requests = starts.map((startedAt) => ({ startedAt, requestTimeout: () => over.push(startedAt) }));
  for (const request of requests) deadlines.add(request);
  return { deadlines, over, requests };
}

suite('the limit to the whole time of requests', () => {
  test('ends those that are over it, once, and no others', () => {
    const { deadlines, over } = running(0, 50, 100);
    deadlines.tick(99, 100);
    assert.deepEqual(over, []);
    deadlines.tick(150, 100);
    deadlines.tick(151, 100);
    assert.deepEqual(over, [0, 50]);
    assert.equal(deadlines.size, 1);
  });
  test('leaves alone those that have ended', () => {
    const { deadlines, over, requests } = running(0, 50);
    deadlines.delete(requests[0] as (typeof requests)[0]);
    deadlines.tick(1_000, 100);
    assert.deepEqual(over, [50]);
  });
  test('is off for all when it is taken away', () => {
    const { deadlines, over } = running(0, 50);
    deadlines.tick(1_000, 0);
    assert.deepEqual([over, deadlines.size], [[], 0]);
  });
});
