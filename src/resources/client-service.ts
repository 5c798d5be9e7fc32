import type { DefaultedSpec } from '../api/v1alpha1/defaults.ts';
import { balancerSelector } from '../api/v1alpha1/labels.ts';
import { resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { heldMetadata, type Manifest, ownedMetadata } from './owned.ts';

export interface ClientServiceOptions {
  readonly service: DefaultedSpec['service'];
  /** Names that ports of a Service that was taken over keep, by number; '': a port that has none. */
  readonly portNames: ReadonlyMap<number, string>;
}

/** The Service that clients use: its ports lead to those that the balancers bind. */
export function buildClientService(
  resource: LoadBalancedService,
  config: BalancerConfig,
  { service, portNames }: ClientServiceOptions,
): Manifest {
  const metadata = service.deletion === 'Orphan' ? heldMetadata : ownedMetadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(resource, service.name, 'balancer'),
    spec: {
      type: service.type,
      selector: balancerSelector(resourceName(resource)),
      ports: config.listeners.map(({ name, port, bindPort, protocol }) => ({
        ...nameOf(portNames.get(port) ?? name),
        port,
        protocol: 'TCP',
        targetPort: bindPort,
        ...(protocol === 'TCP' || protocol === 'TLS' ? {} : { appProtocol: protocol.toLowerCase() }),
      })),
    },
  };
}

function nameOf(name: string): { name?: string } {
  return name === '' ? {} : { name };
}
