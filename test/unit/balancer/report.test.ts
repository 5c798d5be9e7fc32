import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Assessed, buildReport, type ReportInput } from '../../../src/balancer/report.ts';
import { discovered, type HealthRecord } from '../../../src/health/record.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';

function assessed(id: string, health: Partial<HealthRecord> = {}, endpoint: Partial<Endpoint> = {}): Assessed {
  return {
    endpoint: { id, host: id, port: 80, backend: 'stable', portName: 'http', weight: 1, lifecycle: 'Ready', ...endpoint },
    health: { ...discovered(0), ...health },
  };
}

function report(endpoints: readonly Assessed[], changes: Partial<ReportInput> = {}) {
  return buildReport({
    appliedGeneration: 7,
    configError: '',
    endpointsStale: false,
    refused: [],
    backends: ['stable', 'canary'],
    endpoints,
    heartbeat: { servers: 0, responsesPerSecond: 0, intervalMilliseconds: 0, maxDetectionMilliseconds: 0, overMaxInterval: false },
    failOpen: [],
    failovers: [],
    now: 10_000,
    ...changes,
  });
}

test('counts by backend: draining endpoints are not there, suspects count as healthy', () => {
  const { backends } = report([
    assessed('a'),
    assessed('b', { state: 'Suspect' }),
    assessed('c', { state: 'Unhealthy' }),
    assessed('d', {}, { lifecycle: 'Draining' }),
    assessed('e', {}, { backend: 'canary' }),
  ]);
  assert.deepEqual(backends, [
    { name: 'stable', endpoints: 3, healthy: 2 },
    { name: 'canary', endpoints: 1, healthy: 1 },
  ]);
});

test('a backend without endpoints is told, with zeros', () => {
  assert.deepEqual(report([]).backends[1], { name: 'canary', endpoints: 0, healthy: 0 });
});

test('a server with two ports counts once, by the worse of them', () => {
  const { backends } = report([
    assessed('a'),
    assessed('b'),
    assessed('a2', { state: 'Unhealthy' }, { portName: 'grpc' }),
    assessed('b2', {}, { portName: 'grpc' }),
  ]);
  assert.deepEqual(backends[0], { name: 'stable', endpoints: 2, healthy: 1 });
});

test('exceptions: Unhealthy before Suspect, the longest first, with durations instead of times', () => {
  const { unhealthyEndpoints } = report([
    assessed('a', { state: 'Suspect', since: 1_000 }),
    assessed('b', { state: 'Unhealthy', reason: 'HeartbeatTimeout', since: 4_000 }, { podName: 'p', nodeName: 'n' }),
    assessed('c', { state: 'Unhealthy', since: 3_000 }),
    assessed('d'),
  ]);
  assert.deepEqual(
    unhealthyEndpoints.map(({ address }) => address),
    ['c', 'b', 'a'],
  );
  assert.deepEqual(unhealthyEndpoints[1], {
    address: 'b',
    backend: 'stable',
    state: 'Unhealthy',
    reason: 'HeartbeatTimeout',
    forMilliseconds: 6_000,
    podName: 'p',
    nodeName: 'n',
  });
});

test('at most a hundred exceptions, and how many were left out', () => {
  const many = Array.from({ length: 130 }, (_, each) => assessed(`e${each}`, { state: 'Unhealthy' }));
  const { unhealthyEndpoints, unhealthyOmitted } = report(many);
  assert.equal(unhealthyEndpoints.length, 100);
  assert.equal(unhealthyOmitted, 30);
});

test('of endpoints that are refused, twenty are told and the rest are counted', () => {
  const refused = Array.from({ length: 23 }, (_, index) => ({ endpoint: assessed(`10.0.0.${index}:80`).endpoint, why: 'is refused' }));
  const { refusedEndpoints, refusedOmitted } = report([], { refused });
  assert.deepEqual([refusedEndpoints.length, refusedOmitted], [20, 3]);
  assert.deepEqual(refusedEndpoints[0], { address: '10.0.0.0:80', backend: 'stable', message: 'is refused' });
});
