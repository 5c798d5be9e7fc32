import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as realDelay } from 'node:timers/promises';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { runOperator } from '../../../src/operator/operator.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { reportBody } from '../../support/reports.ts';
import { until } from '../../support/until.ts';
import { resource } from '../../unit/status/fixtures.ts';

const SERVICES = '/apis/evenkeel.dev/v1alpha1/namespaces/default/loadbalancedservices';
const REPORTS = '/apis/evenkeel.dev/v1alpha1/namespaces/default/balancerreports';
const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const KINDS = 12;
const MINUTE = 60_000;

const labels = {
  'app.kubernetes.io/managed-by': 'evenkeel',
  'evenkeel.dev/component': 'balancer',
  'evenkeel.dev/service': 'shop',
};
const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop--balancer-1', namespace: 'default', uid: 'pod-1', labels },
  ...{ status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
};
const balancerReport: KubeObject = {
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'BalancerReport',
  metadata: {
    name: 'shop--balancer-1',
    namespace: 'default',
    labels: { 'evenkeel.dev/service': 'shop' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'shop--balancer-1', uid: 'pod-1' }],
  },
  ...{ spec: reportBody() },
};

describe('the operator at rest', () => {
  let server: FakeApiServer;
  let timers: FakeTimers;
  let port: number;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    // As a user's apply leaves it.
    server.put(SERVICES, resource() as KubeObject);
    server.put(PODS, pod);
    server.put(REPORTS, balancerReport);
    timers = new FakeTimers();
    const stopping = new AbortController();
    const listening = Promise.withResolvers<number>();
    const running = runOperator({
      credentials: server.credentials(),
      balancerImage: 'evenkeel:test',
      allowedAddresses: [],
      watchNamespace: null,
      lease: null,
      identity: 'operator-1',
      address: '127.0.0.1',
      adminPort: 0,
      workers: 4,
      logger: silentLogger,
      timers,
      wallClock: () => Date.UTC(2026, 0, 1) + timers.now(),
      random: () => 0,
      signal: stopping.signal,
      onListening: listening.resolve,
    });
    running.catch(listening.reject);
    port = await listening.promise;
    stop = async () => {
      stopping.abort();
      await timers.advanceUntil(() => ended, 'the end');
      await running;
      assert.deepEqual(timers.waits, [], 'no timer keeps the process from ending');
    };
    let ended = false;
    void running.finally(() => {
      ended = true;
    });
    await until(() => server.openWatches === KINDS, 'all watches');
    await settled();
  });
  afterEach(async () => {
    await stop();
    await server.close();
  });

  const reconciles = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return [...metrics.matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const writes = () => server.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

  /** Everything is as it should be for the operator; what it waits for is no business of the API's. */
  async function settled(): Promise<void> {
    let [before, seconds] = [-1, 0];
    while (before !== server.requests.length && seconds < 60) {
      before = server.requests.length;
      for (let i = 0; i < 15; i++, seconds++) {
        await timers.advance(1_000);
        await realDelay(10);
      }
    }
    assert.equal(server.openWatches, KINDS);
  }

  test('a reconcile with nothing to do sends nothing', async () => {
    assert.ok(writes().length > 10, 'the objects were made');
    const [before, done] = [server.requests.length, await reconciles()];
    const service = server.get(`${SERVICES}/shop`);
    assert.ok(service);
    const touched = { ...service, metadata: { ...service.metadata, labels: { seen: 'yes' } } };
    // Each of these is a reason to look at the resource, and none a reason to do anything.
    for (const [collection, object] of [
      [SERVICES, touched],
      [REPORTS, balancerReport],
      [DEPLOYMENTS, server.get(`${DEPLOYMENTS}/shop--stable`)],
    ] as const) {
      const now = await reconciles();
      assert.ok(object);
      server.put(collection, object);
      await until(async () => (await reconciles()) > now, `a reconcile after a change in ${collection}`);
    }
    assert.ok((await reconciles()) >= done + 3);
    assert.deepEqual(server.requests.slice(before), []);
  });

  /** In order; status and Events go to who reads them, and are no matter here. */
  const objectRequests = (from: number) =>
    server.requests
      .slice(from)
      .filter(({ query, path }) => !query.has('watch') && !/\/(status|events)$/.test(path))
      .map(({ method, path }) => `${method} ${path}`);
  const advanceUntil = (condition: () => boolean, what: string) =>
    until(async () => {
      await timers.advance(100);
      return condition();
    }, what);

  test('a change of the spec costs no question whether it is so', async () => {
    const before = server.requests.length;
    server.put(SERVICES, resource({ strategy: { type: 'Random' } }, 2) as KubeObject);
    await advanceUntil(() => objectRequests(before).length > 0, 'the change');
    await settled();
    assert.deepEqual(objectRequests(before), [`PATCH ${CONFIG_MAPS}/shop--balancer`]);
  });

  test('a generation that comes again with another spec, as after a restore of etcd, is another spec', async () => {
    const accepted = () => {
      const { status } = server.get(`${SERVICES}/shop`) as LoadBalancedService;
      return status?.conditions?.find(({ type }) => type === 'Accepted')?.status;
    };
    const unknown = { strategy: { type: 'Fastest' } } as unknown as LoadBalancedService['spec'];
    server.put(SERVICES, resource(unknown, 2) as KubeObject);
    await advanceUntil(() => accepted() === 'False', 'it to be refused');
    const before = server.requests.length;
    server.put(SERVICES, resource({ strategy: { type: 'Random' } }, 2) as KubeObject);
    await advanceUntil(() => accepted() === 'True', 'it to be accepted');
    await settled();
    assert.deepEqual(objectRequests(before), [`PATCH ${CONFIG_MAPS}/shop--balancer`]);
  });

  test('an object that somebody deletes is made again, once the resource was asked for', async () => {
    const before = server.requests.length;
    server.remove(DEPLOYMENTS, 'shop--stable');
    await advanceUntil(() => server.get(`${DEPLOYMENTS}/shop--stable`) !== undefined, 'the object');
    await settled();
    assert.deepEqual(objectRequests(before), [`GET ${SERVICES}/shop`, `PATCH ${DEPLOYMENTS}/shop--stable`]);
  });

  test('for an object that is refused, and is not sent again yet, nothing is asked', async () => {
    const allow = server.addFault(({ method, path }, response) => {
      if (method !== 'PATCH' || path !== `${DEPLOYMENTS}/shop--stable`) return false;
      server.refuse(response, 403, 'Forbidden', 'exceeded quota');
      return true;
    });
    const before = server.requests.length;
    server.remove(DEPLOYMENTS, 'shop--stable');
    await advanceUntil(() => objectRequests(before).length >= 2, 'the refusal');
    assert.deepEqual(objectRequests(before), [`GET ${SERVICES}/shop`, `PATCH ${DEPLOYMENTS}/shop--stable`]);
    const [sent, done] = [server.requests.length, await reconciles()];
    server.put(REPORTS, balancerReport);
    await until(async () => (await reconciles()) > done, 'a reconcile');
    assert.deepEqual(objectRequests(sent), []);
    allow();
  });

  test('by a spec of the past nothing is made or changed, and all is again when the cache has caught up', async () => {
    const before = server.requests.length;
    const isAsked = ({ method, path }: { method: string; path: string }) => method === 'GET' && path === `${SERVICES}/shop`;
    // Its watch has not told yet.
    const past = server.addFault((request, response) => {
      if (!isAsked(request)) return false;
      server.answer(response, 200, { ...server.get(`${SERVICES}/shop`), metadata: { ...resource({}, 2).metadata } });
      return true;
    });
    const questions = () => server.requests.slice(before).filter(isAsked).length;
    server.remove(DEPLOYMENTS, 'shop--stable');
    await advanceUntil(() => questions() >= 2, 'a question, and another one');
    const config = server.get(`${CONFIG_MAPS}/shop--balancer`);
    server.put(CONFIG_MAPS, { ...config, ...{ data: { 'config.json': '{}' } } } as KubeObject);
    const asked = questions();
    await advanceUntil(() => questions() >= asked + 2, 'more of them');
    assert.deepEqual(new Set(objectRequests(before)), new Set([`GET ${SERVICES}/shop`]));
    past();
    await advanceUntil(() => server.get(`${DEPLOYMENTS}/shop--stable`) !== undefined, 'the object');
    await settled();
    assert.deepEqual(
      objectRequests(before).filter((request) => request.startsWith('PATCH')),
      [`PATCH ${DEPLOYMENTS}/shop--stable`, `PATCH ${CONFIG_MAPS}/shop--balancer`],
    );
  });

  test('an hour in which nothing happens costs no write, and one list of each kind, 54 minutes after the last', async () => {
    const [before, began] = [server.requests.length, timers.now()];
    const since = () => server.requests.slice(before);
    const lists = () => since().filter(({ query }) => !query.has('watch'));
    const watches = () => since().filter(({ query }) => query.has('watch')).length;
    const writesBefore = writes().length;
    for (let minute = 1; minute <= 60; minute++) {
      for (let half = 0; half < 2; half++) {
        server.bookmark();
        await realDelay(10);
        await timers.advance(MINUTE / 2);
      }
      // Like an API server, which ends each watch after some minutes. Time stands still until the next ones are open.
      if (minute % 5 === 0) {
        await until(() => server.openWatches === KINDS, 'all watches');
        const opened = watches();
        server.endWatches('end');
        await until(() => watches() >= opened + KINDS && server.openWatches === KINDS, 'all watches again');
      }
      if (minute === 50) assert.deepEqual(lists(), [], 'between two lists there is nothing but watches');
    }
    await settled();
    assert.ok(timers.now() - began >= 60 * MINUTE);
    assert.equal(writes().length, writesBefore, 'nothing was written');
    assert.ok(watches() >= 10 * KINDS, 'watches went on');
    assert.equal(lists().length, KINDS);
  });
});
