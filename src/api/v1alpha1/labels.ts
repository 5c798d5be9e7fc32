export const SERVICE_LABEL = 'evenkeel.dev/service';
export const BACKEND_LABEL = 'evenkeel.dev/backend';
export const COMPONENT_LABEL = 'evenkeel.dev/component';

export type Component = 'balancer' | 'backend';
export type Labels = Record<string, string>;

/** Of every object that is made for a resource; `backend`: only those of one backend. */
export function objectLabels(resource: string, component: Component, backend?: string): Labels {
  return {
    'app.kubernetes.io/name': resource,
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/managed-by': 'evenkeel',
    ...ownLabels(resource, component, backend),
  };
}

/** What selects the balancer's pods. A Deployment's selector cannot change, so neither may this. */
export function balancerSelector(resource: string): Labels {
  return { [SERVICE_LABEL]: resource, [COMPONENT_LABEL]: 'balancer' };
}

/** What selects the pods of one backend of type Deployment. A Deployment's selector cannot change, so neither may this. */
export function backendSelector(resource: string, backend: string): Labels {
  return { [SERVICE_LABEL]: resource, [COMPONENT_LABEL]: 'backend', [BACKEND_LABEL]: backend };
}

function ownLabels(resource: string, component: Component, backend: string | undefined): Labels {
  const labels: Labels = { [SERVICE_LABEL]: resource, [COMPONENT_LABEL]: component };
  if (backend !== undefined) labels[BACKEND_LABEL] = backend;
  return labels;
}
