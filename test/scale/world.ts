import { execFileSync } from 'node:child_process';
import type { LoadBalancedService } from '../../src/api/v1alpha1/types.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resources.ts';
import { waitFor } from '../e2e/support/wait.ts';
import { client, countedAccount, HARNESS, harnessAccount, inParallel, manifests } from './clients.ts';
import { Nodes } from './nodes.ts';
import { resourceOfPod } from './pods.ts';
import { type Evenkeel, OPERATOR, startBalancer, startOperator, startServers } from './processes.ts';
import type { Settings } from './settings.ts';
import { StandInBalancers } from './stand-in-balancers.ts';

/** Where every simulated server listens. */
export const SERVER_PORT = 8080;
const MANAGER = { fieldManager: 'scale' };
const APPLY = { fieldManager: 'user', force: true };

/** Simulated nodes, servers and balancers, and the real processes beside them. */
export class World {
  readonly settings: Settings;
  readonly nodes: Nodes;
  readonly balancers: StandInBalancers;
  readonly resources: Reflector<LoadBalancedService>;
  /** `namespace/name` of the resources whose balancers are processes. */
  readonly real: readonly string[];
  readonly processes: Evenkeel[] = [];
  readonly realBalancers = new Map<string, Evenkeel>();
  operator: Evenkeel;

  private constructor(settings: Settings, nodes: Nodes, balancers: StandInBalancers, real: readonly string[], operator: Evenkeel) {
    this.settings = settings;
    this.nodes = nodes;
    this.balancers = balancers;
    this.real = real;
    this.operator = operator;
    this.processes.push(operator);
    this.resources = new Reflector({
      client,
      resource: Resources.LoadBalancedService,
      keep: ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, generation }, status }) =>
        ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, generation }, status }) as LoadBalancedService,
    });
  }

  static async start(settings: Settings): Promise<World> {
    // All addresses of simulated servers are this machine's, within the cluster's own network namespace.
    execFileSync('ip', ['addr', 'add', '10.99.0.1/16', 'dev', 'lo']);
    const real = namesOf(settings).slice(0, settings.realBalancers);
    await install(settings);
    const kubelets = await harnessAccount('kubelets');
    const nodes = new Nodes(
      kubelets,
      Math.ceil(settings.endpoints / settings.podsPerNode),
      Math.ceil((settings.resources * settings.balancers) / 500),
    );
    await nodes.start();
    const balancers = new StandInBalancers(await harnessAccount('reports'), nodes, (pod) => real.includes(resourceOfPod(pod)));
    await balancers.start();
    const world = new World(settings, nodes, balancers, real, await startOperator());
    world.processes.push(startServers(SERVER_PORT));
    world.resources.start();
    await waitFor('the operator to be ready', () => world.operator.isReady(), { timeoutMs: 60_000 });
    return world;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    await this.balancers.stop();
    await this.nodes.stop();
    await this.resources.stop();
  }

  async applyAll(): Promise<void> {
    await inParallel(
      namesOf(this.settings).entries(),
      8,
      async ([index, key]) => void (await client.apply(this.resource(key, index), APPLY)),
    );
  }

  async apply(resource: LoadBalancedService): Promise<LoadBalancedService> {
    return client.apply(resource, APPLY);
  }

  resource(key: string, index: number): LoadBalancedService {
    const [namespace = '', name = ''] = key.split('/');
    const { resources, endpoints, balancers } = this.settings;
    const replicas = Math.floor(endpoints / resources) + (index < endpoints % resources ? 1 : 0);
    const template = { spec: { containers: [{ name: 'server', image: 'server:1', resources: { requests: { cpu: '100m' } } }] } };
    return {
      apiVersion: 'evenkeel.dev/v1alpha1',
      kind: 'LoadBalancedService',
      metadata: { name, namespace },
      spec: {
        ports: [{ name: 'http', port: 10_080 }],
        backends: [{ name: 'stable', type: 'Deployment', ports: [{ port: SERVER_PORT }], deployment: { replicas, template } }],
        balancer: { type: 'Dedicated', dedicated: { replicas: this.real.includes(key) ? 1 : balancers } },
      },
    };
  }

  /** How many resources are settled: Ready and programmed with their newest generation, and nothing under way. */
  settled(): number {
    return this.resources.list().filter(isSettled).length;
  }

  async startRealBalancers(): Promise<void> {
    for (const [index, key] of this.real.entries()) {
      const pod = await waitFor(
        `the balancer's pod of ${key}`,
        () =>
          this.nodes.pods
            .byIndex('resource', key)
            .find((each) => each.ready && each.metadata?.labels?.['evenkeel.dev/component'] === 'balancer'),
        { timeoutMs: 300_000 },
      );
      const balancer = await startBalancer(pod, index);
      this.processes.push(balancer);
      this.realBalancers.set(key, balancer);
    }
  }

  async restartOperator(): Promise<void> {
    await this.operator.stop();
    this.operator = await startOperator();
    this.processes.push(this.operator);
    await waitFor('the operator to be ready', () => this.operator.isReady(), { timeoutMs: 60_000, everyMs: 20 });
  }
}

/** `namespace/name` of each. */
export function namesOf({ resources, namespaces }: Settings): string[] {
  return Array.from({ length: resources }, (_, i) => `team-${i % namespaces}/shop-${i}`);
}

export function isSettled({ metadata, status }: LoadBalancedService): boolean {
  const is = (type: string, wanted: string): boolean =>
    status?.conditions?.some((each) => each.type === type && each.status === wanted && each.observedGeneration === metadata.generation) ??
    false;
  return is('Ready', 'True') && is('Programmed', 'True') && is('Reconciling', 'False');
}

async function install({ namespaces }: Settings): Promise<void> {
  for (const file of ['crds/evenkeel.dev_loadbalancedservices.yaml', 'crds/evenkeel.dev_balancerreports.yaml']) {
    for (const object of manifests(file)) await client.apply(object, { ...MANAGER, force: true });
  }
  await waitFor('the CRDs to be served', async () => {
    await Promise.all([Resources.LoadBalancedService, Resources.BalancerReport].map((ref) => client.list(ref)));
    return true;
  });
  // The operator runs as a process here, with the rights that these give it.
  const needed = manifests('deploy/install.yaml').filter(({ kind = '' }) => !/^(Deployment|PodDisruptionBudget|Service)$/.test(kind));
  for (const object of needed) {
    const { kind = '', apiVersion = '', metadata = {} } = object;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
    const plural = `${kind.toLowerCase().replace(/y$/, 'ie')}s`;
    await client.request('POST', `${root}${scope}/${plural}`, { body: object });
  }
  await countedAccount(OPERATOR);
  const names = [HARNESS, ...Array.from({ length: namespaces }, (_, i) => `team-${i}`)];
  for (const name of names) await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, MANAGER);
}
