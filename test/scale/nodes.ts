import type { KubeObject } from '../../src/api/meta.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isConflict, isNotFound } from '../../src/kube/errors.ts';
import { WorkQueue } from '../../src/kube/queue.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { keyOf, nameOfKey, Resources } from '../../src/kube/resources.ts';
import { inParallel } from './clients.ts';
import { isBalancer, type Pod, resourceOfPod, toPod } from './pods.ts';

const MANAGER = { fieldManager: 'kubelet' };
const LEASES = 'kube-node-lease';
/** As a kubelet does. */
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;

/**
 * In the place of a scheduler and of kubelets: puts each pod on a node, says at once that it runs and is ready, and renews the nodes' leases.
 * A node that is down does nothing of it, as when its machine has lost power; what follows is up to the real controllers.
 */
export class Nodes {
  readonly pods: Reflector<Pod>;
  readonly servers: readonly string[];
  readonly #balancers: readonly string[];
  readonly #client: KubeClient;
  readonly #queue: WorkQueue;
  readonly #down = new Set<string>();
  readonly #timers: NodeJS.Timeout[] = [];
  /** Server pods that are held not ready, by key. */
  readonly #held = new Set<string>();
  /** Pods whose readiness was written already; the cache hears of it a moment later. */
  readonly #told = new Set<string>();
  #placed = { server: 0, balancer: 0 };
  #addresses = 0;

  constructor(client: KubeClient, servers: number, balancers: number) {
    this.#client = client;
    this.servers = Array.from({ length: servers }, (_, i) => `servers-${i}`);
    this.#balancers = Array.from({ length: balancers }, (_, i) => `balancers-${i}`);
    this.pods = new Reflector<Pod>({
      client,
      resource: Resources.Pod,
      keep: toPod,
      indexes: { resource: (pod) => [resourceOfPod(pod)], node: (pod) => [pod.node ?? ''] },
    });
    this.#queue = new WorkQueue({ handler: (key) => this.#tend(key), workers: 8 });
    this.pods.onChange(({ key, type, object, previous }) => {
      if (type === 'Deleted' || (previous?.ready && !object.ready)) this.#told.delete(key);
      if (type !== 'Deleted') this.#queue.add(key);
    });
  }

  async start(): Promise<void> {
    const all = [...this.servers, ...this.#balancers];
    await inParallel(all, 8, async (name) => {
      await this.#client.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } }, MANAGER);
      await this.#sayReady(name);
      await this.#client.create(leaseOf(name), MANAGER);
    });
    // Spread over the interval, as kubelets that started at different times are.
    for (const [i, name] of all.entries()) {
      const begin = (): void => {
        this.#timers.push(setInterval(() => void this.#renew(name).catch(() => {}), RENEW_MS));
      };
      this.#timers.push(setTimeout(begin, (i * RENEW_MS) / all.length));
    }
    this.pods.start();
    await this.pods.synced;
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#queue.shutDown();
    await this.pods.stop();
  }

  isUp(node: string | undefined): boolean {
    return node !== undefined && !this.#down.has(node);
  }

  lose(node: string): void {
    this.#down.add(node);
  }

  /** It is back with its pods, as after a power cut that was shorter than eviction takes. */
  async regain(node: string): Promise<void> {
    this.#down.delete(node);
    await this.#renew(node);
    await this.#sayReady(node);
    for (const pod of this.pods.byIndex('node', node)) this.#queue.add(keyOf(pod));
  }

  /** A pod's readiness, as its kubelet would tell it; resolves with the API server's answer. */
  async setReady(pod: Pod, ready: boolean): Promise<void> {
    if (ready) this.#held.delete(keyOf(pod));
    else this.#held.add(keyOf(pod));
    await this.#writeStatus(nameOfKey(keyOf(pod)), pod.ip ?? '', ready);
  }

  async #tend(key: string): Promise<void> {
    const pod = this.pods.get(key);
    if (pod === undefined || (pod.node !== undefined && !this.isUp(pod.node))) return;
    try {
      if (pod.metadata?.deletionTimestamp !== undefined) return await this.#end(key);
      if (pod.node === undefined) await this.#bind(key, isBalancer(pod) ? 'balancer' : 'server');
      if (pod.ready || this.#held.has(key) || this.#told.has(key)) return;
      this.#told.add(key);
      await this.#writeStatus(nameOfKey(key), pod.ip ?? this.#newAddress(), true);
    } catch (error) {
      this.#told.delete(key);
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #bind(key: string, kind: 'server' | 'balancer'): Promise<void> {
    const nodes = kind === 'server' ? this.servers : this.#balancers;
    const node = nodes[this.#placed[kind]++ % nodes.length] ?? '';
    const { namespace = '', name } = nameOfKey(key);
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    await this.#client.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, { body });
  }

  async #end(key: string): Promise<void> {
    const { namespace, name } = nameOfKey(key);
    await this.#client.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, { body: { gracePeriodSeconds: 0 } });
  }

  async #writeStatus(name: { namespace?: string | undefined; name: string }, ip: string, ready: boolean): Promise<void> {
    const now = new Date().toISOString();
    const conditions = ['Initialized', 'PodScheduled', 'PodReadyToStartContainers', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: ready || !type.endsWith('Ready') ? 'True' : 'False',
      lastTransitionTime: now,
    }));
    const patch = { status: { phase: 'Running', hostIP: '10.98.0.1', podIP: ip, podIPs: [{ ip }], startTime: now, conditions } };
    await this.#client.mergePatch(Resources.Pod, name, patch, { ...MANAGER, subresource: 'status' });
  }

  /** In 10.99.0.0/16, no first and no last of a /24. */
  #newAddress(): string {
    const n = this.#addresses++;
    return `10.99.${Math.floor(n / 254)}.${(n % 254) + 1}`;
  }

  async #sayReady(node: string): Promise<void> {
    const now = new Date().toISOString();
    const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now };
    const resources = { cpu: '1000', memory: '4Ti', pods: '2000' };
    const patch = { status: { conditions: [condition], capacity: resources, allocatable: resources } };
    await this.#client.mergePatch(Resources.Node, { name: node }, patch, { ...MANAGER, subresource: 'status' });
  }

  async #renew(node: string): Promise<void> {
    if (!this.isUp(node)) return;
    const spec = { renewTime: microNow() };
    await this.#client.mergePatch(Resources.Lease, { namespace: LEASES, name: node }, { spec }, MANAGER);
  }
}

function leaseOf(node: string): KubeObject {
  const spec = { holderIdentity: node, leaseDurationSeconds: LEASE_SECONDS, renewTime: microNow() };
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: LEASES, name: node }, spec };
  return lease;
}

function microNow(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
