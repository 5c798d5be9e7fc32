import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { StatusWriter } from '../../../src/operator/status-writer.ts';
import { buildStatus } from '../../../src/status/status.ts';
import { failover, input, resource, START, unhealthy, view } from '../status/fixtures.ts';

const KEY = 'default/shop';

function setUp() {
  const clock = { now: 0 };
  const written: LoadBalancedService[] = [];
  const client = {
    applyStatus: async (object: LoadBalancedService) => {
      written.push(object);
      return { ...object, metadata: { ...object.metadata, resourceVersion: String(100 + written.length) } };
    },
  } as never;
  return { clock, written, writer: new StatusWriter({ client, now: () => clock.now, wallClock: () => clock.now }) };
}

const seen = (resourceVersion: string, status?: LoadBalancedService['status']): LoadBalancedService => {
  const plain = resource();
  return { ...plain, metadata: { ...plain.metadata, resourceVersion }, ...(status === undefined ? {} : { status }) };
};

test('a status is written onto the very resource, and only where it differs', async () => {
  const { writer, written } = setUp();
  const result = buildStatus(input());
  assert.equal(await writer.write(KEY, seen('100'), undefined, result), true);
  assert.deepEqual(Object.keys(written[0] ?? {}), ['apiVersion', 'kind', 'metadata', 'status']);
  assert.equal(written[0]?.metadata.uid, 'uid-1');
  assert.equal(await writer.write(KEY, seen('101', result.status), result.status, result), false);
  assert.equal(written.length, 1);
});

test('the next write waits until a second after the last one', async () => {
  const { writer, clock } = setUp();
  assert.equal(writer.waitMs(KEY), 0);
  await writer.write(KEY, seen('100'), undefined, buildStatus(input()));
  clock.now = 300;
  assert.equal(writer.waitMs(KEY), 700);
  clock.now = 1_000;
  assert.equal(writer.waitMs(KEY), 0);
});

test('while the cache is behind our own write, the status is what was written', async () => {
  const { writer } = setUp();
  const result = buildStatus(input({ views: [view('a')] }));
  await writer.write(KEY, seen('100'), undefined, result);
  assert.equal(writer.previous(KEY, seen('100')), result.status);
  const newer = { observedGeneration: 9 };
  assert.equal(writer.previous(KEY, seen('102', newer)), newer);
});

test('a cache that stays behind our own write is believed after a while: etcd may have been restored', async () => {
  const { writer, clock, written } = setUp();
  const result = buildStatus(input({ views: [view('a')] }));
  await writer.write(KEY, seen('100'), undefined, result);
  const restored = seen('40', { observedGeneration: 1 });
  clock.now = 9_999;
  assert.equal(writer.previous(KEY, restored), result.status);
  clock.now = 10_000;
  assert.equal(writer.previous(KEY, restored), restored.status);
  await writer.write(KEY, restored, restored.status, result);
  assert.equal(written.at(-1)?.metadata.resourceVersion, '40');
});

test('a status is written only onto the version that it was made from', async () => {
  const { writer, written } = setUp();
  const [first, second] = [buildStatus(input()), buildStatus(input({ views: [view('a')] }))];
  await writer.write(KEY, seen('100'), undefined, first);
  assert.equal(written[0]?.metadata.resourceVersion, '100');
  // The cache has not seen that write yet: its version is that of its answer.
  await writer.write(KEY, seen('100'), first.status, second);
  assert.equal(written[1]?.metadata.resourceVersion, '101');
});

test('a clock that jumps moves what is known of the past along', async () => {
  const clock = { now: 0, wall: 1_000_000_000 };
  const client = { applyStatus: async (object: LoadBalancedService) => object } as never;
  const writer = new StatusWriter({ client, now: () => clock.now, wallClock: () => clock.wall });
  await writer.write(KEY, seen('100'), undefined, buildStatus(input()));
  clock.now += 5_000;
  clock.wall -= 400_000_000;
  assert.equal(writer.heartbeatWrittenAtMs(KEY), clock.wall - 5_000);
});

test('a resource made anew under the same name begins with its own status', async () => {
  const { writer } = setUp();
  await writer.write(KEY, seen('100'), undefined, buildStatus(input()));
  const anew = seen('50');
  assert.equal(writer.previous(KEY, { ...anew, metadata: { ...anew.metadata, uid: 'uid-2' } }), undefined);
});

test('it is remembered when the heartbeat figures were written', async () => {
  const { writer, clock } = setUp();
  clock.now = 5_000;
  assert.equal(writer.heartbeatWrittenAtMs(KEY), null);
  const result = buildStatus(input());
  await writer.write(KEY, seen('100'), undefined, result);
  assert.equal(writer.heartbeatWrittenAtMs(KEY), 5_000);
  clock.now = 9_000;
  const kept = buildStatus(input({ previous: result.status, views: [] }));
  await writer.write(KEY, seen('101'), result.status, kept);
  assert.equal(writer.heartbeatWrittenAtMs(KEY), 5_000);
});

test('two recoveries are told at once, the next ones together when five seconds are over, and what is worse at once', async () => {
  const { writer, clock } = setUp();
  const addresses = ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080'];
  const seenBy = (up: number, more: Parameters<typeof view>[1] = {}) => [
    view('a', {
      backends: [{ name: 'stable', endpoints: 9, healthy: 6 + up }],
      unhealthyEndpoints: addresses.slice(up).map((address) => unhealthy(address)),
      failovers: addresses.map((address, i) => failover(`a-${i}`, 5_000, i < up ? 4_000 : null, { address })).reverse(),
      ...more,
    }),
  ];
  const step = (previous: LoadBalancedService['status'], views: ReturnType<typeof seenBy>) =>
    buildStatus(input({ previous, views, nowMs: START + clock.now }));
  const down = step(undefined, seenBy(0));
  await writer.write(KEY, seen('100'), undefined, down);
  clock.now = 2_000;
  const first = step(down.status, seenBy(1));
  assert.equal(writer.dwellMs(KEY, down.status, first.status), 0);
  await writer.write(KEY, seen('101'), down.status, first);
  clock.now = 3_500;
  const second = step(first.status, seenBy(2));
  assert.equal(writer.dwellMs(KEY, first.status, second.status), 0);
  await writer.write(KEY, seen('102'), first.status, second);
  clock.now = 4_500;
  const third = step(second.status, seenBy(3));
  assert.equal(writer.dwellMs(KEY, second.status, third.status), 2_500);
  assert.equal(writer.dwellMs(KEY, second.status, second.status), 0, 'nothing new is nothing to wait for');
  const worse = step(second.status, seenBy(3, { unhealthyEndpoints: [unhealthy('10.0.0.9:8080')] }));
  assert.equal(writer.dwellMs(KEY, second.status, worse.status), 0);
  clock.now = 7_000;
  assert.equal(writer.dwellMs(KEY, second.status, third.status), 0);
});
