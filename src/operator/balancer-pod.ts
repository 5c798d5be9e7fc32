import type { KubeObject } from '../api/meta.ts';
import type { Presence } from '../status/view.ts';

/** A balancer's pod as it is cached. */
export interface BalancerPod extends KubeObject {
  readonly presence: Presence;
}

interface Pod extends KubeObject {
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** Whether there are pods of more than one template. */
export function isMixed(pods: readonly BalancerPod[]): boolean {
  const present = pods.filter(({ presence }) => presence !== 'Gone');
  return new Set(present.map(({ metadata }) => metadata?.labels?.[TEMPLATE_HASH_LABEL])).size > 1;
}

export function toBalancerPod(pod: Pod): BalancerPod {
  const { name, namespace, uid, resourceVersion, labels } = pod.metadata ?? {};
  const kept = Object.fromEntries(
    Object.entries({ name, namespace, uid, resourceVersion, labels }).filter(([, value]) => value !== undefined),
  );
  return {
    ...(pod.apiVersion === undefined ? {} : { apiVersion: pod.apiVersion }),
    ...(pod.kind === undefined ? {} : { kind: pod.kind }),
    metadata: kept,
    presence: presenceOf(pod),
  };
}

function presenceOf(pod: Pod): Presence {
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  if (ended || pod.metadata?.deletionTimestamp !== undefined) return 'Gone';
  const ready = pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
  return ready ? 'Ready' : 'NotReady';
}
