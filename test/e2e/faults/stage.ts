import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { Credentials } from '../../../src/kube/credentials.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { FaultProxy, isObjectWrite, type Passage, type Upstream } from '../../support/fault-proxy.ts';
import { client, createNamespace, installCrds, made } from '../controllers/bench.ts';
import { StandIn } from '../controllers/stand-in.ts';
import { waitFor } from '../support/wait.ts';
import { LocalPods, openNetwork } from './pod-network.ts';
import { PodProcess } from './pod-process.ts';
import { Traffic } from './traffic.ts';

const MANAGER = { fieldManager: 'test' };
const ROLE = 'evenkeel-operator';

/** When all is as the spec asks. */
export const SETTLED = { Accepted: 'True', Programmed: 'True', Ready: 'True', Reconciling: 'False', Stalled: 'False' };

/** CRDs and the operator's own rights, as they are installed, and what pods need. */
export async function install(): Promise<void> {
  await Promise.all([installCrds(), openNetwork()]);
  const text = readFileSync(join(import.meta.dirname, '../../../deploy/install.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  const role = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata?.name === ROLE);
  if (role === undefined) throw new Error(`deploy/install.yaml has no ClusterRole ${ROLE}`);
  await client.request('PATCH', `/apis/rbac.authorization.k8s.io/v1/clusterroles/${ROLE}`, {
    body: role,
    contentType: 'application/apply-patch+yaml',
    query: { ...MANAGER, force: true },
  });
}

/** A namespace, a proxy before the API server, stand-ins for kubelet and balancers, and operators that see the cluster through the proxy. */
export class Stage {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  readonly standIn: StandIn;
  /** Once clients ask. */
  traffic: Traffic | null = null;
  readonly #pods = new LocalPods();
  readonly #operators: PodProcess[] = [];
  #token: string;

  private constructor(namespace: string, proxy: FaultProxy, token: string) {
    this.namespace = namespace;
    this.proxy = proxy;
    this.#token = token;
    this.standIn = new StandIn(namespace, this.#pods).start();
  }

  static async open(): Promise<Stage> {
    const namespace = await createNamespace();
    await grantRights(namespace);
    return new Stage(namespace, await startProxy(), await newToken(namespace));
  }

  /** Whatever is still there of it. */
  async close(): Promise<void> {
    await Promise.all([...this.#operators.map((operator) => operator.end('SIGKILL')), this.traffic?.close()]);
    await this.standIn.stop();
    this.#pods.close();
    await this.proxy.stop();
    await client.delete(Resources.Namespace, { name: this.namespace });
  }

  /** Waits until it knows the cluster. */
  async startOperator(options: { lease?: string; identity?: string; preload?: string; proxy?: FaultProxy } = {}): Promise<PodProcess> {
    const { port, ca } = options.proxy ?? this.proxy;
    const { lease, identity = 'operator-1', preload } = options;
    const election = lease === undefined ? ['--no-leader-election'] : ['--lease-name', lease];
    const words = ['operator', '--watch-namespace', this.namespace, '--balancer-image', 'evenkeel:test', ...election];
    const flags = ['--identity', identity, '--address', '127.0.0.1', '--admin-port', '0'];
    const operator = new PodProcess([...words, ...flags], { namespace: this.namespace, port, ca, token: this.#token, preload });
    this.#operators.push(operator);
    await operator.says('caches are filled');
    return operator;
  }

  /** From now on clients ask, without a break, until `traffic` ends. The balancer sees the API server itself, whatever the operator sees of it. */
  async startTraffic(): Promise<Traffic> {
    const { url, ca } = await apiServer();
    const place = { namespace: this.namespace, port: Number(url.port), ca, token: await newToken(this.namespace, 'shop--balancer') };
    this.traffic = await Traffic.start(place, this.#pods.balancers);
    return this.traffic;
  }

  /** For a client, or an operator in this process. */
  credentials(): Credentials {
    const login = { headers: { authorization: `Bearer ${this.#token}` }, tls: { ca: this.proxy.ca } };
    const server = new URL(`https://127.0.0.1:${this.proxy.port}`);
    return { server, namespace: this.namespace, current: async () => login, renew: () => {} };
  }

  /** Another token of the same account, which operators started from now on get. */
  async newToken(): Promise<string> {
    this.#token = await newToken(this.namespace);
    return this.#token;
  }

  get token(): string {
    return this.#token;
  }

  /** Each object that there is of `shop`, by kind and name: its uid. */
  async uids(): Promise<Record<string, string>> {
    return Object.fromEntries([...(await made(this.namespace))].map(([name, { metadata }]) => [name, metadata?.uid ?? '']));
  }

  /** What operators have sent through the proxy, and whether the API server did it. */
  deletions(): Passage[] {
    return this.proxy.passages.filter((passage) => passage.method === 'DELETE');
  }

  lastLines(): string {
    return this.#operators.flatMap(({ log }) => log.slice(-12)).join('\n');
  }

  /** Until no operator has written an object for `ms`. */
  async quiet(ms = 1_500): Promise<void> {
    let count = -1;
    let since = performance.now();
    await waitFor(
      `no write for ${ms} ms`,
      () => {
        const now = this.proxy.passages.filter(isObjectWrite).length;
        if (now !== count) [count, since] = [now, performance.now()];
        return performance.now() - since >= ms;
      },
      { timeoutMs: 60_000 },
    );
  }
}

export async function startProxy(): Promise<FaultProxy> {
  return FaultProxy.start(await apiServer());
}

async function apiServer(): Promise<Upstream> {
  const { server, current } = await findCredentials();
  return { url: server, ca: (await current()).tls.ca ?? '' };
}

async function grantRights(namespace: string): Promise<void> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ROLE, namespace } };
  const election = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'election', namespace },
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update', 'patch'] }],
  };
  const binding = (name: string, kind: string, role: string) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
    subjects: [{ kind: 'ServiceAccount', name: ROLE, namespace }],
  });
  const objects: KubeObject[] = [account, election, binding('operator', 'ClusterRole', ROLE), binding('election', 'Role', 'election')];
  for (const object of objects) await client.create(object, MANAGER);
}

/** Of a service account; the operator's unless given. */
export async function newToken(namespace: string, account = ROLE): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { status } = await client.request<{ status: { token: string } }>('POST', path, { body });
  return status.token;
}
