import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailoverRecorder } from '../../../src/balancer/failover-recorder.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';

function endpoint(port: number): Endpoint {
  return {
    id: `10.0.0.1:${port}`,
    host: '10.0.0.1',
    port,
    backend: 'stable',
    portName: 'http',
    weight: 1,
    lifecycle: 'Ready',
    podName: 'stable-1',
  };
}
const shop = endpoint(1);

test('an outage is told with its reason, its detection time, and how long it lasted', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatTimeout', 412.6, 1_000);
  assert.equal(recorder.reports(1_500)[0]?.outMilliseconds, null);
  recorder.over(shop.id, 6_000);
  assert.deepEqual(recorder.reports(9_000), [
    {
      id: 'ab-1',
      address: '10.0.0.1:1',
      backend: 'stable',
      podName: 'stable-1',
      reason: 'HeartbeatTimeout',
      detectionMilliseconds: 413,
      rescued: 0,
      lost: 0,
      agoMilliseconds: 8_000,
      outMilliseconds: 5_000,
    },
  ]);
});

test('requests that failed shortly before, and during the outage, count for it', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.rescued(shop.id, 900);
  recorder.lost(shop.id, 950);
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.rescued(shop.id, 1_001);
  recorder.lost(shop.id, 1_002);
  const [report] = recorder.reports(1_100);
  assert.deepEqual([report?.rescued, report?.lost], [2, 2]);
});

test('a request that failed long before, or in an outage that is over, does not', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.rescued(shop.id, 0);
  recorder.out(shop, 'HeartbeatRefused', 100, 60_000);
  recorder.over(shop.id, 61_000);
  recorder.rescued(shop.id, 62_000);
  assert.equal(recorder.reports(63_000)[0]?.rescued, 0);
  recorder.out(shop, 'HeartbeatRefused', 100, 64_000);
  assert.equal(recorder.reports(65_000)[0]?.rescued, 1);
});

test('the newest come first, and no more than twenty are kept', () => {
  const recorder = new FailoverRecorder('ab');
  for (let port = 1; port <= 25; port++) recorder.out(endpoint(port), 'HeartbeatTimeout', 1, port);
  const reports = recorder.reports(100);
  assert.equal(reports.length, 20);
  assert.equal(reports[0]?.address, '10.0.0.1:25');
  assert.equal(recorder.count, 25);
});

test('an endpoint that is out is not put out twice', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatTimeout', 1, 1);
  recorder.out(shop, 'HeartbeatTimeout', 1, 2);
  assert.equal(recorder.count, 1);
});
