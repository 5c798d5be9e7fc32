import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { type StatusFacts, StatusKeeper } from '../../../src/local/status-keeper.ts';
import type { BalancerReportBody } from '../../../src/model/report.ts';
import type { Status } from '../../../src/status/types.ts';
import { failoverReport, reportBody } from '../../support/reports.ts';

const RESOURCE: LoadBalancedService = {
  apiVersion: 'evenkeel.dev/v1alpha1',
  kind: 'LoadBalancedService',
  metadata: { name: 'shop', generation: 1 },
  spec: { ports: [{ name: 'http', port: 80 }], backends: [{ name: 'fixed', type: 'Addresses', addresses: [{ host: '::1', port: 1 }] }] },
};

const report = (changes: Partial<BalancerReportBody> = {}) =>
  reportBody({ backends: [{ name: 'fixed', endpoints: 1, healthy: 1 }], ...changes });

const OUT = failoverReport({
  id: 'a-1',
  address: '[::1]:1',
  backend: 'fixed',
  detectionMilliseconds: 480,
  rescued: 2,
  lost: 1,
  agoMilliseconds: 100,
});

function keeper(facts: Partial<StatusFacts> = {}) {
  const told: { status: Status; notes: string[] }[] = [];
  const made = new StatusKeeper({
    facts: () => ({ resource: RESOURCE, workloads: new Map(), serving: true, stalled: null, ...facts }),
    onChange: (status, notices) => told.push({ status, notes: notices.map(({ reason, note }) => `${reason}: ${note}`) }),
    now: () => Date.UTC(2026, 0, 1),
  });
  return { made, told };
}

describe('StatusKeeper', () => {
  test('a report becomes the status that it would be in a cluster', async () => {
    const { made, told } = keeper();
    made.publish(report());
    assert.equal(told.length, 1);
    assert.deepEqual(made.status?.summary, { endpoints: '1/1', balancers: '1/1', strategy: 'RoundRobin' });
    assert.equal(made.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
    await made.close();
  });

  test('the same again is not told again', async () => {
    const { made, told } = keeper();
    made.publish(report());
    made.publish(report());
    made.refresh();
    assert.equal(told.length, 1);
    await made.close();
  });

  test('a failover is told once, and stays counted', async () => {
    const { made, told } = keeper();
    made.publish(report());
    made.publish(report({ failovers: [OUT] }));
    made.publish(report({ failovers: [{ ...OUT, rescued: 3 }] }));
    const notes = told.flatMap((each) => each.notes);
    assert.equal(notes.length, 1);
    assert.match(
      notes[0] ?? '',
      /^Failover: \[::1\]:1 .*HeartbeatTimeout, seen after 480 ms; of the requests that it held, 2 rescued, 1 lost$/,
    );
    assert.equal(made.status?.failovers, 1);
    assert.equal(made.status?.recentFailovers?.[0]?.rescued, 3);
    await made.close();
  });

  test('without a balancer that listens nothing is ready', async () => {
    const { made } = keeper({ serving: false });
    made.publish(report());
    assert.equal(made.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'False');
    await made.close();
  });

  test('a change of the file that failed is a stall', async () => {
    const { made } = keeper({ stalled: { reason: 'UpdateFailed', message: 'there is no program srve' } });
    made.publish(report());
    assert.equal(made.status?.conditions?.find(({ type }) => type === 'Stalled')?.message, 'there is no program srve');
    await made.close();
  });

  test('after the end nothing is told', async () => {
    const { made, told } = keeper();
    await made.close();
    made.publish(report());
    assert.deepEqual(told, []);
  });
});
