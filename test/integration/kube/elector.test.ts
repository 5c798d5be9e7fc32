import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Elector, type ElectorOptions } from '../../../src/kube/elector.ts';
import type { Lease } from '../../../src/kube/lease.ts';
import { CountingClient } from '../../support/counting-client.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/system/leases';
const STEP_MS = 100;

describe('the elector', () => {
  let server: FakeApiServer;
  let timers: FakeTimers;
  let electors: Elector[];
  let clients: CountingClient[];
  let killed: CountingClient | null;
  let told: string[];

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    timers = new FakeTimers();
    electors = [];
    clients = [];
    killed = null;
    told = [];
    timers.isIdle = () => clients.every((client) => client === killed || client.pending === 0);
  });
  afterEach(async () => {
    const stopping = Promise.all(electors.map((elector) => elector.stop()));
    await timers.advance(60_000);
    await stopping;
    for (const client of clients) client.close();
    await server.close();
  });

  function createClient(userAgent: string): CountingClient {
    const client = new CountingClient(server.credentials(), { userAgent, timers });
    clients.push(client);
    return client;
  }

  function create(holder: string, options: Partial<ElectorOptions> = {}): Elector {
    const elector = new Elector({
      client: createClient(holder),
      namespace: 'system',
      name: 'evenkeel-operator',
      holder,
      fieldManager: 'evenkeel',
      onStarted: () => void told.push(`${holder} started`),
      onLost: (reason) => void told.push(`${holder} lost: ${reason}`),
      timers,
      random: () => 1,
      wallClock: () => Date.UTC(2026, 0, 1) + timers.now(),
      ...options,
    });
    electors.push(elector);
    elector.start();
    return elector;
  }

  const lease = () => server.get(`${LEASES}/evenkeel-operator`) as Lease | undefined;
  const until = (condition: () => boolean, what: string) => timers.advanceUntil(condition, what, STEP_MS);
  /** As kill -9: no word to anybody, no request from now on. */
  function kill(client: CountingClient): void {
    killed = client;
    server.addFault(({ headers }) => headers['user-agent'] === 'doomed');
  }

  test('makes the lease where there is none, with times of six digits', async () => {
    const elector = create('a');
    await until(() => elector.isLeader, 'leadership');
    assert.equal(lease()?.spec?.holderIdentity, elector.identity);
    assert.match(elector.identity, /^a_/);
    assert.match(lease()?.spec?.renewTime ?? '', /^2026-01-01T00:00:00\.\d{3}000Z$/);
    assert.equal(lease()?.spec?.leaseDurationSeconds, 15);
    assert.equal(elector.acquisitions, 1);
    assert.deepEqual(told, ['a started']);
  });

  test('renews what it holds, and keeps the time since when', async () => {
    const elector = create('a');
    await until(() => elector.isLeader, 'leadership');
    const first = lease()?.spec;
    await until(() => lease()?.spec?.renewTime !== first?.renewTime, 'a renewal');
    await until(() => timers.now() > 60_000, 'a minute');
    assert.equal(elector.isLeader, true);
    assert.equal(lease()?.spec?.acquireTime, first?.acquireTime);
    assert.equal(lease()?.spec?.leaseTransitions, first?.leaseTransitions);
    assert.equal(elector.acquisitions, 1);
  });

  test('a leader that has stopped leaves no timer behind, so that its process can end', async () => {
    const elector = create('a');
    await until(() => elector.isLeader, 'leadership');
    await elector.stop();
    assert.deepEqual(timers.waits, []);
  });

  test('only one of two leads, and a stopped leader hands over within three seconds, after onLost has ended', async () => {
    let endWork: () => void = () => {};
    const a = create('a', { onLost: () => new Promise((resolve) => void (endWork = resolve)) });
    await until(() => a.isLeader, 'leadership');
    const b = create('b');
    await until(() => b.holder === a.identity && timers.now() > 20_000, 'b having waited');
    assert.equal(b.isLeader, false);
    const stopping = a.stop();
    const stoppingAt = timers.now();
    await until(() => timers.now() - stoppingAt >= 3_000, 'three seconds');
    assert.equal(b.isLeader, false, 'what a was doing is not done yet');
    const stoppedAt = timers.now();
    endWork();
    await until(() => b.isLeader, 'b leading');
    assert.ok(timers.now() - stoppedAt <= 3_000, `${timers.now() - stoppedAt} ms`);
    await stopping;
    assert.equal(a.isLeader, false);
    assert.equal(lease()?.spec?.leaseTransitions, 2);
  });

  test('a leader that dies without a word is followed within 20 seconds, and not before its lease is over', async () => {
    const client = createClient('doomed');
    const a = create('a', { client });
    await until(() => a.isLeader, 'leadership');
    const b = create('b');
    await until(() => b.holder === a.identity && timers.now() > 7_000, 'b having seen a');
    const renewedAt = Date.parse(lease()?.spec?.renewTime ?? '') - Date.UTC(2026, 0, 1);
    kill(client);
    const killedAt = timers.now();
    await until(() => b.isLeader, 'b leading');
    assert.ok(timers.now() - killedAt <= 20_000, `${timers.now() - killedAt} ms`);
    // What b saw last was at most one turn old, and it comes back when that is over, not at its next turn.
    const sinceRenewal = timers.now() - renewedAt;
    assert.ok(sinceRenewal >= 15_000 && sinceRenewal <= 17_500, `${sinceRenewal} ms after the last renewal`);
    assert.equal(a.isLeader, false);
  });

  test('a leader that cannot renew is told before anybody else can lead', async () => {
    const client = createClient('doomed');
    const a = create('a', { client });
    await until(() => a.isLeader, 'leadership');
    const b = create('b', { onStarted: () => void told.push(`b started, a led: ${a.isLeader}`) });
    await until(() => b.holder === a.identity, 'b having seen a');
    kill(client);
    await until(() => b.isLeader, 'b leading');
    assert.deepEqual(told, ['a started', 'a lost: the lease could not be renewed for 10000 ms', 'b started, a led: false']);
  });

  test('a leader that was stopped for a while does not think that it leads, before any timer has told it', async () => {
    let frozenMs = 0;
    const frozen = { now: () => timers.now() + frozenMs, after: timers.after.bind(timers) };
    const a = create('a', { timers: frozen });
    await until(() => a.isLeader, 'leadership');
    frozenMs = 11_000;
    assert.equal(a.isLeader, false);
  });

  test('an answer that is read when the lease may be over makes no leader', async () => {
    let frozenMs = 0;
    const frozen = { now: () => timers.now() + frozenMs, after: timers.after.bind(timers) };
    const remove = server.addFault(({ method }) => {
      if (method === 'POST') frozenMs += 11_000;
      return false;
    });
    const a = create('a', { timers: frozen });
    await until(() => server.count('POST', 'leases') === 1 && timers.waits.length > 0, 'the answer');
    assert.deepEqual([a.isLeader, told], [false, []]);
    remove();
    await until(() => a.isLeader, 'leadership at the next try');
  });

  test('stands again after a loss', async () => {
    const a = create('a');
    await until(() => a.isLeader, 'leadership');
    const remove = server.addFault((_, response) => {
      server.refuse(response, 500, 'InternalError', 'etcd is away');
      return true;
    });
    await until(() => told.length === 2, 'the loss');
    remove();
    await until(() => a.isLeader, 'leadership again');
    assert.equal(a.acquisitions, 2);
    assert.deepEqual(told, ['a started', 'a lost: the lease could not be renewed for 10000 ms', 'a started']);
  });

  test('gives way at once where another has written itself in', async () => {
    const a = create('a');
    await until(() => a.isLeader, 'leadership');
    server.put(LEASES, { ...lease(), spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 } } as Lease);
    await until(() => told.length === 2, 'the loss');
    assert.deepEqual(told, ['a started', 'a lost: the lease is held by thief']);
  });

  test('makes the lease again where somebody deleted it, without a loss', async () => {
    const a = create('a');
    await until(() => a.isLeader, 'leadership');
    server.remove(LEASES, 'evenkeel-operator');
    await until(() => lease() !== undefined, 'the lease');
    assert.equal(lease()?.spec?.holderIdentity, a.identity);
    assert.deepEqual(told, ['a started']);
  });

  test('a mistake in onStarted does not end the election', async () => {
    const a = create('a', {
      onStarted: () => {
        throw new Error('a mistake');
      },
    });
    await until(() => a.isLeader && timers.now() > 30_000, 'leadership');
    assert.equal(a.isLeader, true);
  });
});
