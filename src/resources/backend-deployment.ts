import type { DeploymentBackend } from '../api/v1alpha1/defaults.ts';
import { backendSelector } from '../api/v1alpha1/labels.ts';
import { backendName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/**
 * The servers of one backend. The user's pod template is kept whole, with the labels added that select the pods. `replicas` is left out
 * where the spec leaves it out: it is an autoscaler's then.
 */
export function buildBackendDeployment(resource: LoadBalancedService, backend: DeploymentBackend): Manifest {
  const name = resourceName(resource);
  const selector = backendSelector(name, backend.name);
  const { replicas, template } = backend.deployment;
  const metadata = asRecord(template.metadata);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ownedMetadata(resource, backendName(name, backend.name), 'backend', backend.name),
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: selector },
      template: { ...template, metadata: { ...metadata, labels: { ...asRecord(metadata.labels), ...selector } } },
    },
  };
}

/** The template has no schema of ours: what is no map where one belongs is left for the API server to name. */
function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
