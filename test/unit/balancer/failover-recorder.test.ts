import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailoverRecorder } from '../../../src/balancer/failover-recorder.ts';
import { type Endpoint, endpointKey } from '../../../src/model/endpoint.ts';

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
  recorder.over(shop, 6_000);
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
      removed: false,
      outMilliseconds: 5_000,
    },
  ]);
});

test('requests that failed shortly before, and during the outage, count for it', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.rescued(endpointKey(shop), 900);
  recorder.lost(endpointKey(shop), 950);
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.rescued(endpointKey(shop), 1_001);
  recorder.lost(endpointKey(shop), 1_002);
  const [report] = recorder.reports(1_100);
  assert.deepEqual([report?.rescued, report?.lost], [2, 2]);
});

test('a request that failed long before, or in an outage that is over, does not', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.rescued(endpointKey(shop), 0);
  recorder.out(shop, 'HeartbeatRefused', 100, 60_000);
  recorder.over(shop, 61_000);
  recorder.rescued(endpointKey(shop), 62_000);
  assert.equal(recorder.reports(63_000)[0]?.rescued, 0);
  recorder.out(shop, 'HeartbeatRefused', 100, 64_000);
  assert.equal(recorder.reports(65_000)[0]?.rescued, 1);
});

test('the newest come first: twenty, and of the last minute up to a hundred', () => {
  const recorder = new FailoverRecorder('ab');
  for (let port = 1; port <= 25; port++) recorder.out(endpoint(port), 'HeartbeatTimeout', 1, port);
  assert.equal(recorder.reports(60_001).length, 25);
  assert.equal(recorder.reports(60_004).length, 22);
  const reports = recorder.reports(70_000);
  assert.equal(reports.length, 20);
  assert.equal(reports[0]?.address, '10.0.0.1:25');
  assert.equal(recorder.count, 25);
  for (let port = 1; port <= 300; port++) recorder.out(endpoint(1_000 + port), 'HeartbeatTimeout', 1, 80_000);
  assert.equal(recorder.reports(80_000).length, 100);
});

test('an endpoint that is out is not put out twice', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatTimeout', 1, 1);
  recorder.out(shop, 'HeartbeatTimeout', 1, 2);
  assert.equal(recorder.count, 1);
});

test('an endpoint that leaves while it is out has not recovered', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.removed(shop);
  assert.deepEqual([recorder.reports(2_000)[0]?.removed, recorder.reports(2_000)[0]?.outMilliseconds], [true, null]);
  recorder.over(shop, 3_000);
  assert.equal(recorder.reports(4_000)[0]?.outMilliseconds, null);
});

test('it is back when the same server is listed again, and not when another one is at its address', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.removed(shop);
  recorder.listed({ ...shop, podName: 'stable-2' }, 2_000);
  assert.equal(recorder.reports(3_000)[0]?.removed, true);
  recorder.listed(shop, 4_000);
  assert.deepEqual([recorder.reports(5_000)[0]?.removed, recorder.reports(5_000)[0]?.outMilliseconds], [false, 3_000]);
});

test('an endpoint that leaves and was not out, or comes for the first time, changes nothing', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.over(shop, 2_000);
  recorder.removed(shop);
  recorder.listed(shop, 5_000);
  recorder.listed(endpoint(2), 5_000);
  assert.deepEqual([recorder.reports(6_000)[0]?.removed, recorder.reports(6_000)[0]?.outMilliseconds], [false, 1_000]);
});

test('a request that it held and that is settled after it has left counts for its outage', () => {
  const recorder = new FailoverRecorder('ab');
  recorder.out(shop, 'HeartbeatRefused', 100, 1_000);
  recorder.removed(shop);
  recorder.rescued(endpointKey(shop), 3_000);
  assert.equal(recorder.reports(4_000)[0]?.rescued, 1);
  recorder.out({ ...shop, podName: 'stable-2' }, 'HeartbeatRefused', 100, 5_000);
  assert.deepEqual(
    recorder.reports(6_000).map(({ rescued }) => rescued),
    [0, 1],
  );
});

test('two ports that lead to one address have an outage each, and neither ends the other', () => {
  const recorder = new FailoverRecorder('ab');
  const admin = { ...shop, portName: 'admin' };
  recorder.rescued(endpointKey(admin), 950);
  recorder.out(shop, 'TrafficFailed', 100, 1_000);
  recorder.out(admin, 'HeartbeatTimeout', 200, 1_100);
  recorder.over(shop, 2_000);
  recorder.lost(endpointKey(admin), 2_100);
  recorder.removed(shop);
  const [second, first] = recorder.reports(3_000);
  assert.deepEqual([first?.outMilliseconds, first?.rescued, first?.lost], [1_000, 0, 0]);
  assert.deepEqual([second?.outMilliseconds, second?.rescued, second?.lost, second?.removed], [null, 1, 1, false]);
});
