import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../api/meta.ts';
import { COMPONENT_LABEL, SERVICE_LABEL } from '../api/v1alpha1/labels.ts';
import { clientServiceName } from '../api/v1alpha1/names.ts';
import type { BalancerReport, LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Urgency } from '../kube/queue.ts';
import { RELIST_INTERVAL_MS, Reflector } from '../kube/reflector.ts';
import { keyOf, type ResourceRef, Resources } from '../kube/resources.ts';
import type { Change } from '../kube/store.ts';
import type { Timers } from '../kube/timers.ts';
import type { Random } from '../model/clock.ts';
import { workloadOf } from '../status/workload.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type BalancerPod, isMixed, toBalancerPod } from './balancer-pod.ts';
import { type Child, holderOf, toChild } from './child.ts';
import { type ReceivedReport, receive } from './report.ts';
import { WAVE_ANNOTATION } from './rollout-annotations.ts';

export interface CachesOptions {
  readonly client: KubeClient;
  /** Only this namespace; left out: all. */
  readonly namespace?: string | undefined;
  /** Of a watch, until it is given up; left out: the reflector's own. */
  readonly silenceMs?: number | undefined;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly random?: Random | undefined;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** A resource, by `namespace/name`, has to be looked at: it has changed, or something that it depends on has. */
  readonly onChange: (key: string, urgency: Urgency) => void;
  /** An object that was made for a resource is gone, or no longer to be told from others. Called before `onChange`. */
  readonly onGone: (key: string, child: Child) => void;
}

const UNDER_WAY = 'under way';
const OURS = 'app.kubernetes.io/managed-by=evenkeel';
/** Kinds of objects that are made for a resource. Of Services all are followed, since a resource may refer to anybody's. */
export const CHILD_KINDS: readonly ResourceRef[] = [
  Resources.Deployment,
  Resources.Service,
  Resources.ConfigMap,
  Resources.ServiceAccount,
  Resources.Role,
  Resources.RoleBinding,
  Resources.PodDisruptionBudget,
  Resources.NetworkPolicy,
];

/** What the operator knows of the cluster, kept up by watches. Reading it costs no request. */
export class Caches {
  readonly resources: Reflector<LoadBalancedService>;
  readonly reports: Reflector<ReceivedReport>;
  readonly pods: Reflector<BalancerPod>;
  readonly #children: ReadonlyMap<string, Reflector<Child>>;
  readonly #onChange: (key: string, urgency: Urgency) => void;
  readonly #onGone: (key: string, child: Child) => void;

  constructor(options: CachesOptions) {
    const { client, namespace, logger, timers, random = Math.random, silenceMs } = options;
    const watching = silenceMs === undefined ? {} : { silenceMs };
    const common = { client, namespace, logger, timers, random, relistIntervalMs: RELIST_INTERVAL_MS, ...watching };
    this.#onChange = options.onChange;
    this.#onGone = options.onGone;
    this.resources = new Reflector<LoadBalancedService>({
      ...common,
      resource: Resources.LoadBalancedService,
      keep: withoutBookkeeping,
      indexes: { service: servicesOf },
    });
    this.reports = new Reflector<ReceivedReport>({
      ...common,
      resource: Resources.BalancerReport,
      keep: (report) => receive(report as unknown as BalancerReport, options.wallClock()),
      indexes: { service: byServiceLabel },
    });
    this.pods = new Reflector<BalancerPod>({
      ...common,
      resource: Resources.Pod,
      labelSelector: `${OURS},${COMPONENT_LABEL}=balancer`,
      keep: toBalancerPod,
      indexes: { service: byServiceLabel },
    });
    this.#children = new Map(
      CHILD_KINDS.map((resource): [string, Reflector<Child>] => [
        resource.kind,
        new Reflector<Child>({
          ...common,
          resource,
          labelSelector: resource === Resources.Service ? undefined : OURS,
          keep: toChild,
          indexes: {
            wave: (child) => (child.metadata?.annotations?.[WAVE_ANNOTATION] === undefined ? [] : [UNDER_WAY]),
            owner: (child) => [holderOf(child)?.uid ?? ''].filter((uid) => uid !== ''),
          },
        }),
      ]),
    );
    this.#listen();
  }

  start(): void {
    for (const reflector of this.#all()) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()));
  }

  async synced(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.synced));
  }

  /** Resolves when each of them has listed anew. */
  async refresh(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.refresh()));
  }

  get isSynced(): boolean {
    return this.#all().every((reflector) => reflector.isSynced);
  }

  /** Of the reflector that has been without contact for longest, in milliseconds. */
  lastContactAgeMs(): number {
    return Math.max(...this.#all().map((reflector) => reflector.lastContactAgeMs()));
  }

  /** What the reflectors that have not listed yet met last. */
  troubles(): Error[] {
    return this.#all().flatMap((reflector) => (reflector.isSynced || reflector.lastError === null ? [] : [reflector.lastError]));
  }

  child(kind: string, namespace: string, name: string): Child | undefined {
    return this.#children.get(kind)?.get(`${namespace}/${name}`);
  }

  /** All objects that were made for the resource with this uid. */
  childrenOf(uid: string): Child[] {
    return [...this.#children.values()].flatMap((reflector) => reflector.byIndex('owner', uid));
  }

  /** Resources whose balancers are being replaced for the sake of this operator or one before it, and are not ready yet: `namespace/name`. */
  underWay(): string[] {
    const deployments = this.#children.get(Resources.Deployment.kind)?.byIndex('wave', UNDER_WAY) ?? [];
    return deployments.flatMap((deployment) =>
      byServiceLabel(deployment).filter((key) => !workloadOf(deployment).upToDate || this.areBalancersMixed(key)),
    );
  }

  /**
   * Whether balancers of the resource have pods of more than one template. A Deployment whose template is put back before its ReplicaSets
   * have said anything tells for a moment that it is complete, while a pod of the other template is there and has yet to go.
   */
  areBalancersMixed(key: string): boolean {
    return isMixed(this.pods.byIndex('service', key));
  }

  reportsOf(key: string): ReceivedReport[] {
    return this.reports.byIndex('service', key);
  }

  #all(): Reflector<KubeObject>[] {
    return [this.resources, this.reports, this.pods, ...this.#children.values()] as unknown as Reflector<KubeObject>[];
  }

  #listen(): void {
    this.resources.onChange((change) => this.#onChange(change.key, 'Ordinary'));
    // What a balancer has found out is not to wait behind a thousand resources that are being made.
    this.reports.onChange(({ object }) => this.#tell(byServiceLabel(object), 'Urgent'));
    this.pods.onChange(({ object, previous }) => {
      if (previous === object || previous?.presence !== object.presence) this.#tell(byServiceLabel(object));
    });
    for (const [kind, reflector] of this.#children) {
      reflector.onChange((change) => {
        if (change.type === 'Deleted') for (const key of ownersOf(change)) this.#onGone(key, change.object);
        this.#tell(ownersOf(change));
        if (kind === 'Service') this.#tellUsersOf(change);
      });
    }
  }

  /** Those that refer to a Service, or want its name, when it comes, goes or changes what decides whether it can be followed or taken over. */
  #tellUsersOf({ key, object, previous }: Change<Child>): void {
    if (previous !== null && previous !== object && isDeepStrictEqual(previous.spec, object.spec)) return;
    this.#tell(this.resources.byIndex('service', key).map(keyOf));
  }

  #tell(keys: readonly string[], urgency: Urgency = 'Ordinary'): void {
    for (const key of new Set(keys)) this.#onChange(key, urgency);
  }
}

/** The Services that a resource refers to, and the one that it makes for clients: `namespace/name`. */
function servicesOf(resource: LoadBalancedService): string[] {
  const referred = (resource.spec?.backends ?? []).flatMap((backend) => backend.serviceRef?.name ?? []);
  return [clientServiceName(resource), ...referred].map((name) => `${resource.metadata.namespace}/${name}`);
}

function byServiceLabel({ metadata }: KubeObject): string[] {
  const service = metadata?.labels?.[SERVICE_LABEL];
  return service === undefined ? [] : [`${metadata?.namespace}/${service}`];
}

function ownersOf({ object, previous }: Change<Child>): string[] {
  const owners = [object, previous].flatMap((child) => (child === null ? [] : (holderOf(child) ?? [])));
  return owners.map((owner) => `${object.metadata?.namespace}/${owner.name}`);
}

function withoutBookkeeping(resource: LoadBalancedService): LoadBalancedService {
  const { managedFields: _managedFields, annotations: _annotations, ...metadata } = resource.metadata;
  return { ...resource, metadata };
}
