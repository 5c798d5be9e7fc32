import type { DeploymentBackend } from '../api/v1alpha1/defaults.ts';
import { backendSelector } from '../api/v1alpha1/labels.ts';
import { backendName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/** Headless: nobody connects to it; it is there for its EndpointSlices, which balancers follow. */
export function buildBackendService(resource: LoadBalancedService, backend: DeploymentBackend): Manifest {
  const name = resourceName(resource);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(resource, backendName(name, backend.name), 'backend', backend.name),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      selector: backendSelector(name, backend.name),
      ports: backend.ports.map(({ name: portName, port }) => ({ name: portName, port, protocol: 'TCP', targetPort: port })),
    },
  };
}
