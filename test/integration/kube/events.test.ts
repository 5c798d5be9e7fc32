import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { type EventInput, EventRecorder } from '../../../src/kube/events.ts';
import { CountingClient } from '../../support/counting-client.ts';
import { FakeApiServer, type SeenRequest } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const EVENTS = '/apis/events.k8s.io/v1/namespaces/shop/events';
const regarding: KubeObject = {
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'LoadBalancedService',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
};
const failover: EventInput = { regarding, type: 'Warning', reason: 'Failover', action: 'RemoveEndpoint', note: '10.0.0.1:8080 is out' };

interface WrittenEvent extends KubeObject {
  eventTime?: string;
  series?: { count: number; lastObservedTime: string };
  note?: string;
  reason?: string;
}

describe('the event recorder', () => {
  let server: FakeApiServer;
  let client: CountingClient;
  let timers: FakeTimers;
  let recorder: EventRecorder;

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    client = new CountingClient(server.credentials());
    timers = new FakeTimers();
    timers.isIdle = () => client.pending === 0;
    recorder = new EventRecorder({
      client,
      reportingController: 'evenkeel.dev/operator',
      reportingInstance: 'operator-1',
      timers,
      random: () => 1,
      wallClock: () => Date.UTC(2026, 0, 1) + timers.now(),
    });
  });
  afterEach(async () => {
    const closing = recorder.close(0);
    await timers.advance(0);
    await closing;
    client.close();
    await server.close();
  });

  const posts = () => server.requests.filter(({ method }) => method === 'POST');
  const patches = () => server.requests.filter(({ method }) => method === 'PATCH');
  const bodyOf = (request: SeenRequest | undefined) => JSON.parse(request?.body ?? '{}') as WrittenEvent;
  /** All that were written are stored. */
  const stored = () =>
    [...posts()].flatMap((request) => (server.get(`${EVENTS}/${bodyOf(request).metadata?.name}`) as WrittenEvent | undefined) ?? []);
  const until = (condition: () => boolean, what: string) => timers.advanceUntil(condition, what);

  test('writes a whole event', async () => {
    recorder.record(failover);
    await until(() => stored().length === 1, 'the event');
    const { metadata, ...event } = bodyOf(posts()[0]);
    assert.match(metadata?.name ?? '', /^web\.[0-9a-f]{16}$/);
    assert.equal(metadata?.namespace, 'shop');
    assert.deepEqual(event, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'evenkeel.dev/operator',
      reportingInstance: 'operator-1',
      type: 'Warning',
      reason: 'Failover',
      action: 'RemoveEndpoint',
      note: '10.0.0.1:8080 is out',
      regarding: { apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', name: 'web', namespace: 'shop', uid: 'u1' },
    });
  });

  test('folds what comes again into one series', async () => {
    recorder.record(failover);
    await until(() => stored().length === 1, 'the event');
    await timers.advance(5_000);
    recorder.record(failover);
    await until(() => stored()[0]?.series?.count === 2, 'the series');
    recorder.record(failover);
    await until(() => stored()[0]?.series?.count === 3, 'the series');
    assert.equal(posts().length, 1);
    assert.match(stored()[0]?.series?.lastObservedTime ?? '', /^2026-01-01T00:00:0[5-9]\.\d{6}Z$/);
  });

  test('folds what comes while it waits into one write', async () => {
    for (let index = 0; index < 50; index++) recorder.record(failover);
    await until(() => stored().length === 1, 'the event');
    assert.equal(stored()[0]?.series?.count, 50);
    assert.equal(server.requests.length, 1);
  });

  const different: Record<string, Partial<EventInput>> = {
    reason: { reason: 'Recovery' },
    note: { note: '10.0.0.2:8080 is out' },
    type: { type: 'Normal' },
    'object of the same name': { regarding: { ...regarding, metadata: { ...regarding.metadata, uid: 'u2' } } },
  };
  for (const [what, difference] of Object.entries(different)) {
    test(`does not fold another ${what}`, async () => {
      recorder.record(failover);
      recorder.record({ ...failover, ...difference });
      await until(() => stored().length === 2, 'both');
    });
  }

  test('begins anew what has not come for six minutes', async () => {
    recorder.record(failover);
    await until(() => stored().length === 1, 'the event');
    await timers.advance(6 * 60_000);
    recorder.record(failover);
    await until(() => stored().length === 2, 'another event');
    assert.equal(patches().length, 0);
  });

  test('writes the event again that the API server has forgotten', async () => {
    recorder.record(failover);
    await until(() => stored().length === 1, 'the event');
    server.remove(EVENTS, bodyOf(posts()[0]).metadata?.name ?? '');
    recorder.record(failover);
    await until(() => posts().length === 2 && stored().length > 0, 'the event again');
    assert.equal(stored()[0]?.series?.count, 2);
  });

  test('writes many at once, then a few a second', async () => {
    for (let index = 0; index < 40; index++) recorder.record({ ...failover, note: `endpoint ${index}` });
    await until(() => stored().length >= 25, 'the burst');
    const startedAt = timers.now();
    await until(() => stored().length === 40, 'the rest');
    assert.ok(timers.now() - startedAt > 5_000, `${timers.now() - startedAt} ms`);
  });

  test('tries again after a failure, and gives up in the end', async () => {
    server.addFault((_, response) => {
      server.refuse(response, 500, 'InternalError', 'etcd is away');
      return true;
    });
    recorder.record(failover);
    await until(() => recorder.dropped === 1, 'the end of the tries');
    assert.equal(posts().length, 6);
  });

  test('takes a first try that got through without an answer for written', async () => {
    let tries = 0;
    server.addFault((request, response) => {
      if (++tries > 1) return false;
      server.put(EVENTS, bodyOf(request));
      response.socket?.destroy();
      return true;
    });
    recorder.record(failover);
    await until(() => posts().length === 2, 'the second try');
    recorder.record(failover);
    await until(() => patches().length === 1, 'the series');
    assert.equal(recorder.dropped, 0);
  });

  test('drops at once what the API server will never take', async () => {
    server.addFault((_, response) => {
      server.refuse(response, 403, 'Forbidden', 'the namespace is being terminated');
      return true;
    });
    recorder.record(failover);
    await until(() => recorder.dropped === 1, 'the end');
    assert.equal(posts().length, 1);
  });

  test('is bounded: what is too much is dropped and counted', () => {
    server.addFault(() => true);
    for (let index = 0; index < 1_100; index++) recorder.record({ ...failover, note: `endpoint ${index}` });
    assert.equal(recorder.dropped, 100);
  });

  test('cuts a note at 1,024 bytes, and not within a character', async () => {
    recorder.record({ ...failover, note: `x${'ü'.repeat(700)}` });
    await until(() => stored().length === 1, 'the event');
    const note = stored()[0]?.note ?? '';
    assert.ok(Buffer.byteLength(note) <= 1_024 && Buffer.byteLength(note) > 1_000, `${Buffer.byteLength(note)} bytes`);
    assert.match(note, /^xü+…$/);
  });

  test('writes what waits before it closes, and no longer than its deadline', async () => {
    recorder.record(failover);
    const closing = recorder.close(5_000);
    recorder.record({ ...failover, note: 'too late' });
    await until(() => stored().length === 1, 'the event');
    await closing;
    assert.equal(server.requests.length, 1);
    assert.deepEqual(timers.waits, []);
  });
});
