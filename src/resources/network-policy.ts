import { balancerSelector } from '../api/v1alpha1/labels.ts';
import { BALANCER_ADMIN_PORT, balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Manifest, ownedMetadata } from './owned.ts';

/** On a namespace, or on pods of the balancer's own namespace: these may reach the balancer's admin port, with its metrics. */
export const METRICS_LABEL = { 'evenkeel.dev/metrics': 'true' } as const;

/**
 * Who may connect to a balancer: anybody to the traffic ports, and to the admin port only pods that are marked as scrapers. Probes of
 * the kubelet come from the pod's node, which a NetworkPolicy always lets in. Egress is left alone.
 */
export function buildNetworkPolicy(resource: LoadBalancedService, config: BalancerConfig): Manifest {
  const name = resourceName(resource);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(resource, balancerName(name), 'balancer'),
    spec: {
      podSelector: { matchLabels: balancerSelector(name) },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: config.listeners.map(({ bindPort }) => ({ port: bindPort, protocol: 'TCP' })) },
        {
          from: [{ namespaceSelector: { matchLabels: METRICS_LABEL } }, { podSelector: { matchLabels: METRICS_LABEL } }],
          ports: [{ port: BALANCER_ADMIN_PORT, protocol: 'TCP' }],
        },
      ],
    },
  };
}
