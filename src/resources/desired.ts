import type { DefaultedSpec } from '../api/v1alpha1/defaults.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { buildRole, buildRoleBinding, buildServiceAccount } from './access.ts';
import { buildBackendDeployment } from './backend-deployment.ts';
import { buildBackendService } from './backend-service.ts';
import { buildBalancerDeployment } from './balancer-deployment.ts';
import { buildClientService } from './client-service.ts';
import { buildConfigMap } from './config-map.ts';
import { buildNetworkPolicy } from './network-policy.ts';
import type { Manifest } from './owned.ts';
import { buildPodDisruptionBudget } from './pdb.ts';

export interface DesiredInput {
  /** Must be valid. */
  readonly resource: LoadBalancedService;
  readonly spec: DefaultedSpec;
  readonly config: BalancerConfig;
  readonly balancerImage: string;
  /** What the Deployment of the balancers says of their number; undefined: nothing, as it is somebody else's. */
  readonly balancerReplicas: number | undefined;
  readonly servicePortNames: ReadonlyMap<number, string>;
}

/**
 * All objects of a resource, in the order in which they are written. A writer stops at the first that is refused, and what can be refused
 * for its content (pod templates) comes first: then balancers keep the configuration, and clients the Service, that go with what runs.
 */
export function desiredObjects({ resource, spec, config, balancerImage, balancerReplicas, servicePortNames }: DesiredInput): Manifest[] {
  const backends = spec.backends.filter((backend) => backend.type === 'Deployment');
  return [
    ...backends.flatMap((backend) => [buildBackendService(resource, backend), buildBackendDeployment(resource, backend)]),
    buildServiceAccount(resource),
    buildRole(resource),
    buildRoleBinding(resource),
    buildNetworkPolicy(resource, config),
    buildPodDisruptionBudget(resource),
    buildBalancerDeployment(resource, config, {
      replicas: balancerReplicas,
      workers: spec.balancer.workers,
      template: spec.balancer.template,
      image: balancerImage,
    }),
    buildConfigMap(resource, config),
    buildClientService(resource, config, { service: spec.service, portNames: servicePortNames }),
  ];
}
