import type { KubeObject } from '../../src/api/meta.ts';

/** A pod as the harness keeps it: with twelve thousand of them, whole ones would be too much. */
export interface Pod extends KubeObject {
  readonly node: string | undefined;
  readonly ip: string | undefined;
  readonly ready: boolean;
}

interface WholePod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly podIP?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export function toPod(object: KubeObject): Pod {
  const { apiVersion = 'v1', kind = 'Pod', metadata = {}, spec, status } = object as WholePod;
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp } = metadata;
  const kept = Object.fromEntries(
    Object.entries({ name, namespace, uid, resourceVersion, labels, deletionTimestamp }).filter(([, value]) => value !== undefined),
  );
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  return { apiVersion, kind, metadata: kept, node: spec?.nodeName, ip: status?.podIP, ready };
}

/** `namespace/name` of the resource that a pod was made for. */
export function resourceOfPod({ metadata }: KubeObject): string {
  return `${metadata?.namespace}/${metadata?.labels?.['evenkeel.dev/service'] ?? ''}`;
}

export function isBalancer({ metadata }: KubeObject): boolean {
  return metadata?.labels?.['evenkeel.dev/component'] === 'balancer';
}
