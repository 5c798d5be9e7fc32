import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeploymentObject, workloadOf } from '../../../src/status/workload.ts';

type Status = NonNullable<DeploymentObject['status']>;
const COMPLETE = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
const ROLLING = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' };
const LATE = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'has timed out progressing' };
const REFUSED = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' };

function deployment(status: Partial<Status>, generation = 2): DeploymentObject {
  const rest = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, conditions: [COMPLETE] };
  return { metadata: { name: 'shop--stable', generation }, spec: { replicas: 3 }, status: { ...rest, ...status } };
}

const TABLE: Record<string, { given: DeploymentObject; ready?: number; upToDate: boolean; rollingOut: boolean; failed?: string }> = {
  'all pods run what is wanted': { given: deployment({}), upToDate: true, rollingOut: false },
  'a new template was not seen yet by its controller': { given: deployment({}, 3), upToDate: false, rollingOut: true },
  'a new template is rolling out': {
    given: deployment({ replicas: 4, updatedReplicas: 2, conditions: [ROLLING] }),
    upToDate: false,
    rollingOut: true,
  },
  'a pod fails after the rollout': {
    given: deployment({ readyReplicas: 2, availableReplicas: 2 }),
    ready: 2,
    upToDate: false,
    rollingOut: false,
  },
  'it is being scaled up': {
    given: deployment({ replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 }),
    ready: 2,
    upToDate: false,
    rollingOut: false,
  },
  'the rollout takes too long': {
    given: deployment({ updatedReplicas: 1, conditions: [LATE] }),
    upToDate: false,
    rollingOut: false,
    failed: 'ProgressDeadlineExceeded: Deployment shop--stable: has timed out progressing',
  },
  'a quota refuses its pods': {
    given: deployment({ updatedReplicas: 1, conditions: [ROLLING, REFUSED] }),
    upToDate: false,
    rollingOut: true,
    failed: 'FailedCreate: Deployment shop--stable: exceeded quota',
  },
  'it was just made': {
    given: { metadata: { name: 'shop--stable', generation: 1 }, spec: { replicas: 3 } },
    ready: 0,
    upToDate: false,
    rollingOut: true,
  },
};

for (const [sentence, { given, ready = 3, upToDate, rollingOut, failed }] of Object.entries(TABLE)) {
  test(`a Deployment when ${sentence}`, () => {
    const workload = workloadOf(given);
    assert.deepEqual([workload.desired, workload.ready, workload.upToDate, workload.rollingOut !== null], [3, ready, upToDate, rollingOut]);
    assert.equal(workload.failed === null ? undefined : `${workload.failed.reason}: ${workload.failed.message}`, failed);
  });
}
