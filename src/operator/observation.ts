import { INITIAL_BALANCERS } from '../api/v1alpha1/defaults.ts';
import { backendName, balancerName, resourceName } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { parseBalancerConfig } from '../config/parse-balancer-config.ts';
import { CONFIG_KEY } from '../resources/config-map.ts';
import { AWAITED_ANNOTATION, type LiveConfig } from '../resources/retirement.ts';
import type { Workload } from '../status/input.ts';
import type { BalancerView, Presence } from '../status/view.ts';
import { absentWorkload, workloadOf } from '../status/workload.ts';
import type { Caches } from './caches.ts';
import { type Child, holderOf } from './child.ts';
import type { ReceivedReport } from './report.ts';

/** All that decisions about one resource are made from, as it is known at one moment. */
export interface Observation {
  readonly resource: LoadBalancedService;
  /** Objects that belong to it. */
  readonly children: readonly Child[];
  /** What stands under the name of an object that is wanted, whoever it belongs to. */
  readonly live: (kind: string, name: string) => Child | undefined;
  /** Nobody owns the object, and no living resource holds it: it may be taken over. */
  readonly isUnowned: (object: Child) => boolean;
  /** What balancers were given last; null: nothing yet, or nothing that can be read. */
  readonly liveConfig: LiveConfig | null;
  /** By name of the report. */
  readonly views: readonly BalancerView[];
  readonly balancers: Workload;
  /** There are balancers of more than one pod template. */
  readonly balancersMixed: boolean;
  /** Of backends of type Deployment, by backend name. */
  readonly servers: ReadonlyMap<string, Workload>;
}

export function observe(resource: LoadBalancedService, caches: Caches): Observation {
  const { namespace = '', uid = '' } = resource.metadata;
  const name = resourceName(resource);
  const children = caches.childrenOf(uid);
  const mine = (kind: string, childName: string): Child | undefined =>
    children.find((child) => child.kind === kind && child.metadata?.name === childName);
  const workload = (childName: string, desired: number): Workload => {
    const deployment = mine('Deployment', childName);
    return deployment === undefined ? absentWorkload(desired) : workloadOf(deployment);
  };
  return {
    resource,
    children,
    live: (kind, childName) => caches.child(kind, namespace, childName),
    isUnowned: (object) => isUnowned(object, caches),
    liveConfig: readConfig(mine('ConfigMap', balancerName(name))),
    views: caches
      .reportsOf(`${namespace}/${name}`)
      .map((report) => toView(report, caches))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    balancers: workload(balancerName(name), resource.spec.balancer?.dedicated?.replicas ?? INITIAL_BALANCERS),
    balancersMixed: caches.areBalancersMixed(`${namespace}/${name}`),
    servers: new Map(
      resource.spec.backends
        .filter((backend) => backend.type === 'Deployment')
        .map((backend) => [backend.name, workload(backendName(name, backend.name), backend.deployment?.replicas ?? 1)]),
    ),
  };
}

function isUnowned(object: Child, caches: Caches): boolean {
  if ((object.metadata?.ownerReferences ?? []).length > 0) return false;
  const holder = holderOf(object);
  if (holder === undefined) return true;
  return caches.resources.get(`${object.metadata?.namespace}/${holder.name}`)?.metadata.uid !== holder.uid;
}

function readConfig(configMap: Child | undefined): LiveConfig | null {
  const text = configMap?.data?.[CONFIG_KEY];
  if (text === undefined) return null;
  const awaited = (configMap?.metadata?.annotations?.[AWAITED_ANNOTATION] ?? '').split(',').filter((name) => name !== '');
  try {
    return { config: parseBalancerConfig(text), awaited };
  } catch {
    // Somebody has spoilt it: it is put right by the next apply, and until then balancers go on with what they have.
    return null;
  }
}

function toView(report: ReceivedReport, caches: Caches): BalancerView {
  const { name = '', namespace, ownerReferences } = report.metadata ?? {};
  const pod = caches.pods.get(`${namespace}/${name}`);
  const wrote = ownerReferences?.some((owner) => owner.uid === pod?.metadata?.uid) ?? false;
  const presence: Presence = pod === undefined || !wrote ? 'Gone' : pod.presence;
  return { name, presence, reportedAtMs: report.reportedAtMs, body: report.body };
}
