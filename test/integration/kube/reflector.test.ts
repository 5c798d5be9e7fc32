import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { FakeApiServer, statusOf } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { until } from '../../support/until.ts';

/** Beyond all the time that passes here: so that no other guard does the work of the one that is tested. */
const NEVER = 1e12;
const PODS = '/api/v1/namespaces/default/pods';
const pod = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
});

describe('the reflector', () => {
  let server: FakeApiServer;
  let client: KubeClient;
  let timers: FakeTimers;
  let reflector: Reflector<KubeObject>;
  let seen: string[];

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    client = new KubeClient(server.credentials());
    timers = new FakeTimers();
    seen = [];
  });
  afterEach(async () => {
    await reflector.stop();
    client.close();
    await server.close();
  });

  function create(options: Partial<ReflectorOptions<KubeObject>> = {}): void {
    reflector = new Reflector<KubeObject>({
      client,
      resource: Resources.Pod,
      namespace: 'default',
      timers,
      random: () => 0.5,
      silenceMs: NEVER,
      ...options,
    });
    reflector.onChange(({ type, key }) => void seen.push(`${type} ${key}`));
    reflector.start();
  }

  async function createWatching(options: Partial<ReflectorOptions<KubeObject>> = {}): Promise<void> {
    create(options);
    await reflector.synced;
    await until(() => server.openWatches === 1 && reflector.lastContactAgeMs() === 0, 'an open watch');
  }

  const sawThat = (...changes: string[]) => until(() => changes.every((change) => seen.includes(change)), changes.join(', '));
  const watchesAgain = (count: number) =>
    timers.advanceUntil(() => server.watches('pods').length === count && server.openWatches === 1, 'another watch');

  test('holds what there is once it has synced, with apiVersion and kind', async () => {
    server.put(PODS, pod('a'));
    server.put(PODS, pod('b'));
    await createWatching();
    assert.deepEqual(reflector.keys(), ['default/a', 'default/b']);
    assert.deepEqual([reflector.get('default/a')?.kind, reflector.get('default/a')?.apiVersion], ['Pod', 'v1']);
    assert.deepEqual(seen, ['Added default/a', 'Added default/b']);
  });

  test('follows additions, updates and deletions', async () => {
    await createWatching();
    server.put(PODS, pod('a'));
    server.put(PODS, pod('a', { changed: 'yes' }));
    server.remove(PODS, 'a');
    await sawThat('Deleted default/a');
    assert.deepEqual(seen, ['Added default/a', 'Updated default/a', 'Deleted default/a']);
    assert.deepEqual(reflector.list(), []);
  });

  test('asks for bookmarks, for an end under five minutes, and for its selection only', async () => {
    await createWatching({ labelSelector: 'app in (shop,feed)', fieldSelector: 'metadata.name=a' });
    const [watch] = server.watches('pods');
    assert.equal(watch?.query.get('allowWatchBookmarks'), 'true');
    assert.equal(watch?.query.get('timeoutSeconds'), '265');
    assert.equal(watch?.query.get('labelSelector'), 'app in (shop,feed)');
    assert.equal(server.lists('pods')[0]?.query.get('fieldSelector'), 'metadata.name=a');
  });

  test('goes on watching from the last bookmark when the API server ends the watch, without a list', async () => {
    await createWatching();
    server.put('/api/v1/namespaces/other/pods', pod('elsewhere'));
    const versionBefore = server.watches('pods')[0]?.query.get('resourceVersion');
    server.bookmark();
    server.endWatches('end');
    await watchesAgain(2);
    const versionAfter = server.watches('pods')[1]?.query.get('resourceVersion');
    assert.equal(Number(versionAfter), Number(versionBefore) + 1);
    assert.equal(server.lists('pods').length, 1);
  });

  test('misses nothing when the connection breaks after every event', async () => {
    await createWatching();
    for (let index = 0; index < 6; index++) {
      server.put(PODS, pod(`p${index}`));
      await timers.advanceUntil(() => seen.includes(`Added default/p${index}`), `p${index}`);
      server.endWatches('cut');
    }
    assert.equal(reflector.list().length, 6);
  });

  test('after a broken connection it sees what has come and gone with an etcd whose versions have caught up', async () => {
    server.put(PODS, pod('a'));
    server.put(PODS, pod('b'));
    await createWatching();
    server.endWatches('cut');
    // As before the watch began, and then as many writes as there had been, so that its version is not of the future.
    server.restore(7);
    server.forget(PODS, 'a');
    for (let count = 0; count < 200; count++) server.put('/api/v1/namespaces/default/configmaps', pod('counter'));
    await watchesAgain(2);
    assert.deepEqual(reflector.keys(), ['default/b']);
  });

  test('when it is to refresh, it lists anew although a watch is open and it has listed a moment ago', async () => {
    server.put(PODS, pod('a'));
    await createWatching();
    server.forget(PODS, 'a');
    await reflector.refresh();
    assert.deepEqual(reflector.keys(), []);
    await watchesAgain(2);
    server.put(PODS, pod('b'));
    await sawThat('Added default/b');
  });

  test('a list that was on its way when it was to refresh does not count', async () => {
    const held: ServerResponse[] = [];
    const free = server.addFault(({ query }, response) => !query.has('watch') && held.push(response) > 0);
    create();
    await until(() => held.length === 1, 'the first list');
    free();
    server.put(PODS, pod('a'));
    const refreshed = reflector.refresh();
    for (const response of held) {
      server.answer(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] });
    }
    await reflector.synced;
    assert.deepEqual(reflector.keys(), []);
    await refreshed;
    assert.deepEqual(reflector.keys(), ['default/a']);
  });

  test('when it is to refresh while it waits for another try, it tries at once', async () => {
    await createWatching();
    await server.close();
    await timers.advanceUntil(() => reflector.lastError !== null, 'a failure');
    await server.listen();
    server.put(PODS, pod('a'));
    await reflector.refresh();
    assert.deepEqual(reflector.keys(), ['default/a']);
  });

  test('waits longer and longer between tries, and no longer than its cap', async () => {
    create({ backoff: { baseMs: 1_000, capMs: 4_000 } });
    server.addFault((_, response) => {
      server.refuse(response, 500, 'InternalError', 'etcd is away');
      return true;
    });
    const waits: number[] = [];
    for (let index = 1; index <= 4; index++) {
      await until(() => server.requests.length === index && timers.waits.length === 1, 'a wait');
      waits.push(...timers.waits);
      await timers.advance(waits.at(-1) ?? 0);
    }
    assert.deepEqual(waits, [750, 1_500, 3_000, 3_000]);
    assert.match(reflector.lastError?.message ?? '', /cannot list pods in namespace "default": etcd is away/);
    assert.equal(reflector.isSynced, false);
  });

  test('synced waits for an API server that is away at the start', async () => {
    await server.close();
    create();
    await timers.advanceUntil(() => reflector.lastError !== null, 'a failure');
    await server.listen();
    server.put(PODS, pod('a'));
    await timers.advanceUntil(() => reflector.isSynced, 'the list');
    await reflector.synced;
    assert.deepEqual(reflector.keys(), ['default/a']);
    assert.equal(reflector.lastError, null);
  });

  test('lists again when its resource version has expired, and tells what went meanwhile', async () => {
    server.put(PODS, pod('stays'));
    server.put(PODS, pod('goes'));
    await createWatching();
    server.forget(PODS, 'goes');
    server.put('/api/v1/namespaces/default/pods', pod('comes'));
    seen.length = 0;
    const remove = server.addFault(({ query }, response) => {
      if (!query.has('watch')) return false;
      response.writeHead(200);
      server.send(response, { type: 'ERROR', object: statusOf(410, 'Expired', 'too old resource version') });
      response.end();
      return true;
    });
    server.endWatches('end');
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
    remove();
    await timers.advanceUntil(() => server.openWatches === 1, 'a watch');
    assert.deepEqual(reflector.keys().sort(), ['default/comes', 'default/stays']);
    assert.ok(seen.includes('Deleted default/goes'));
    assert.ok(!seen.some((change) => change.endsWith('stays')), 'what did not change is no change');
  });

  test('gives up a watch that fell silent, and lists again', async () => {
    await createWatching({ silenceMs: 100_000 });
    server.put(PODS, pod('a'));
    await sawThat('Added default/a');
    server.forget(PODS, 'a');
    await timers.advance(99_000);
    assert.equal(server.lists('pods').length, 1);
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
    await sawThat('Deleted default/a');
    await timers.advanceUntil(
      () => server.watches('pods').length === 2 && server.openWatches === 1,
      'a new watch, and the silent one closed',
    );
  });

  test('a bookmark keeps a quiet watch alive', async () => {
    await createWatching({ silenceMs: 100_000 });
    for (let index = 0; index < 3; index++) {
      await timers.advance(90_000);
      const waitsFrom = timers.now();
      server.bookmark();
      await until(() => timers.waits.some((wait) => timers.now() + wait >= waitsFrom + 100_000), 'the bookmark');
    }
    assert.equal(server.lists('pods').length, 1);
    assert.equal(server.watches('pods').length, 1);
  });

  test('lists again when resource versions go back', async () => {
    server.put(PODS, pod('a'));
    await createWatching();
    server.restore(7);
    server.bookmark();
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
    await watchesAgain(2);
    assert.equal(server.watches('pods')[1]?.query.get('resourceVersion'), '7');
    assert.deepEqual(reflector.keys(), ['default/a']);
  });

  test('lists again when the API server comes back with resource versions of long ago', async () => {
    server.put(PODS, pod('a'));
    await createWatching();
    await server.close();
    server.restore(7);
    await server.listen();
    await timers.advanceUntil(() => server.openWatches === 1, 'a watch');
    assert.equal(server.watches('pods').at(-1)?.query.get('resourceVersion'), '7');
    assert.equal(server.lists('pods').length, 2);
  });

  test('lists again when the API server refuses the watch', async () => {
    await createWatching();
    const remove = server.addFault(({ query }, response) => {
      if (query.has('watch')) server.refuse(response, 504, 'Timeout', 'Too large resource version: 700, current: 7');
      return query.has('watch');
    });
    server.endWatches('end');
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
    remove();
    await timers.advanceUntil(() => server.openWatches === 1, 'a watch');
  });

  test('does not list again where the API server is only busy', async () => {
    await createWatching();
    const remove = server.addFault(({ query }, response) => {
      if (query.has('watch')) server.refuse(response, 429, 'TooManyRequests', 'busy');
      return query.has('watch');
    });
    server.endWatches('end');
    await timers.advanceUntil(() => server.watches('pods').length === 4, 'tries');
    remove();
    await timers.advanceUntil(() => server.openWatches === 1, 'a watch');
    assert.equal(server.lists('pods').length, 1);
  });

  test('lists again after a long absence of the API server', async () => {
    server.put(PODS, pod('a'));
    await createWatching();
    await server.close();
    await timers.advanceUntil(() => reflector.lastContactAgeMs() > 61_000, 'a long absence', 1_000);
    assert.deepEqual(reflector.keys(), ['default/a'], 'what is known stays');
    server.forget(PODS, 'a');
    await server.listen();
    await timers.advanceUntil(() => server.openWatches === 1, 'a watch', 1_000);
    assert.equal(server.lists('pods').length, 2);
    assert.deepEqual(reflector.keys(), []);
  });

  test('sees a successor of the same name as a deletion and an addition', async () => {
    server.put(PODS, pod('a'));
    await createWatching();
    server.put(PODS, { ...pod('a'), metadata: { name: 'a', namespace: 'default', uid: 'another' } });
    await sawThat('Deleted default/a');
    assert.deepEqual(seen, ['Added default/a', 'Deleted default/a', 'Added default/a']);
  });

  test('lists again at its interval, where it has one', async () => {
    await createWatching({ relistIntervalMs: 60_000 });
    server.put(PODS, pod('a'));
    await sawThat('Added default/a');
    server.forget(PODS, 'a');
    await timers.advance(59_000);
    assert.equal(server.lists('pods').length, 1);
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
    await sawThat('Deleted default/a');
    assert.equal(reflector.lastError, null);
  });

  test('lists again at an interval that is longer than a watch lasts', async () => {
    await createWatching({ relistIntervalMs: 600_000 });
    for (let ended = 0; ended < 9; ended++) {
      await timers.advance(60_000);
      server.bookmark();
      server.endWatches('end');
      await timers.advanceUntil(() => server.openWatches === 1, 'the next watch', 10);
    }
    assert.equal(server.lists('pods').length, 1);
    await timers.advance(60_000);
    await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
  });

  test('a hundred that started together do not list again together', async () => {
    const chances = Array.from({ length: 100 }, (_, i) => i / 100);
    const waits = await Promise.all(
      chances.map(async (chance) => {
        const own = new FakeTimers();
        const each = new Reflector({ client, resource: Resources.Pod, timers: own, random: () => chance, relistIntervalMs: 3_600_000 });
        each.start();
        await each.synced;
        await until(() => own.waits.some((ms) => ms > 600_000), 'its watch');
        const wait = Math.max(...own.waits);
        await each.stop();
        return wait;
      }),
    );
    const [first, last] = [Math.min(...waits), Math.max(...waits)];
    assert.ok(first >= 3_240_000 && first < 3_250_000, `${first}`);
    assert.ok(last <= 3_960_000 && last > 3_940_000, `${last}`);
    assert.equal(new Set(waits.map((wait) => Math.round(wait / 7_200))).size > 90, true, 'evenly spread over twelve minutes');
  });

  test('goes on when a handler throws', async () => {
    create();
    reflector.onChange(() => {
      throw new Error('a mistake');
    });
    const after: string[] = [];
    reflector.onChange(({ key }) => void after.push(key));
    await reflector.synced;
    server.put(PODS, pod('a'));
    await until(() => after.includes('default/a'), 'the handler after it');
    server.put(PODS, pod('b'));
    await until(() => after.includes('default/b'), 'the next change');
    assert.equal(server.lists('pods').length, 1);
  });

  const broken: Record<string, string> = {
    'an event that is no JSON': '{"type":"ADDED",\n',
    'an event of an unknown type': '{"type":"SURPRISE","object":{}}\n',
  };
  for (const [what, text] of Object.entries(broken)) {
    test(`lists again after ${what}`, async () => {
      await createWatching();
      server.writeToWatches(text);
      await timers.advanceUntil(() => server.lists('pods').length === 2, 'a list');
      await timers.advanceUntil(() => server.openWatches === 1, 'a watch');
    });
  }

  test('knows for how long it has been without contact', async () => {
    await createWatching();
    await timers.advance(50_000);
    assert.equal(reflector.lastContactAgeMs(), 0, 'an open watch is contact');
    await server.close();
    await until(() => reflector.lastError !== null, 'the loss');
    await timers.advance(30_000);
    assert.ok(reflector.lastContactAgeMs() >= 30_000 && reflector.lastContactAgeMs() < 32_000, String(reflector.lastContactAgeMs()));
    await server.listen();
    await timers.advanceUntil(() => server.openWatches === 1 && reflector.lastContactAgeMs() === 0, 'contact');
  });

  test('finds objects by an index, also after a list', async () => {
    server.put(PODS, pod('a', { app: 'shop' }));
    server.put(PODS, pod('b', { app: 'feed' }));
    await createWatching({ indexes: { app: (object) => [object.metadata?.labels?.app ?? ''] } });
    const names = (app: string) => reflector.byIndex('app', app).map(({ metadata }) => metadata?.name);
    assert.deepEqual(names('shop'), ['a']);
    server.put(PODS, pod('b', { app: 'shop' }));
    await sawThat('Updated default/b');
    assert.deepEqual([names('shop'), names('feed')], [['a', 'b'], []]);
  });

  test('keeps only what it is told to keep', async () => {
    server.put(PODS, { ...pod('a'), metadata: { name: 'a', namespace: 'default', managedFields: [{}] } });
    await createWatching({ keep: ({ metadata, ...rest }) => ({ ...rest, metadata: { ...metadata, managedFields: [] } }) });
    assert.deepEqual(reflector.get('default/a')?.metadata?.managedFields, []);
  });

  describe('once stopped', () => {
    test('closes its watch, leaves no timer, and calls no handler', async () => {
      await createWatching();
      await reflector.stop();
      await until(() => server.openWatches === 0, 'the end of the watch');
      assert.deepEqual(timers.waits, []);
      server.put(PODS, pod('late'));
      assert.deepEqual(seen, []);
    });

    test('ends a list that is on its way, and leaves no watch open behind it', async () => {
      let held: ServerResponse | null = null;
      server.addFault((_, response) => {
        held = response;
        return true;
      });
      create();
      await until(() => held !== null, 'the list');
      await reflector.stop();
      assert.equal(server.watches('pods').length, 0);
      assert.deepEqual(timers.waits, []);
    });
  });
});
