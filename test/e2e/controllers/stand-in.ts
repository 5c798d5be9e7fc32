import type { KubeObject } from '../../../src/api/meta.ts';
import { ApiError, ConnectionError, isConflict, isForbidden, isNotFound } from '../../../src/kube/errors.ts';
import { Resources } from '../../../src/kube/resources.ts';
import type { BalancerConfig } from '../../../src/model/config.ts';
import type { BalancerReportBody } from '../../../src/model/report.ts';
import { reportBody } from '../../support/reports.ts';
import { client } from './bench.ts';

interface Pod extends KubeObject {
  spec?: { nodeName?: string };
  status?: { podIP?: string; conditions?: { type: string; status: string }[] };
}

/** Changes what the stand-in balancers say: gets the report that they would write. */
export type Distortion = (report: BalancerReportBody, pod: string) => BalancerReportBody;

/** What pods have where traffic is to reach them; without one all have an address where nobody listens, and no node. */
export interface PodNetwork {
  /** Of a Node that there is: no EndpointSlice leads to pods on others. */
  readonly node: string;
  /** Where this one listens, from now on. */
  open(pod: KubeObject, address: string | undefined): Promise<string>;
  /** Only these are there. */
  keep(pods: readonly KubeObject[]): void;
}

/**
 * In the place of a kubelet and of balancers, in a namespace of a cluster without nodes: pods become ready as soon as they are there, and each
 * balancer pod reports that it has applied its ConfigMap and finds every ready server healthy.
 */
export class StandIn {
  readonly #namespace: string;
  readonly #network: PodNetwork | null;
  readonly #written = new Map<string, string>();
  #distort: Distortion = (report) => report;
  #holdPods: (pod: Pod) => boolean = () => false;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(namespace: string, network: PodNetwork | null = null) {
    this.#namespace = namespace;
    this.#network = network;
  }

  start(): this {
    this.#running = this.#run();
    this.#running.catch(() => {});
    return this;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  distort(distortion: Distortion): void {
    this.#distort = distortion;
  }

  /** Balancers write their reports again, although nothing in them has changed. */
  writeAgain(): void {
    this.#written.clear();
  }

  /** Pods for which this holds do not become ready. */
  holdPods(hold: (pod: Pod) => boolean): void {
    this.#holdPods = hold;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#round().catch((error: unknown) => {
        // What is deleted under our hands is gone, and the next round sees it; an API server that is away or starts is waited for.
        // Anything else is a mistake of the test.
        const away = error instanceof ConnectionError || (error instanceof ApiError && (error.code >= 500 || error.code === 429));
        if (!away && !isNotFound(error) && !isConflict(error) && !isForbidden(error)) throw error;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #round(): Promise<void> {
    const namespace = this.#namespace;
    const all = (await client.list<Pod>(Resources.Pod, { namespace })).items;
    for (const pod of all.filter((each) => each.metadata?.deletionTimestamp !== undefined)) await this.#end(pod);
    const pods = all.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
    this.#network?.keep(pods);
    for (const pod of pods) {
      // One that is back from a backup is ready, and has to listen again.
      if (isReady(pod)) await this.#network?.open(pod, pod.status?.podIP);
      else if (!this.#holdPods(pod)) await this.#makeReady(pod);
    }
    const balancers = pods.filter((pod) => pod.metadata?.labels?.['evenkeel.dev/component'] === 'balancer' && isReady(pod));
    for (const pod of balancers) await this.#report(pod, pods);
  }

  /** Pods on no node are removed by the API server itself; ours say that they run, so their end is up to us. */
  async #end(pod: Pod): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod.metadata?.name}`;
    await client.request('DELETE', path, { body: { gracePeriodSeconds: 0 } }).catch(() => {});
  }

  async #makeReady(pod: Pod): Promise<void> {
    const conditions = ['Ready', 'ContainersReady', 'PodScheduled', 'Initialized'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: new Date().toISOString(),
    }));
    const name = { namespace: this.#namespace, name: pod.metadata?.name ?? '' };
    if (this.#network && pod.spec?.nodeName === undefined) await this.#bind(name, this.#network.node);
    const ip = (await this.#network?.open(pod, undefined)) ?? '10.1.2.3';
    const patch = { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions } };
    await client.mergePatch(Resources.Pod, name, patch, { fieldManager: 'stand-in', subresource: 'status' });
  }

  async #bind(name: { namespace: string; name: string }, node: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: name, target: { apiVersion: 'v1', kind: 'Node', name: node } };
    await client.request('POST', `/api/v1/namespaces/${name.namespace}/pods/${name.name}/binding`, { body });
  }

  async #report(pod: Pod, pods: readonly Pod[]): Promise<void> {
    const { name = '', uid = '', labels = {} } = pod.metadata ?? {};
    const service = labels['evenkeel.dev/service'] ?? '';
    const configMap = await client.find<KubeObject & { data?: Record<string, string> }>(Resources.ConfigMap, {
      namespace: this.#namespace,
      name: `${service}--balancer`,
    });
    const text = configMap?.data?.['config.json'];
    if (text === undefined) return;
    const config = JSON.parse(text) as BalancerConfig;
    // As a balancer does with what it cannot use.
    if (config.formatVersion !== 1) return;
    const servers = (backend: string) =>
      pods.filter((each) => each.metadata?.labels?.['evenkeel.dev/backend'] === backend && isReady(each)).length;
    const backends = config.backends.map((backend) => {
      const endpoints =
        backend.source.type === 'Addresses' ? backend.source.addresses.length : servers(backend.name) * backend.source.ports.length;
      return { name: backend.name, endpoints, healthy: endpoints };
    });
    const total = backends.reduce((sum, backend) => sum + backend.endpoints, 0);
    const report = reportBody({
      appliedGeneration: config.generation,
      backends,
      heartbeat: {
        servers: total,
        responsesPerSecond: total,
        intervalMilliseconds: 1000,
        maxDetectionMilliseconds: 2100,
        overMaxInterval: false,
      },
    });
    const spec = this.#distort(report, name);
    if (this.#written.get(name) === JSON.stringify(spec)) return;
    const metadata = {
      name,
      namespace: this.#namespace,
      labels: { 'evenkeel.dev/service': service },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }],
    };
    await client.apply({ apiVersion: 'evenkeel.dev/v1alpha1', kind: 'BalancerReport', metadata, spec } as KubeObject, {
      fieldManager: 'evenkeel-balancer',
      force: true,
    });
    this.#written.set(name, JSON.stringify(spec));
  }
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}
