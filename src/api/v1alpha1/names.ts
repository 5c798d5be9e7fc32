import type { LoadBalancedService } from './types.ts';

/**
 * Names of the objects that are made for a resource. Names of resources, backends and clients' Services never hold two hyphens in a
 * row (the CRD sees to it), so `<resource>--<part>` splits in one way only: `shop` with backend `a-b` gives `shop--a-b`, `shop-a` with
 * `b` gives `shop-a--b`, and no clients' Service can have a name of that form. No backend is called `balancer`, so that is the
 * balancer's. A resource has at most 53 characters, resource and backend 61 together: nothing made here is over 63.
 */
const SEPARATOR = '--';

export const BALANCER = 'balancer';

/** Of the balancer's Deployment, ConfigMap, ServiceAccount, Role, RoleBinding, PodDisruptionBudget and NetworkPolicy. */
export function balancerName(resource: string): string {
  return resource + SEPARATOR + BALANCER;
}

/** Of the Deployment and the headless Service of a backend of type Deployment. */
export function backendName(resource: string, backend: string): string {
  return resource + SEPARATOR + backend;
}

/** Of the Service that clients use. */
export function clientServiceName(resource: LoadBalancedService): string {
  return resource.spec.service?.name ?? resourceName(resource);
}

/** `metadata.name`, which every resource that was validated has. */
export function resourceName(resource: LoadBalancedService): string {
  return resource.metadata.name ?? '';
}

/** The balancer's own port for /healthz, /readyz and /metrics. */
export const BALANCER_ADMIN_PORT = 9902;

/** Where a balancer's pod finds the Secrets that its resource refers to, each in a directory of its name. */
export const SECRETS_DIRECTORY = '/etc/evenkeel/secrets';

export const OPERATOR_FIELD_MANAGER = 'evenkeel';
export const BALANCER_FIELD_MANAGER = 'evenkeel-balancer';

export const API_VERSION = 'evenkeel.dev/v1alpha1';
export const KIND = 'LoadBalancedService';
export const REPORT_KIND = 'BalancerReport';
