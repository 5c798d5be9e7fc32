import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conduct } from '../../../src/http2/conduct.ts';

function until(stop: () => boolean): number {
  let count = 0;
  while (count < 100_000 && stop()) count++;
  return count;
}

test('a client that only cuts streams is stopped', () => {
  const conduct = new Conduct(0);
  assert.equal(
    until(() => conduct.cut(0)),
    200,
  );
});

test('each stream that was finished pays for one that was cut, and none ahead', () => {
  const even = new Conduct(0);
  const cutOneOfTwo = () => {
    even.finished();
    return even.cut(0);
  };
  assert.equal(until(cutOneOfTwo), 100_000);
  const saved = new Conduct(0);
  for (let i = 0; i < 1_000; i++) saved.finished();
  assert.equal(
    until(() => saved.cut(0)),
    200,
  );
  const worse = new Conduct(0);
  const cutTwoOfThree = () => {
    worse.finished();
    return worse.cut(0) && worse.cut(0);
  };
  assert.ok(until(cutTwoOfThree) < 250);
});

test('control frames count only while nothing else goes on', () => {
  const conduct = new Conduct(0);
  assert.equal(
    until(() => conduct.control(0)),
    1_000,
  );
  const busy = new Conduct(0);
  const pingWhileBusy = () => {
    busy.moved();
    return busy.control(0);
  };
  assert.equal(until(pingWhileBusy), 100_000);
});

const DAY_MS = 86_400_000;

test('a call that stands still for a day is asked after every ten seconds, and every second', () => {
  for (const everyMs of [10_000, 1_000]) {
    const conduct = new Conduct(0);
    for (let now = 0; now < DAY_MS; now += everyMs) assert.ok(conduct.control(now), `at ${now} ms`);
  }
});

test('a client that ends each of its calls itself, one in a second, is no abuser', () => {
  const conduct = new Conduct(0);
  for (let now = 0; now < DAY_MS; now += 1_000) assert.ok(conduct.cut(now), `at ${now} ms`);
});

test('time pays one at a time, and nothing ahead', () => {
  const quick = new Conduct(0);
  let now = 0;
  const tenInASecond = () => quick.cut((now += 100));
  assert.ok(until(tenInASecond) < 250);
  const late = new Conduct(0);
  assert.equal(
    until(() => late.cut(DAY_MS)),
    200,
  );
  assert.equal(
    until(() => late.control(DAY_MS)),
    1_000,
  );
  assert.deepEqual([late.cut(DAY_MS + 999), late.cut(DAY_MS + 3_000), late.cut(DAY_MS + 3_000)], [false, true, false]);
});
