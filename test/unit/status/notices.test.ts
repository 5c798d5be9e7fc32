import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailoverReport } from '../../../src/model/report.ts';
import type { StatusInput } from '../../../src/status/input.ts';
import { notices } from '../../../src/status/notices.ts';
import { buildStatus } from '../../../src/status/status.ts';
import type { Status } from '../../../src/status/types.ts';
import { failover, input, START, view, workload } from './fixtures.ts';

function told(given: Partial<StatusInput>, previous?: Status) {
  const { status, failovers } = buildStatus(input({ ...given, ...(previous === undefined ? {} : { previous }) }));
  return { status, lines: notices(previous, status, failovers).map(({ type, reason, note }) => `${type} ${reason}: ${note}`), failovers };
}

const reportingAt = (nowMs: number, ...failovers: FailoverReport[]) => ({
  views: [view('a', { failovers }, { reportedAtMs: nowMs })],
  nowMs,
});
const reporting = (...failovers: FailoverReport[]) => reportingAt(START, ...failovers);
const pod = { podName: 'shop-1', nodeName: 'n3', rescued: 3, lost: 1, detectionMilliseconds: 412.4 };

test('a failover and its recovery are told with endpoint, reason, detection and requests', () => {
  const first = told(reporting(failover('a-1', 0, null, pod)));
  assert.deepEqual(first.lines, [
    'Warning Failover: 10.0.0.1:8080 (backend stable, pod shop-1, node n3) is out of service: HeartbeatTimeout, seen after 412 ms; of the requests that it held, 3 rescued, 1 lost',
  ]);
  const second = told(reportingAt(START + 5000, failover('a-1', 5000, 5000, pod)), first.status);
  assert.deepEqual(second.lines, [
    'Normal Recovered: 10.0.0.1:8080 (backend stable, pod shop-1, node n3) is back in service after 5 s; of the requests that it held, 3 rescued, 1 lost',
  ]);
  assert.deepEqual(told(reporting(failover('a-1', 9000, 5000, pod)), second.status).lines, []);
});

test('failovers of one node at a time are told as one, those of others by themselves', () => {
  const at = (n: number, nodeName: string) =>
    failover(`a-${n}`, 0, null, { address: `10.0.0.${n}:8080`, nodeName, rescued: 1, detectionMilliseconds: n });
  const { lines } = told(reporting(at(1, 'n1'), at(2, 'n1'), at(3, 'n1'), at(4, 'n2')));
  assert.equal(lines.length, 2);
  assert.ok(
    lines[0]?.startsWith(
      'Warning Failover: 3 endpoints on node n1 are out of service, the last of them seen after 3 ms; of the requests that they held, 3 rescued',
    ),
  );
  assert.ok(lines[1]?.includes('10.0.0.4:8080'));
});

test('a condition that first is as it should be is no news; one that changes is', () => {
  const well = told({});
  assert.deepEqual(well.lines, []);
  const open = told({ views: [view('a', { failOpen: ['http'], backends: [{ name: 'stable', endpoints: 3, healthy: 0 }] })] }, well.status);
  assert.deepEqual(open.lines, ['Warning FailOpen: no healthy endpoint is left for port http, so all of them are tried']);
  assert.deepEqual(told({}, open.status).lines, ['Normal FailOpenEnded: requests go to endpoints that answer']);
  const stalled = told(
    { servers: new Map([['stable', workload(3, { failed: { reason: 'Invalid', message: 'no such image' } })]]) },
    well.status,
  );
  assert.deepEqual(stalled.lines, ['Warning Stalled: no such image']);
});

test('an endpoint that leaves while it is out is told to have left, not to be back; when it comes back, that is told', () => {
  const first = told(reporting(failover('a-1', 0, null, pod)));
  const left = told(reportingAt(START + 2000, failover('a-1', 2000, null, { ...pod, removed: true })), first.status);
  assert.deepEqual(left.lines, [
    'Normal Removed: 10.0.0.1:8080 (backend stable, pod shop-1, node n3) has left without having recovered, as a pod does that is no longer ready; of the requests that it held, 3 rescued, 1 lost',
  ]);
  assert.deepEqual(
    [left.status.recentFailovers?.[0]?.recoveryTime, left.status.recentFailovers?.[0]?.removedTime],
    [undefined, '2026-01-01T00:00:02Z'],
  );
  assert.deepEqual(told(reportingAt(START + 3000, failover('a-1', 3000, null, { ...pod, removed: true })), left.status).lines, []);
  const back = told(reportingAt(START + 9000, failover('a-1', 9000, 8000, pod)), left.status);
  assert.deepEqual(back.lines, [
    'Normal Recovered: 10.0.0.1:8080 (backend stable, pod shop-1, node n3) is back in service after 8 s; of the requests that it held, 3 rescued, 1 lost',
  ]);
  assert.equal(back.status.recentFailovers?.[0]?.removedTime, undefined);
  // Balancers that are new know nothing of it: that is no recovery either.
  assert.deepEqual(told({ views: [view('b')], nowMs: START + 9000 }, left.status).lines, []);
});
