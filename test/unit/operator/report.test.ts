import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BalancerReport } from '../../../src/api/v1alpha1/types.ts';
import { receive } from '../../../src/operator/report.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10, 400);

function report(writtenAt: string | null, spec: Partial<BalancerReport['spec']> = {}): BalancerReport {
  const managedFields = [
    { manager: 'kubectl', time: '2026-01-01T12:00:10Z' },
    ...(writtenAt === null ? [] : [{ manager: 'evenkeel-balancer', time: writtenAt }]),
  ];
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'BalancerReport',
    metadata: { name: 'shop-1', namespace: 'default', creationTimestamp: '2026-01-01T11:00:00Z', managedFields },
    spec: { appliedGeneration: 4, ...spec },
  };
}

const TABLE: Record<string, { writtenAt: string | null; expect: number }> = {
  'it was received as it was written': { writtenAt: '2026-01-01T12:00:10Z', expect: NOW },
  'it was written ten minutes ago': { writtenAt: '2026-01-01T11:50:10Z', expect: Date.UTC(2026, 0, 1, 11, 50, 10, 500) },
  'the API server is ahead of us': { writtenAt: '2026-01-01T12:00:12Z', expect: NOW },
  'nobody noted its last write': { writtenAt: null, expect: Date.UTC(2026, 0, 1, 11, 0, 0, 500) },
};

for (const [sentence, { writtenAt, expect }] of Object.entries(TABLE)) {
  test(`time of a report when ${sentence}`, () => {
    assert.equal(receive(report(writtenAt), NOW).reportedAtMs, expect);
  });
}

test('what a report leaves out is empty', () => {
  const { body } = receive(report(null), NOW);
  assert.equal(body.appliedGeneration, 4);
  assert.deepEqual([body.backends, body.unhealthyEndpoints, body.failovers, body.failOpen], [[], [], [], []]);
  const failover = {
    id: 'a-1',
    address: 'x:1',
    backend: 'b',
    reason: 'HeartbeatTimeout',
    detectionMilliseconds: 1,
    rescued: 0,
    lost: 0,
    agoMilliseconds: 5,
  };
  assert.equal(receive(report(null, { failovers: [failover] }), NOW).body.failovers[0]?.outMilliseconds, null);
});
