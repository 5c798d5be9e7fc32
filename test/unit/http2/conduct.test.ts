import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conduct } from '../../../src/http2/conduct.ts';

function until(stop: () => boolean): number {
  let count = 0;
  while (count < 100_000 && stop()) count++;
  return count;
}

test('a client that only cuts streams is stopped', () => {
  const conduct = new Conduct();
  assert.equal(
    until(() => conduct.cut()),
    200,
  );
});

test('each stream that was finished pays for one that was cut, and none ahead', () => {
  const even = new Conduct();
  const cutOneOfTwo = () => {
    even.finished();
    return even.cut();
  };
  assert.equal(until(cutOneOfTwo), 100_000);
  const saved = new Conduct();
  for (let i = 0; i < 1_000; i++) saved.finished();
  assert.equal(
    until(() => saved.cut()),
    200,
  );
  const worse = new Conduct();
  const cutTwoOfThree = () => {
    worse.finished();
    return worse.cut() && worse.cut();
  };
  assert.ok(until(cutTwoOfThree) < 250);
});

test('control frames count only while nothing else goes on', () => {
  const conduct = new Conduct();
  assert.equal(
    until(() => conduct.control()),
    1_000,
  );
  const busy = new Conduct();
  const pingWhileBusy = () => {
    busy.moved();
    return busy.control();
  };
  assert.equal(until(pingWhileBusy), 100_000);
});
