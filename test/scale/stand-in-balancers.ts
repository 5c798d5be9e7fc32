import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../src/api/meta.ts';
import { FailoverRecorder } from '../../src/balancer/failover-recorder.ts';
import { type Assessed, buildReport } from '../../src/balancer/report.ts';
import { Reporter } from '../../src/balancer/reporter.ts';
import { discovered } from '../../src/health/record.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { ReportSink } from '../../src/kube/report-sink.ts';
import { keyOf, Resources } from '../../src/kube/resources.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { BalancerReportBody } from '../../src/model/report.ts';
import type { Nodes } from './nodes.ts';
import { isBalancer, type Pod, resourceOfPod } from './pods.ts';

interface ConfigMap extends KubeObject {
  readonly config?: BalancerConfig;
}

const TICK_MS = 100;
const REPORT_INTERVAL_MS = 30_000;
const PORT = 8080;

/**
 * In the place of balancers: their reports, made and written by the balancer's own code (recorder, report, reporter, sink), about servers
 * that exist in the API only. Those on a node that is down are found out within 0.3 to 1.3 s.
 */
export class StandInBalancers {
  readonly #client: KubeClient;
  readonly #nodes: Nodes;
  readonly #configs: Reflector<ConfigMap>;
  readonly #balancers = new Map<string, StandInBalancer>();
  readonly #dirty = new Set<string>();
  readonly #isReal: (pod: Pod) => boolean;
  #timer: NodeJS.Timeout | null = null;

  /** `isReal`: a pod whose balancer is a process, which reports for itself. */
  constructor(client: KubeClient, nodes: Nodes, isReal: (pod: Pod) => boolean) {
    this.#client = client;
    this.#nodes = nodes;
    this.#isReal = isReal;
    this.#configs = new Reflector<ConfigMap>({
      client,
      resource: Resources.ConfigMap,
      labelSelector: 'app.kubernetes.io/managed-by=evenkeel',
      keep: (object) => {
        const { apiVersion = '', kind = '', metadata = {}, data } = object as KubeObject & { data?: Record<string, string> };
        const { name, namespace, uid, resourceVersion, labels } = metadata;
        const kept = { name, namespace, uid, resourceVersion, labels } as NonNullable<KubeObject['metadata']>;
        return { apiVersion, kind, metadata: kept, config: JSON.parse(data?.['config.json'] ?? 'null') as BalancerConfig };
      },
    });
    this.#configs.onChange(({ object }) => this.#dirty.add(resourceOfPod(object)));
    nodes.pods.onChange(({ type, key, object }) => {
      if (type === 'Deleted') void this.#forget(key);
      this.#dirty.add(resourceOfPod(object));
    });
  }

  async start(): Promise<void> {
    this.#configs.start();
    await this.#configs.synced;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await Promise.all([this.#configs.stop(), ...[...this.#balancers.values()].map((balancer) => balancer.close())]);
  }

  /** Heartbeats to the servers of a node go unanswered from now on. */
  lose(node: string): void {
    for (const pod of this.#nodes.pods.byIndex('node', node)) {
      for (const balancer of this.#of(resourceOfPod(pod))) setTimeout(() => balancer.miss(pod), 300 + Math.random() * 1_000);
    }
  }

  #of(resource: string): StandInBalancer[] {
    return this.#nodes.pods.byIndex('resource', resource).flatMap((pod) => this.#balancers.get(keyOf(pod)) ?? []);
  }

  async #forget(key: string): Promise<void> {
    const balancer = this.#balancers.get(key);
    this.#balancers.delete(key);
    await balancer?.close();
  }

  #tick(): void {
    for (const resource of this.#dirty) this.#renew(resource);
    this.#dirty.clear();
    for (const balancer of this.#balancers.values()) balancer.reporter.tick();
  }

  #renew(resource: string): void {
    const config = this.#configs.get(`${resource}--balancer`)?.config;
    if (config === undefined) return;
    const pods = this.#nodes.pods.byIndex('resource', resource);
    const servers = pods.filter((pod) => pod.ready && !isBalancer(pod) && pod.metadata?.deletionTimestamp === undefined);
    for (const pod of pods.filter((each) => each.ready && isBalancer(each) && !this.#isReal(each))) {
      const balancer = this.#balancers.get(keyOf(pod)) ?? new StandInBalancer(this.#client, pod, resource);
      this.#balancers.set(keyOf(pod), balancer);
      balancer.apply(config, servers);
    }
  }
}

class StandInBalancer {
  readonly reporter: Reporter;
  readonly #recorder = new FailoverRecorder(randomBytes(4).toString('hex'));
  #config: BalancerConfig | null = null;
  #servers: ReadonlyMap<string, Assessed> = new Map();

  constructor(client: KubeClient, { metadata }: Pod, resource: string) {
    const { name: podName = '', namespace = '', uid: podUid = '' } = metadata ?? {};
    const sink = new ReportSink({ client, namespace, podName, podUid, service: resource.slice(namespace.length + 1), closeTimeoutMs: 100 });
    this.reporter = new Reporter(
      sink,
      () => performance.now(),
      REPORT_INTERVAL_MS,
      () => this.#report(),
    );
  }

  close(): Promise<void> {
    return this.reporter.close();
  }

  apply(config: BalancerConfig, pods: readonly Pod[]): void {
    const now = performance.now();
    const servers = new Map<string, Assessed>();
    for (const pod of pods) {
      const endpoint = endpointOf(pod);
      const known = this.#servers.get(endpoint.id);
      servers.set(endpoint.id, known ?? { endpoint, health: discovered(now) });
      if (known === undefined) this.#recorder.listed(endpoint, now);
    }
    for (const [id, { endpoint }] of this.#servers) if (!servers.has(id)) this.#recorder.removed(endpoint);
    if (this.#config?.generation === config.generation && sameKeys(servers, this.#servers)) return;
    this.#config = config;
    this.#servers = servers;
    this.reporter.changed();
  }

  miss(pod: Pod): void {
    const { id } = endpointOf(pod);
    const server = this.#servers.get(id);
    if (server === undefined || server.health.state === 'Unhealthy') return;
    const now = performance.now();
    const health = { ...server.health, state: 'Unhealthy' as const, reason: 'HeartbeatTimeout' as const, since: now };
    this.#servers = new Map(this.#servers).set(id, { ...server, health });
    this.#recorder.out(server.endpoint, 'HeartbeatTimeout', 450, now);
    this.reporter.changed();
  }

  #report(): BalancerReportBody {
    const servers = this.#servers.size;
    return buildReport({
      appliedGeneration: this.#config?.generation ?? 0,
      configError: '',
      endpointsStale: false,
      refused: [],
      backends: this.#config?.backends.map(({ name }) => name) ?? [],
      endpoints: [...this.#servers.values()],
      heartbeat: {
        servers,
        responsesPerSecond: servers,
        intervalMilliseconds: 1_000,
        maxDetectionMilliseconds: 2_100,
        overMaxInterval: false,
      },
      failOpen: [],
      failovers: this.#recorder.reports(performance.now()),
      now: performance.now(),
    });
  }
}

function endpointOf({ ip = '', node = '', metadata }: Pod): Endpoint {
  const backend = metadata?.labels?.['evenkeel.dev/backend'] ?? '';
  const podName = metadata?.name ?? '';
  return { id: `${ip}:${PORT}`, host: ip, port: PORT, backend, portName: 'http', weight: 1, lifecycle: 'Ready', podName, nodeName: node };
}

function sameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}
