import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/api/meta.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { Credentials } from '../../src/kube/credentials.ts';
import { findCredentials } from '../../src/kube/kubeconfig.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** Namespace of the service accounts that are not the operator's. */
export const HARNESS = 'scale-harness';
const MANAGER = { fieldManager: 'scale' };

const admin = await findCredentials();
/** May do everything; for what is not counted. */
export const client = new KubeClient(admin, { userAgent: 'scale', maxResponseBytes: 256 * 1024 * 1024 });

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export function manifests(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(join(ROOT, file), 'utf8')).map((each) => each.toJS() as KubeObject);
}

/**
 * A service account whose requests the API server counts by themselves, because a FlowSchema of its own stands for it. It competes with
 * others on the priority level that service accounts have anyway, or on another.
 */
export async function countedAccount({ namespace, name }: Account, level = 'workload-low'): Promise<void> {
  const schema = {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: `scale-${name}` },
    spec: {
      matchingPrecedence: 200,
      priorityLevelConfiguration: { name: level },
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount: { namespace, name } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    },
  };
  await client.request('POST', '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas', { body: schema });
}

/** A service account of the harness with all rights. */
export async function harnessAccount(name: string): Promise<KubeClient> {
  const account = { namespace: HARNESS, name };
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account }, MANAGER);
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `scale-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  };
  await client.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: binding });
  await countedAccount(account, 'workload-high');
  const options = { userAgent: `scale-${name}`, maxResponseBytes: 256 * 1024 * 1024, timeoutMs: 120_000 };
  return new KubeClient(await credentialsOf(account), options);
}

/** `boundTo`: the pod in whose name the token speaks. */
export async function tokenOf({ namespace, name }: Account, boundTo?: KubeObject): Promise<string> {
  const { name: pod, uid } = boundTo?.metadata ?? {};
  const spec = { expirationSeconds: 7_200, ...(boundTo ? { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid } } : {}) };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  return (await client.request<{ status: { token: string } }>('POST', path, { body })).status.token;
}

export async function certificateAuthority(): Promise<string> {
  return (await admin.current()).tls.ca ?? '';
}

export const server = admin.server;

async function credentialsOf(account: Account): Promise<Credentials> {
  const login = { headers: { authorization: `Bearer ${await tokenOf(account)}` }, tls: { ca: await certificateAuthority() } };
  return { server, namespace: account.namespace, current: async () => login, renew: () => {} };
}

/** Runs `work` for each item, so many at once. The first error ends it. */
export async function inParallel<T>(items: Iterable<T>, atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const one = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
