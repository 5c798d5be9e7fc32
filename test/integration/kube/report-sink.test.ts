import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { ReportSink } from '../../../src/kube/report-sink.ts';
import type { BalancerReportBody } from '../../../src/model/report.ts';
import { CountingClient } from '../../support/counting-client.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { failoverReport, reportBody } from '../../support/reports.ts';
import { until as inRealTime } from '../../support/until.ts';

const REPORTS = '/apis/evenkeel.dev/v1alpha1/namespaces/shop/balancerreports';

const report = (appliedGeneration: number): BalancerReportBody =>
  reportBody({
    appliedGeneration,
    backends: [{ name: 'stable', endpoints: 3, healthy: 2 }],
    unhealthyEndpoints: [
      { address: '10.0.0.1:8080', backend: 'stable', state: 'Unhealthy', reason: 'HeartbeatTimeout', forMilliseconds: 50 },
    ],
    failovers: [failoverReport({ rescued: 1, agoMilliseconds: 60 })],
  });

describe('the report sink', () => {
  let server: FakeApiServer;
  let client: CountingClient;
  let timers: FakeTimers;
  let sink: ReportSink;

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    client = new CountingClient(server.credentials());
    timers = new FakeTimers();
    timers.isIdle = () => client.pending === 0;
    sink = new ReportSink({ client, namespace: 'shop', podName: 'web-x', podUid: 'p1', service: 'web', timers, random: () => 1 });
  });
  afterEach(async () => {
    const closing = sink.close();
    await timers.advance(10_000);
    await closing;
    client.close();
    await server.close();
  });

  const stored = () => server.get(`${REPORTS}/web-x`) as (KubeObject & { spec: BalancerReportBody }) | undefined;
  const until = (condition: () => boolean, what: string) => timers.advanceUntil(condition, what);
  const isWritten = (generation: number) => until(() => stored()?.spec.appliedGeneration === generation, `report ${generation}`);

  test("writes the first report at once, as the pod's own object", async () => {
    sink.publish(report(1));
    await timers.advance(0);
    await isWritten(1);
    const [request] = server.requests;
    assert.equal(request?.headers['content-type'], 'application/apply-patch+yaml');
    assert.deepEqual(Object.fromEntries(request?.query ?? []), { fieldManager: 'evenkeel-balancer', force: 'true' });
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      apiVersion: 'evenkeel.dev/v1alpha1',
      kind: 'BalancerReport',
      metadata: {
        name: 'web-x',
        namespace: 'shop',
        labels: { 'evenkeel.dev/service': 'web' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web-x', uid: 'p1' }],
      },
      spec: report(1),
    });
  });

  test('writes at most every half second, and then the newest', async () => {
    sink.publish(report(1));
    await isWritten(1);
    for (let generation = 2; generation <= 9; generation++) sink.publish(report(generation));
    await timers.advance(400);
    assert.equal(server.requests.length, 1);
    await isWritten(9);
    assert.equal(server.requests.length, 2);
  });

  test('tries again until it is written, with the newest and its ages as they are by then', async () => {
    let isAway = true;
    server.addFault((_, response) => {
      if (isAway) server.refuse(response, 500, 'InternalError', 'etcd is away');
      return isAway;
    });
    sink.publish(report(1));
    await until(() => server.requests.length === 2, 'a second try');
    sink.publish(report(2));
    const publishedAt = timers.now();
    await until(() => server.requests.length === 4, 'more tries');
    isAway = false;
    await isWritten(2);
    const waited = timers.now() - publishedAt;
    const [endpoint] = stored()?.spec.unhealthyEndpoints ?? [];
    const [failover] = stored()?.spec.failovers ?? [];
    assert.ok(endpoint && endpoint.forMilliseconds > 2_000 && endpoint.forMilliseconds <= 50 + waited, `${endpoint?.forMilliseconds}`);
    assert.equal(failover?.agoMilliseconds, endpoint.forMilliseconds + 10);
  });

  test('does not put a report that failed in the place of one that came meanwhile', async () => {
    const remove = server.addFault((_, response) => {
      sink.publish(report(2));
      server.refuse(response, 500, 'InternalError', 'etcd is away');
      return true;
    });
    sink.publish(report(1));
    await until(() => server.requests.length === 1, 'the try');
    remove();
    await until(() => server.requests.length === 2, 'the next');
    assert.equal(JSON.parse(server.requests[1]?.body ?? '').spec.appliedGeneration, 2);
  });

  test('makes the object anew where somebody deleted it', async () => {
    sink.publish(report(1));
    await isWritten(1);
    server.remove(REPORTS, 'web-x');
    sink.publish(report(2));
    await isWritten(2);
  });

  const older = (ms: number): BalancerReportBody => {
    const first = report(1);
    return {
      ...first,
      unhealthyEndpoints: first.unhealthyEndpoints.map((each) => ({ ...each, forMilliseconds: each.forMilliseconds + ms })),
      failovers: first.failovers.map((each) => ({ ...each, agoMilliseconds: each.agoMilliseconds + ms })),
    };
  };

  test('an hour in which nothing is new costs a look in ten minutes, which says the same as before of the same object', async () => {
    sink.publish(report(1));
    await isWritten(1);
    const { uid } = stored()?.metadata ?? {};
    for (let seconds = 30; seconds <= 3_600; seconds += 30) {
      await timers.advance(30_000);
      sink.publish(older(seconds * 1_000));
      await timers.advance(0);
    }
    await until(() => client.pending === 0, 'the last of it');
    const looks = server.requests.slice(1).map(({ body }) => JSON.parse(body));
    // The random generator gives 1, so that looks are 11 minutes apart.
    assert.equal(looks.length, 5);
    for (const { metadata, spec } of looks) assert.deepEqual([metadata.uid, spec], [uid, report(1)]);
  });

  test('makes the object anew where somebody deleted it and nothing is new, with the ages that are right by then', async () => {
    sink.publish(report(1));
    await isWritten(1);
    server.remove(REPORTS, 'web-x');
    await timers.advance(600_000);
    sink.publish(older(600_000));
    await timers.advance(100_000);
    sink.publish(older(700_000));
    await until(() => stored() !== undefined, 'the new object');
    assert.equal(stored()?.spec.failovers[0]?.agoMilliseconds, 700_060);
  });

  test('writes what is no news where it is not known any more what stands: etcd may have been restored', async () => {
    sink.publish(report(1));
    await isWritten(1);
    server.put(REPORTS, { ...stored(), spec: report(0) } as KubeObject);
    await timers.advance(1_000);
    sink.forget();
    sink.publish(report(1));
    await isWritten(1);
  });

  test('what could not be written is written although the one before said the same', async () => {
    sink.publish(report(1));
    await isWritten(1);
    await timers.advance(1_000);
    let refusals = 0;
    const remove = server.addFault((_, response) => {
      server.refuse(response, 500, 'InternalError', 'it may have been stored all the same');
      return ++refusals > 0;
    });
    sink.publish(report(2));
    await until(() => refusals === 1, 'the try');
    remove();
    sink.publish(report(1));
    await until(() => server.requests.length === 3, 'the one after it');
    assert.equal(JSON.parse(server.requests[2]?.body ?? '').spec.appliedGeneration, 1);
  });

  test('does not insist on a report that the API server will never take', async () => {
    const remove = server.addFault((_, response) => {
      server.refuse(response, 422, 'Invalid', 'spec is wrong');
      return true;
    });
    sink.publish(report(1));
    await until(() => server.requests.length === 1, 'the try');
    await timers.advance(60_000);
    assert.equal(server.requests.length, 1);
    remove();
    sink.publish(report(2));
    await isWritten(2);
  });

  describe('close', () => {
    test('writes what is outstanding, without waiting for the second to be over', async () => {
      sink.publish(report(1));
      await isWritten(1);
      sink.publish(report(2));
      const at = timers.now();
      await sink.close();
      assert.equal(stored()?.spec.appliedGeneration, 2);
      assert.equal(timers.now(), at);
      sink.publish(report(3));
      assert.deepEqual(timers.waits, []);
    });

    test('does not wait for the next try of what failed before', async () => {
      const remove = server.addFault((_, response) => {
        server.refuse(response, 500, 'InternalError', 'etcd is away');
        return true;
      });
      sink.publish(report(1));
      await inRealTime(() => server.requests.length === 1 && timers.waits.includes(1_000), 'the wait');
      remove();
      await sink.close();
      assert.equal(stored()?.spec.appliedGeneration, 1);
    });

    test('tries again while there is time, and ends at its deadline', async () => {
      server.addFault((_, response) => {
        server.refuse(response, 500, 'InternalError', 'etcd is away');
        return true;
      });
      sink.publish(report(1));
      await until(() => server.requests.length === 1, 'a try');
      const closedAt = timers.now();
      let isClosed = false;
      void sink.close().then(() => {
        isClosed = true;
      });
      await until(() => isClosed, 'the end');
      assert.ok(timers.now() - closedAt <= 3_100, `${timers.now() - closedAt} ms`);
      assert.ok(server.requests.length > 3, `${server.requests.length} tries`);
      assert.deepEqual(timers.waits, []);
    });

    test('ends a write that gets no answer', async () => {
      server.addFault(() => true);
      sink.publish(report(1));
      await until(() => server.requests.length === 1, 'a try');
      const closing = sink.close();
      await timers.advance(3_000);
      await closing;
    });
  });
});
