import type { KubeObject } from '../api/meta.ts';
import type { Problem, Workload } from './input.ts';

/** A Deployment (apps/v1), as far as it tells how its pods are. */
export interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** A workload whose Deployment is not there yet. */
export function absentWorkload(desired: number): Workload {
  return { desired, ready: 0, upToDate: false, rollingOut: null, failed: null };
}

export function workloadOf(deployment: DeploymentObject): Workload {
  const { status = {} } = deployment;
  const desired = deployment.spec?.replicas ?? 1;
  const seen = (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0);
  const updated = status.updatedReplicas ?? 0;
  const onlyUpdated = (status.replicas ?? 0) <= updated;
  return {
    desired,
    ready: status.readyReplicas ?? 0,
    upToDate: seen && updated >= desired && onlyUpdated && (status.availableReplicas ?? 0) >= desired,
    rollingOut: isRollingOut(deployment, seen) ? `Deployment ${deployment.metadata?.name} is rolling out` : null,
    failed: seen ? failureOf(deployment) : null,
  };
}

/** The Deployment's own word on its rollout: it stays "available" when a pod fails, or is added, after the rollout was complete. */
function isRollingOut(deployment: DeploymentObject, seen: boolean): boolean {
  const progressing = condition(deployment, 'Progressing');
  return !seen || (progressing?.status !== 'False' && progressing?.reason !== 'NewReplicaSetAvailable');
}

function failureOf(deployment: DeploymentObject): Problem | null {
  const refused = condition(deployment, 'ReplicaFailure');
  const late = condition(deployment, 'Progressing');
  const words = (text: string | undefined): string => `Deployment ${deployment.metadata?.name}: ${text ?? ''}`;
  if (refused?.status === 'True') return { reason: refused.reason ?? 'ReplicaFailure', message: words(refused.message) };
  if (late?.status === 'False') return { reason: late.reason ?? 'ProgressDeadlineExceeded', message: words(late.message) };
  return null;
}

function condition(deployment: DeploymentObject, type: string) {
  return deployment.status?.conditions?.find((each) => each.type === type);
}
