import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behaviourFrom, HelloBehaviourError, WELL_BEHAVED } from '../../../src/local/hello-behaviour.ts';

const read = (query: string, base = WELL_BEHAVED) => behaviourFrom(new URLSearchParams(query), base);

test('nothing said: as before', () => {
  const base = { delayMs: 5, status: 503, hang: true };
  assert.deepEqual(read('', base), base);
});

test('what is said is changed, the rest stays', () => {
  assert.deepEqual(read('delay=1s500ms&status=500'), { delayMs: 1500, status: 500, hang: false });
  assert.deepEqual(read('hang=0&delay=0', { delayMs: 5, status: 503, hang: true }), { delayMs: 0, status: 503, hang: false });
});

for (const query of ['delay=soon', 'delay=-1s', 'status=teapot', 'status=101', 'status=600', 'status=5e2', 'hang=maybe']) {
  test(`refused: ${query}`, () => assert.throws(() => read(query), HelloBehaviourError));
}
