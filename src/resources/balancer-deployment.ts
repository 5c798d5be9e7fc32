import { balancerSelector } from '../api/v1alpha1/labels.ts';
import { BALANCER, BALANCER_ADMIN_PORT, balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService, PodTemplateOverlay } from '../api/v1alpha1/types.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Manifest, ownedMetadata } from './owned.ts';
import { type Container, overlayPodTemplate, type PodTemplate } from './pod-overlay.ts';
import { secretMounts, secretVolumes } from './secret-volume.ts';

/** After the drain: time to go unready, to be forgotten by the Service, and to end. */
const GRACE_SECONDS = 15;

export interface BalancerDeploymentOptions {
  /** Undefined: it is left to whoever sets it, such as an autoscaler. */
  readonly replicas: number | undefined;
  /** Processes that take the requests of each. */
  readonly workers: number;
  readonly template: PodTemplateOverlay;
  readonly image: string;
}

/**
 * The balancers. Only what a process needs to start stands in the pod template: settings come through the watched ConfigMap, so that a
 * change of them replaces no pod and cuts no connection.
 */
export function buildBalancerDeployment(
  resource: LoadBalancedService,
  config: BalancerConfig,
  { replicas, workers, template, image }: BalancerDeploymentOptions,
): Manifest {
  const name = resourceName(resource);
  const selector = balancerSelector(name);
  const metadata = ownedMetadata(resource, balancerName(name), 'balancer');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: overlayPodTemplate(podTemplate(name, metadata, config, container(name, config, workers, image)), template),
    },
  };
}

function podTemplate(name: string, metadata: Manifest['metadata'], config: BalancerConfig, balancer: Container): PodTemplate {
  return {
    metadata: { labels: { ...metadata.labels } },
    spec: {
      serviceAccountName: metadata.name,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: Math.ceil(config.failover.drainTimeoutMs / 1000) + GRACE_SECONDS,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: balancerSelector(name) },
      })),
      containers: [balancer],
      ...secretVolumes(config),
    },
  };
}

function container(name: string, config: BalancerConfig, workers: number, image: string): Container {
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  const probe = (path: string) => ({ httpGet: { path, port: 'admin' } });
  // With several workers there is one process more, which takes no requests.
  const processes = workers === 1 ? 1 : workers + 1;
  return {
    name: BALANCER,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['balancer', ...(workers === 1 ? [] : ['--workers', String(workers)])],
    env: [
      { name: 'EVENKEEL_SERVICE', value: name },
      { name: 'EVENKEEL_CONFIGMAP', value: balancerName(name) },
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('POD_IP', 'status.podIP'),
    ],
    ports: [
      { name: 'admin', containerPort: BALANCER_ADMIN_PORT, protocol: 'TCP' },
      ...config.listeners.map(({ bindPort }) => ({ containerPort: bindPort, protocol: 'TCP' })),
    ],
    ...secretMounts(config),
    // A frozen balancer is out of the Service within about three seconds: two probes of a second each, one second apart.
    readinessProbe: { ...probe('/readyz'), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 },
    // Gentle: a restart cuts every connection, so only what has hung for a minute is restarted.
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    // No CPU limit: throttling would stall every request that passes through.
    resources: {
      requests: { cpu: `${100 * workers}m`, memory: `${128 * processes}Mi` },
      limits: { memory: `${512 * workers + (processes - workers) * 128}Mi` },
    },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  };
}
