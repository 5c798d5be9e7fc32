import type { KubeObject, ObjectMeta } from '../../../src/api/meta.ts';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { api } from './api.ts';

/** Objects of the API as far as the tests read them. */
export interface Pod extends KubeObject {
  readonly metadata: ObjectMeta & { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[];
  };
  readonly status: {
    readonly podIP?: string;
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly ready: boolean;
      readonly state?: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

export interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly availableReplicas?: number;
    readonly updatedReplicas?: number;
    readonly replicas?: number;
    readonly observedGeneration?: number;
  };
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly clusterIP: string;
    readonly ports: readonly { readonly port: number }[];
    readonly selector?: Record<string, string>;
  };
}

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[] | null;
}

/** events.k8s.io/v1 */
export interface Event extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly eventTime?: string;
}

export interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly renewTime?: string };
}

/** As stored: with a name and a uid. */
export type StoredResource = LoadBalancedService & {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number };
};

export const paths = {
  resources: (namespace: string) => `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/loadbalancedservices`,
  reports: (namespace: string) => `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/balancerreports`,
  events: (namespace: string) => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  core: (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`,
  deployments: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  slices: (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  lease: (namespace: string, name: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`,
} as const;

/** Pods with these labels that are not being deleted, by name. */
export async function podsOf(namespace: string, labels: Record<string, string>): Promise<Pod[]> {
  const selector = encodeURIComponent(
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  );
  const pods = await api.list<Pod>(`${paths.core(namespace, 'pods')}?labelSelector=${selector}`);
  return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined).sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
