import { randomBytes } from 'node:crypto';
import { after, before, type TestContext, type TestOptions, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { backendSelector, balancerSelector, COMPONENT_LABEL, SERVICE_LABEL } from '../../../src/api/v1alpha1/labels.ts';
import { BALANCER_ADMIN_PORT } from '../../../src/api/v1alpha1/names.ts';
import type { LoadBalancedServiceSpec, LoadBalancedServiceStatus, RecentFailover } from '../../../src/api/v1alpha1/types.ts';
import { ensureAgent, fetchInside, Load } from './agent.ts';
import { api, apply, kubectl } from './api.ts';
import { explain } from './explain.ts';
import { ensureInstalled } from './install.ts';
import type { FetchResult, LoadSpec } from './load-agent.ts';
import { type EndpointSlice, type Event, isReady, type Pod, paths, podsOf, type Service, type StoredResource } from './objects.ts';
import { spreadExactly } from './statistics.ts';
import { waitFor } from './wait.ts';

type Body = (context: TestContext) => Promise<void>;

/** Requests a second of the failover tests. EVENKEEL_E2E_RATE: another rate, for machines whose cores are full. */
export const rate = Number(process.env.EVENKEEL_E2E_RATE ?? 500);

/** From a change of EndpointSlices until connections follow it: kube-proxy gathers the changes of up to a second, and writes its rules. */
export const KUBE_PROXY_MS = 2_000;

/** A namespace of its own, in a cluster where Evenkeel is installed, and what the tests in it do again and again. */
export class World {
  readonly namespace: string;

  constructor(theme: string) {
    this.namespace = `${theme}-${randomBytes(3).toString('hex')}`;
  }

  async open(): Promise<void> {
    await ensureInstalled();
    await ensureAgent();
    // The restricted standard is enforced: what the operator makes has to pass it.
    await apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: this.namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
  }

  async close(): Promise<void> {
    await kubectl(['delete', 'namespace', this.namespace, '--wait=false']);
  }

  /** A test; when it fails, the state of the namespace is printed before it is gone. */
  test(name: string, ...rest: [body: Body] | [options: TestOptions, body: Body]): void {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    void test(name, { timeout: 90_000, ...options }, async (context) => {
      try {
        await body(context);
      } catch (error) {
        console.error(await explain(this.namespace));
        throw error;
      }
    });
  }

  async apply(...objects: readonly KubeObject[]): Promise<void> {
    await apply(...objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: this.namespace } })));
  }

  /** Merges `spec` into the resource's; lists are replaced. */
  patch(name: string, spec: Partial<LoadBalancedServiceSpec>): Promise<StoredResource> {
    return api.send<StoredResource>('PATCH', `${paths.resources(this.namespace)}/${name}`, { spec });
  }

  async resource(name: string): Promise<StoredResource> {
    const found = await api.get<StoredResource>(`${paths.resources(this.namespace)}/${name}`);
    if (found === null) throw new Error(`there is no LoadBalancedService ${name} in ${this.namespace}`);
    return found;
  }

  async status(name: string): Promise<LoadBalancedServiceStatus> {
    return (await this.resource(name)).status ?? {};
  }

  /** Until every condition given has this status, for the current generation. */
  async conditions(name: string, wanted: Readonly<Record<string, 'True' | 'False'>>, timeoutMs = 60_000): Promise<StoredResource> {
    let last: StoredResource | undefined;
    return waitFor(
      `${name} to be ${JSON.stringify(wanted)}`,
      async () => {
        last = await this.resource(name);
        const { generation } = last.metadata;
        const holds = ([type, status]: [string, string]) =>
          last?.status?.conditions?.some(
            (found) => found.type === type && found.status === status && found.observedGeneration === generation,
          );
        return last.status?.observedGeneration === generation && Object.entries(wanted).every(holds) ? last : null;
      },
      { timeoutMs, saw: () => last?.status?.conditions },
    );
  }

  /** Until it serves with every server healthy and every balancer on its current generation, and its Service leads there. */
  async settled(name: string, timeoutMs = 90_000): Promise<StoredResource> {
    const wanted = { Accepted: 'True', Programmed: 'True', Ready: 'True', EndpointsHealthy: 'True', Reconciling: 'False' } as const;
    const resource = await this.conditions(name, wanted, timeoutMs);
    await this.reachable(resource.spec.service?.name ?? name);
    return resource;
  }

  /** Until somebody answers at the Service: kube-proxy takes up to a second to learn of its first pod. */
  async reachable(service: string): Promise<void> {
    let last: FetchResult | undefined;
    await waitFor(
      `an answer at Service ${service}`,
      async () => (last = await this.fetch(service)).headers['content-length'] !== undefined,
      {
        saw: () => last?.outcome,
      },
    );
  }

  servers(name: string, backend?: string): Promise<Pod[]> {
    const all = { [SERVICE_LABEL]: name, [COMPONENT_LABEL]: 'backend' };
    return podsOf(this.namespace, backend === undefined ? all : backendSelector(name, backend));
  }

  balancers(name: string): Promise<Pod[]> {
    return podsOf(this.namespace, balancerSelector(name));
  }

  pod(name: string): Promise<Pod | null> {
    return api.get<Pod>(`${paths.core(this.namespace, 'pods')}/${name}`);
  }

  async podReady(name: string, ready: boolean): Promise<void> {
    await waitFor(`pod ${name} to be ${ready ? '' : 'un'}ready`, async () => {
      const pod = await this.pod(name);
      return pod !== null && isReady(pod) === ready;
    });
  }

  /** Until the kubelet has noticed that the container ended, has started it again, and calls the pod ready. `pod` is as it was before. */
  async restarted(pod: Pod): Promise<void> {
    await waitFor(`pod ${pod.metadata.name} to be ready after a restart`, () => this.#hasRestarted(pod));
  }

  async #hasRestarted(pod: Pod): Promise<boolean> {
    const restarts = ({ status }: Pod) => status.containerStatuses?.[0]?.restartCount ?? 0;
    const now = await this.pod(pod.metadata.name);
    return now !== null && isReady(now) && restarts(now) > restarts(pod);
  }

  /** Addresses that the Service leads to. */
  async inService(service: string): Promise<string[]> {
    const slices = await api.list<EndpointSlice>(`${paths.slices(this.namespace)}?labelSelector=kubernetes.io/service-name%3D${service}`);
    return slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready ? addresses : []));
  }

  /** Until the EndpointSlices of the Service lead to a pod no more that was killed or frozen. One that is back within a moment may never have been out. */
  async outOfService(service: string, pod: Pod, timeoutMs = 30_000): Promise<void> {
    const out = async () => !(await this.inService(service)).includes(pod.status.podIP ?? '') || (await this.#hasRestarted(pod));
    await waitFor(`${pod.metadata.name} to be out of the Service`, out, { everyMs: 20, timeoutMs });
  }

  /** What a balancer tells at its admin port. */
  async metrics({ metadata }: Pod): Promise<string> {
    const pod = `${paths.core(this.namespace, 'pods')}/${metadata.name}`;
    const { text } = await api.request('GET', `${pod}:${BALANCER_ADMIN_PORT}/proxy/metrics`);
    if (!text.includes('evenkeel_endpoint_transitions_total'))
      throw new Error(`no metrics of balancer ${metadata.name}: ${text.slice(0, 200)}`);
    return text;
  }

  /** How often endpoints have changed their state, in the eyes of all balancers together. */
  async transitions(name: string): Promise<number> {
    const counts = (await this.balancers(name)).map(async (pod) => {
      const found = (await this.metrics(pod)).matchAll(/^evenkeel_endpoint_transitions_total\{.*\} (\d+)$/gm);
      return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Samples of requests to this resource have to be spread exactly as expected; see `spreadExactly`. */
  spreadExactly(context: TestContext, name: string, expected: unknown, sample: () => Promise<unknown>): Promise<void> {
    return spreadExactly(expected, sample, { changes: () => this.transitions(name), tell: (message) => context.diagnostic(message) });
  }

  /** Starts a load against a Service, by its cluster IP. */
  async load(service: string, spec: Omit<LoadSpec, 'host' | 'port'>): Promise<Load> {
    return Load.start({ ...(await this.address(service)), ...spec });
  }

  async fetch(service: string, path = '/'): Promise<FetchResult> {
    return fetchInside({ ...(await this.address(service)), path });
  }

  async address(service: string): Promise<{ host: string; port: number }> {
    const found = await waitFor(`Service ${service}`, () => api.get<Service>(`${paths.core(this.namespace, 'services')}/${service}`));
    return { host: found.spec.clusterIP, port: found.spec.ports[0]?.port ?? 80 };
  }

  /** Events about the resource, oldest first. */
  async events(name: string): Promise<Event[]> {
    const events = await api.list<Event>(paths.events(this.namespace));
    const time = (event: Event) => event.eventTime ?? event.metadata?.creationTimestamp ?? '';
    return events
      .filter(({ regarding }) => regarding.kind === 'LoadBalancedService' && regarding.name === name)
      .sort((a, b) => time(a).localeCompare(time(b)));
  }

  /** Until status tells of a failover of this pod that is not among `before`. */
  async failover(name: string, podName: string, before: readonly RecentFailover[] = [], timeoutMs = 15_000): Promise<RecentFailover> {
    const known = new Set(before.map(({ id }) => id));
    return waitFor(
      `a failover of ${podName} in the status of ${name}`,
      async () => (await this.status(name)).recentFailovers?.find((failover) => failover.podName === podName && !known.has(failover.id)),
      { timeoutMs },
    );
  }

  /** Until status tells that this failover is over. */
  async recovery(name: string, id: string, timeoutMs = 30_000): Promise<RecentFailover> {
    return waitFor(
      `the recovery of failover ${id} in the status of ${name}`,
      async () => (await this.status(name)).recentFailovers?.find((failover) => failover.id === id && failover.recoveryTime !== undefined),
      { timeoutMs },
    );
  }
}

/** A world for all tests of a file or suite: made before the first, deleted after the last. */
export function useWorld(theme: string): World {
  const world = new World(theme);
  before(() => world.open(), { timeout: 180_000 });
  after(() => world.close());
  return world;
}
