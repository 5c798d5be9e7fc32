import type { KubeObject } from '../api/meta.ts';

/** A resource of the API: what its paths and its objects' TypeMeta are made of. */
export interface ResourceRef {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Which object; `namespace` only for namespaced resources. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

const namespaced = (group: string, version: string, kind: string, plural: string): ResourceRef => ({
  group,
  version,
  kind,
  plural,
  namespaced: true,
});
const clusterWide = (group: string, version: string, kind: string, plural: string): ResourceRef => ({
  group,
  version,
  kind,
  plural,
  namespaced: false,
});

/** The resources that this program reads or writes. */
export const Resources = {
  ConfigMap: namespaced('', 'v1', 'ConfigMap', 'configmaps'),
  Namespace: clusterWide('', 'v1', 'Namespace', 'namespaces'),
  Node: clusterWide('', 'v1', 'Node', 'nodes'),
  Pod: namespaced('', 'v1', 'Pod', 'pods'),
  Service: namespaced('', 'v1', 'Service', 'services'),
  ServiceAccount: namespaced('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  Deployment: namespaced('apps', 'v1', 'Deployment', 'deployments'),
  ReplicaSet: namespaced('apps', 'v1', 'ReplicaSet', 'replicasets'),
  Lease: namespaced('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  EndpointSlice: namespaced('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  Event: namespaced('events.k8s.io', 'v1', 'Event', 'events'),
  NetworkPolicy: namespaced('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  PodDisruptionBudget: namespaced('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  Role: namespaced('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  RoleBinding: namespaced('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  CustomResourceDefinition: clusterWide('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions'),
  LoadBalancedService: namespaced('evenkeel.dev', 'v1alpha1', 'LoadBalancedService', 'loadbalancedservices'),
  BalancerReport: namespaced('evenkeel.dev', 'v1alpha1', 'BalancerReport', 'balancerreports'),
} as const satisfies Record<string, ResourceRef>;

const byTypeMeta = new Map<string, ResourceRef>(Object.values(Resources).map((ref) => [`${apiVersionOf(ref)}/${ref.kind}`, ref]));

export function apiVersionOf(ref: ResourceRef): string {
  return ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;
}

/** The resource that an object with its apiVersion and kind belongs to. Throws a TypeError for one that is not in the table. */
export function resourceOf(object: KubeObject): ResourceRef {
  const ref = byTypeMeta.get(`${object.apiVersion}/${object.kind}`);
  if (ref === undefined) throw new TypeError(`no resource is known for apiVersion ${object.apiVersion}, kind ${object.kind}`);
  return ref;
}

/** Path of a collection; of a namespaced resource without a namespace: of all namespaces. */
export function collectionPath(ref: ResourceRef, namespace?: string): string {
  const root = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  const scope = ref.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${ref.plural}`;
}

export function objectPath(ref: ResourceRef, object: ObjectName, subresource?: string): string {
  if (ref.namespaced && !object.namespace) throw new TypeError(`${ref.plural} "${object.name}" needs a namespace`);
  const path = `${collectionPath(ref, object.namespace)}/${encodeURIComponent(object.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** For messages: `endpointslices.discovery.k8s.io "shop-x2x" in namespace "default"`. */
export function describe(
  ref: ResourceRef,
  object: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const resource = ref.group === '' ? ref.plural : `${ref.plural}.${ref.group}`;
  const name = object.name ? ` "${object.name}"` : '';
  if (!ref.namespaced) return resource + name;
  return `${resource}${name}${object.namespace ? ` in namespace "${object.namespace}"` : ' in all namespaces'}`;
}

/** Key of an object in a store or a queue: `namespace/name`, or the name alone where there is no namespace. */
export function keyOf(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
