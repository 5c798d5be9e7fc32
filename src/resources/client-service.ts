import type { DefaultedSpec } from '../api/v1alpha1/defaults.ts';
import { balancerSelector } from '../api/v1alpha1/labels.ts';
import { resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/** The Service that clients use: its ports lead to those that the balancers bind. */
export function buildClientService(resource: LoadBalancedService, service: DefaultedSpec['service'], config: BalancerConfig): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(resource, service.name, 'balancer'),
    spec: {
      type: service.type,
      selector: balancerSelector(resourceName(resource)),
      ports: config.listeners.map(({ name, port, bindPort, protocol }) => ({
        name,
        port,
        protocol: 'TCP',
        targetPort: bindPort,
        ...(protocol === 'TCP' || protocol === 'TLS' ? {} : { appProtocol: protocol.toLowerCase() }),
      })),
    },
  };
}
