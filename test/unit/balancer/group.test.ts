import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { test } from 'node:test';
import { Group } from '../../../src/balancer/group.ts';
import { discovered } from '../../../src/health/record.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { Upstream } from '../../../src/proxy/upstream.ts';

const SERVERS = 1_000;

/** Counts how often somebody asks whether it may be chosen. */
class Counted extends Upstream {
  static looks = 0;

  override get lifecycle(): 'Ready' | 'Draining' {
    Counted.looks++;
    return super.lifecycle;
  }
}

const endpoint = (i: number): Endpoint => ({
  id: `10.0.${i >> 8}.${i & 255}:80`,
  host: `10.0.${i >> 8}.${i & 255}`,
  port: 80,
  backend: 'a',
  portName: 'http',
  weight: 1,
  lifecycle: 'Ready',
});

test('300 of a thousand servers that fail before a request asks cost no more than one look at each, and the request gets one of the others', () => {
  const rules = { strategy: 'RoundRobin', weights: new Map(), maxEjectedPercent: 50, routes: null } as const;
  const group = new Group('http', rules, () => 0);
  const upstreams = Array.from(
    { length: SERVERS },
    (_, i) => new Counted(endpoint(i), 0, () => ({ tls: null, proxyProtocol: null, protocol: 'HTTP1', lookup })),
  );
  group.setUpstreams(upstreams);
  group.choose();
  Counted.looks = 0;
  for (const upstream of upstreams.slice(0, 300)) {
    upstream.health = { ...discovered(0), state: 'Unhealthy', reason: 'HeartbeatTimeout' };
    group.choose();
  }
  assert.equal(Counted.looks, 0);
  const picked = new Set(Array.from({ length: SERVERS }, () => group.picker.pick()));
  assert.equal(picked.size, 700);
  assert.ok([...picked].every((upstream) => upstream !== null && upstreams.indexOf(upstream as Counted) >= 300));
  assert.equal(Counted.looks, SERVERS);
});
