/** What a load may have come to. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { LoadResult } from './load-agent.ts';

/** T with its jitter, and two timeouts: later than this after a fault no server gets a request that it cannot answer. */
const MARKED_DOWN_WITHIN_MS = 620;
/**
 * A request that cannot be saved is told so within this. The benchmark, where nothing else runs, holds it to 600 ms; seen here: 524 ms. But
 * heartbeats alone may take the 620 ms, and kubelet, etcd, API server and all clients on the same two cores hold requests up for 100 ms or so.
 */
export const TOLD_OF_FAILURE_WITHIN_MS = 800;

export function noneFailed({ sent, failed, outcomes, failures }: LoadResult): void {
  assert.ok(sent > 0);
  assert.equal(failed, 0, `${failed} of ${sent} failed: ${JSON.stringify(outcomes)}, the first at ${JSON.stringify(failures[0])}`);
}

/** All failures were looked at, and each came within this time. */
export function failedWithin(milliseconds: number, { failed, failures }: LoadResult): void {
  assert.equal(failures.length, failed, 'each failure is looked at');
  const slow = failures.filter(({ latencyMs }) => latencyMs >= milliseconds);
  assert.deepEqual(slow, [], `failed, but only after ${milliseconds} ms`);
}

/** Every request was answered with 200, or came to one of these. */
export function answeredWith(expected: readonly string[], { outcomes }: LoadResult): void {
  const others = Object.keys(outcomes).filter((outcome) => outcome !== '200' && !expected.includes(outcome));
  assert.deepEqual(others, [], JSON.stringify(outcomes));
}

/**
 * POSTs that failed were told so with 502 or 504, soon after the fault at `since` (Date.now()) or after they were sent; and they are those that
 * went to the victim, and no later than it had to be marked down.
 */
export function failedHonestly(context: TestContext, result: LoadResult, victim: string, since: number): void {
  answeredWith(['502', '504'], result);
  const failed = result.failures.map(({ at, latencyMs, executedBy = victim }) => ({
    sentAfterMs: at - since,
    toldAfterMs: Math.min(latencyMs, at + latencyMs - since),
    executedBy,
  }));
  assert.equal(failed.length, result.failed, 'each failure is looked at');
  const told = failed.map(({ toldAfterMs }) => toldAfterMs);
  context.diagnostic(`${failed.length} POSTs failed and were told so within ${Math.max(0, ...told)} ms`);
  const wrong = failed.filter(
    ({ sentAfterMs, toldAfterMs, executedBy }) =>
      sentAfterMs > MARKED_DOWN_WITHIN_MS || toldAfterMs >= TOLD_OF_FAILURE_WITHIN_MS || executedBy !== victim,
  );
  assert.deepEqual(wrong, [], `sent to another server than ${victim}, or too late, or told too late`);
}
