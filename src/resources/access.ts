import { API_VERSION, balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

const [API_GROUP] = API_VERSION.split('/');
const RBAC = 'rbac.authorization.k8s.io';

/** Whom the balancer's pods are. The admission policy for reports knows them by this name. */
export function buildServiceAccount(resource: LoadBalancedService): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: balancerMetadata(resource) };
}

/**
 * All that a balancer may do: follow the EndpointSlices of its namespace, read its own configuration, write reports (an admission
 * policy sees to it that it writes its own only). A right to list or watch that is limited by name holds for requests with the field
 * selector `metadata.name`.
 */
export function buildRole(resource: LoadBalancedService): Manifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: balancerMetadata(resource),
    rules: [
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [balancerName(resourceName(resource))],
        verbs: ['get', 'list', 'watch'],
      },
      { apiGroups: [API_GROUP], resources: ['balancerreports'], verbs: ['create', 'patch'] },
    ],
  };
}

export function buildRoleBinding(resource: LoadBalancedService): Manifest {
  const metadata = balancerMetadata(resource);
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: metadata.name, namespace: metadata.namespace }],
  };
}

function balancerMetadata(resource: LoadBalancedService): Manifest['metadata'] {
  return ownedMetadata(resource, balancerName(resourceName(resource)), 'balancer');
}
