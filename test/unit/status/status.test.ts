import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../../src/api/v1alpha1/types.ts';
import { MAX_UNHEALTHY } from '../../../src/status/endpoints.ts';
import type { StatusInput } from '../../../src/status/input.ts';
import { buildStatus } from '../../../src/status/status.ts';
import { failover, input, resource, START, unhealthy, view, workload } from './fixtures.ts';

const statusOf = (given: Partial<StatusInput>) => buildStatus(input(given)).status;

test('the same input gives the same status, and what was written gives it again', () => {
  const given = { views: [view('a', { unhealthyEndpoints: [unhealthy('10.0.0.1:8080', 1234)], failovers: [failover('a-1', 900, null)] })] };
  const first = statusOf(given);
  assert.deepEqual(statusOf(given), first);
  // The same reports, read half a second later, after a restart: their durations now point to other moments.
  const again = statusOf({
    ...given,
    views: given.views.map((each) => ({ ...each, reportedAtMs: START + 500 })),
    nowMs: START + 5000,
    previous: first,
  });
  assert.deepEqual(again, first);
});

test('counts of a resource at rest', () => {
  const status = statusOf({});
  assert.deepEqual(status.summary, { endpoints: '3/3', balancers: '2/2', strategy: 'RoundRobin' });
  assert.deepEqual(status.backends, [{ name: 'stable', desired: 3, ready: 3, healthy: 3 }]);
  assert.deepEqual(status.balancers, [
    { name: 'a', appliedGeneration: 1 },
    { name: 'b', appliedGeneration: 1 },
  ]);
});

test('T = N / R follows servers as they come, in the writes that count them', () => {
  const { heartbeat } = view('a').body;
  const come = (servers: number) => ({
    views: [view('a', { backends: [{ name: 'stable', endpoints: servers, healthy: servers }], heartbeat: { ...heartbeat, servers } })],
    servers: new Map([['stable', workload(3, { ready: servers })]]),
    heartbeatWrittenAtMs: START - 1,
  });
  const first = statusOf(come(1));
  assert.deepEqual([first.summary?.endpoints, first.heartbeat?.servers], ['1/3', 1]);
  const all = statusOf({ ...come(3), previous: first });
  assert.deepEqual([all.summary?.endpoints, all.heartbeat?.servers], ['3/3', 3]);
});

test('an endpoint counts as healthy only where every balancer holds it for healthy', () => {
  const out = (address: string) => ({ backends: [{ name: 'stable', endpoints: 3, healthy: 2 }], unhealthyEndpoints: [unhealthy(address)] });
  const status = statusOf({ views: [view('a', out('10.0.0.1:8080')), view('b', out('10.0.0.2:8080'))] });
  assert.equal(status.summary?.endpoints, '1/3');
  assert.equal(status.backends?.[0]?.healthy, 1);
});

test('a server whose pod is gone is missing from the healthy ones of those wanted', () => {
  const status = statusOf({
    views: [view('a', { backends: [{ name: 'stable', endpoints: 2, healthy: 2 }] })],
    servers: new Map([['stable', workload(3, { ready: 2 })]]),
  });
  assert.equal(status.summary?.endpoints, '2/3');
});

test('servers of two ports are two endpoints each, and one server each', () => {
  const backend: Backend = {
    name: 'stable',
    type: 'Deployment',
    ports: [
      { name: 'http', port: 8080 },
      { name: 'admin', port: 8081 },
    ],
    deployment: { replicas: 3, template: {} },
  };
  const views = [view('a', { backends: [{ name: 'stable', endpoints: 6, healthy: 5 }] })];
  const status = statusOf({ resource: resource({ backends: [backend] }), views });
  assert.equal(status.summary?.endpoints, '5/6');
  assert.deepEqual(status.backends, [{ name: 'stable', desired: 3, ready: 3, healthy: 2 }]);
});

test('addresses are given, so all of them are wanted and ready', () => {
  const backend: Backend = {
    name: 'fixed',
    type: 'Addresses',
    addresses: [
      { host: '10.0.0.7', port: 80 },
      { host: '10.0.0.8', port: 80 },
    ],
  };
  const views = [view('a', { backends: [{ name: 'fixed', endpoints: 2, healthy: 1 }] })];
  const status = statusOf({ resource: resource({ backends: [backend] }), servers: new Map(), views });
  assert.deepEqual(status.backends, [{ name: 'fixed', desired: 2, ready: 2, healthy: 1 }]);
});

test('an endpoint that is out is listed with how many of how many balancers say so, and since when', () => {
  const pod = { podName: 'shop-1', nodeName: 'n3' };
  const first = statusOf({ views: [view('a', { unhealthyEndpoints: [unhealthy('10.0.0.1:8080', 2500, pod)] }), view('b')] });
  assert.deepEqual(first.unhealthyEndpoints, [
    {
      address: '10.0.0.1:8080',
      backend: 'stable',
      ...pod,
      state: 'Unhealthy',
      reason: 'HeartbeatTimeout',
      lastTransitionTime: '2025-12-31T23:59:57Z',
      unhealthyBalancers: 1,
      totalBalancers: 2,
    },
  ]);
});

test('more endpoints than the list takes are counted', () => {
  const many = Array.from({ length: 100 }, (_, n) => unhealthy(`10.0.0.${n}:8080`));
  const both = unhealthy('10.0.0.77:8080');
  const status = statusOf({
    views: [view('a', { unhealthyEndpoints: many, unhealthyOmitted: 50 }), view('b', { unhealthyEndpoints: [both] })],
  });
  assert.equal(status.unhealthyEndpoints?.length, MAX_UNHEALTHY);
  assert.equal(status.unhealthyOmitted, 118);
  assert.equal(status.unhealthyEndpoints?.[0]?.address, both.address);
});

test('while suspended, balancers count that have what they were last given', () => {
  const status = statusOf({ resource: resource({ suspend: true }, 2), configGeneration: 1 });
  assert.equal(status.summary?.balancers, '2/2');
});

test('a balancer that is behind, or out of service, is missing from the balancers', () => {
  assert.equal(statusOf({ views: [view('a'), view('b', { appliedGeneration: 0 })] }).summary?.balancers, '1/2');
  assert.equal(statusOf({ views: [view('a'), view('b', {}, { presence: 'NotReady' })] }).summary?.balancers, '1/2');
});

test('the time of the last failover outlives the list of recent ones', () => {
  const previous = { failovers: 4, lastFailoverTime: '2025-06-01T00:00:00Z' };
  assert.equal(statusOf({ previous }).lastFailoverTime, '2025-06-01T00:00:00Z');
  const next = statusOf({ previous, views: [view('a', { failovers: [failover('a-1', 0, null)] })] });
  assert.equal(next.lastFailoverTime, '2026-01-01T00:00:00Z');
  assert.equal(next.failovers, 5);
});
