import { balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/** Key of the ConfigMap under which the resolved configuration stands, as JSON. */
export const CONFIG_KEY = 'config.json';

/** What balancers run with. They watch it and apply a change in place, so nothing of it stands in their pod template. */
export function buildConfigMap(resource: LoadBalancedService, config: BalancerConfig): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(resource, balancerName(resourceName(resource)), 'balancer'),
    data: { [CONFIG_KEY]: `${JSON.stringify(config, null, 2)}\n` },
  };
}
