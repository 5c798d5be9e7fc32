import { balancerSelector } from '../api/v1alpha1/labels.ts';
import { balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/** Drains take one balancer at a time. One that is not ready anyway never holds up a drain. */
export function buildPodDisruptionBudget(resource: LoadBalancedService): Manifest {
  const name = resourceName(resource);
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(resource, balancerName(name), 'balancer'),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: balancerSelector(name) },
    },
  };
}
