import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { EventInput } from '../../../src/kube/events.ts';
import { NodeEvents } from '../../../src/operator/node-events.ts';
import type { Notice } from '../../../src/status/notices.ts';
import { FakeTimers } from '../../support/fake-timers.ts';

const resource = (i: number): KubeObject => ({
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'LoadBalancedService',
  metadata: { name: `shop-${i}`, namespace: 'default', uid: `uid-${i}` },
});
const failover = (node: string, more: Partial<NonNullable<Notice['toll']>> = {}): Notice => ({
  type: 'Warning',
  reason: 'Failover',
  action: 'TakeOut',
  note: 'one is out of service',
  toll: { node, endpoints: 1, rescued: 2, lost: 0, ...more },
});

describe('Events of a node', () => {
  let timers: FakeTimers;
  let written: EventInput[];
  let events: NodeEvents;
  const told = () => written.map(({ regarding, note }) => `${regarding.kind} ${regarding.metadata?.name}: ${note}`);
  const start = (mayTellOfNodes: boolean): void => {
    timers = new FakeTimers();
    written = [];
    events = new NodeEvents({ recorder: { record: (event) => void written.push(event) }, timers, mayTellOfNodes });
  };

  beforeEach(() => start(true));

  test('one is written at once, on its resource', () => {
    events.record(resource(1), failover('n1'));
    assert.deepEqual(told(), ['LoadBalancedService shop-1: one is out of service']);
  });

  test('300 resources lose a server on one node: ten Events on resources, and one on the node for the rest', async () => {
    for (let i = 0; i < 300; i++) {
      events.record(resource(i), failover('n1'));
      await timers.advance(5);
    }
    assert.equal(written.length, 10);
    await timers.advance(2_000);
    assert.equal(written.length, 11);
    assert.deepEqual(written[10], {
      regarding: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n1' } },
      type: 'Warning',
      reason: 'Failover',
      action: 'TakeOut',
      note: '290 more endpoints on node n1, of 290 LoadBalancedServices, are out of service; of the requests that they held, 580 rescued, 0 lost',
    });
    assert.deepEqual(timers.waits, []);
  });

  test('one resource loses 300 servers there in several steps: they are added up, and the resource is counted once', async () => {
    for (let i = 0; i < 15; i++) events.record(resource(1), failover('n1', { endpoints: 20 }));
    await timers.advance(2_000);
    assert.equal(written.length, 11);
    assert.match(told()[10] ?? '', /^Node n1: 100 more endpoints on node n1, of 1 LoadBalancedService/);
  });

  test('what goes on and on is told every ten seconds', async () => {
    for (let i = 0; i < 250; i++) {
      events.record(resource(i), failover('n1'));
      await timers.advance(100);
    }
    assert.equal(told().filter((line) => line.startsWith('Node')).length, 2);
  });

  test('nodes, and kinds of news, are told apart', () => {
    for (let i = 0; i < 8; i++) {
      events.record(resource(i), failover('n1'));
      events.record(resource(i), failover('n2'));
      events.record(resource(i), { ...failover('n1'), reason: 'Recovered' });
    }
    assert.equal(written.length, 24);
  });

  test('a server that flaps is told on its resource for as long as it does', async () => {
    for (let i = 0; i < 100; i++) {
      events.record(resource(1), failover('n1'));
      await timers.advance(2_000);
    }
    assert.equal(told().filter((line) => line === 'LoadBalancedService shop-1: one is out of service').length, 100);
  });

  test('after a node has died, what comes later is told as it comes again', async () => {
    for (let i = 0; i < 300; i++) events.record(resource(i), failover('n1'));
    await timers.advance(5_000);
    assert.equal(written.length, 11);
    events.record(resource(99), failover('n1'));
    assert.deepEqual(told().at(-1), 'LoadBalancedService shop-99: one is out of service');
  });

  test('what is about no node is written as it is', () => {
    for (let i = 0; i < 20; i++) events.record(resource(i), { type: 'Warning', reason: 'Stalled', action: 'Reconcile', note: 'stalled' });
    assert.equal(written.length, 20);
  });

  test('where nodes are out of reach, the rest stands on the resource that came last', async () => {
    start(false);
    for (let i = 0; i < 30; i++) events.record(resource(i), failover('n1'));
    await timers.advance(2_000);
    assert.match(told().at(-1) ?? '', /^LoadBalancedService shop-29: 20 more endpoints on node n1/);
  });

  test('what was gathered is told at the end', () => {
    for (let i = 0; i < 12; i++) events.record(resource(i), failover('n1'));
    events.flush();
    assert.equal(written.length, 11);
    assert.deepEqual(timers.waits, []);
  });
});
