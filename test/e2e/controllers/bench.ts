import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedService, LoadBalancedServiceSpec } from '../../../src/api/v1alpha1/types.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import type { Credentials } from '../../../src/kube/credentials.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';
import { type ResourceRef, Resources } from '../../../src/kube/resources.ts';
import { CHILD_KINDS } from '../../../src/operator/caches.ts';
import { runOperator } from '../../../src/operator/operator.ts';
import { createLogger } from '../../../src/telemetry/create-logger.ts';
import { waitFor } from '../support/wait.ts';

const root = join(import.meta.dirname, '../../..');
const MANAGER = { fieldManager: 'test' };

export const client = new KubeClient(await findCredentials(), { userAgent: 'evenkeel-test' });

export async function installCrds(): Promise<void> {
  const folder = join(root, 'crds');
  const objects = readdirSync(folder).flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((each) => each.toJS() as KubeObject),
  );
  for (const object of objects) await client.apply(object, { ...MANAGER, force: true });
  await waitFor('the CRDs to be served', async () => {
    await Promise.all([Resources.LoadBalancedService, Resources.BalancerReport].map((ref) => client.list(ref)));
    return true;
  });
}

/** A namespace of its own for one test. */
export async function createNamespace(labels: Record<string, string> = {}): Promise<string> {
  const name = `t-${randomBytes(4).toString('hex')}`;
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, MANAGER);
  return name;
}

/** One operator in this process, for one namespace, with its log. */
export interface RunningOperator {
  readonly log: readonly string[];
  readonly metrics: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface OperatorSettings {
  readonly identity?: string;
  readonly lease?: string;
  readonly balancerImage?: string;
  readonly maxRollingBalancers?: number;
  /** As whom; as the administrator unless given. */
  readonly credentials?: Credentials;
  readonly allowedAddresses?: readonly string[];
  readonly silenceMs?: number;
}

const started = new Set<RunningOperator>();

/** Ends all that run: one that a failed test left would keep this process from ending. */
export async function stopOperators(): Promise<void> {
  await Promise.all([...started].map((operator) => operator.stop()));
}

export async function startOperator(namespace: string, settings: OperatorSettings = {}): Promise<RunningOperator> {
  const log: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(...chunk.toString().trimEnd().split('\n'));
      if (process.env.EVENKEEL_TEST_LOG) process.stderr.write(chunk);
      done();
    },
  });
  const stopping = new AbortController();
  const listening = Promise.withResolvers<number>();
  const running = runOperator({
    credentials: settings.credentials ?? (await findCredentials()),
    ...(settings.silenceMs === undefined ? {} : { silenceMs: settings.silenceMs }),
    balancerImage: settings.balancerImage ?? 'evenkeel:test',
    ...(settings.maxRollingBalancers === undefined ? {} : { maxRollingBalancers: settings.maxRollingBalancers }),
    allowedAddresses: settings.allowedAddresses ?? [],
    watchNamespace: namespace,
    lease: settings.lease === undefined ? null : { namespace, name: settings.lease },
    identity: settings.identity ?? 'operator-1',
    address: '127.0.0.1',
    adminPort: 0,
    workers: 4,
    logger: createLogger({ level: 'info', format: 'json', stream }),
    signal: stopping.signal,
    onListening: listening.resolve,
  });
  running.catch(listening.reject);
  const port = await listening.promise;
  const operator: RunningOperator = {
    log,
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    stop: async () => {
      stopping.abort();
      started.delete(operator);
      await running;
    },
  };
  started.add(operator);
  return operator;
}

export function resourceIn(namespace: string, spec: Partial<LoadBalancedServiceSpec> = {}, name = 'shop'): LoadBalancedService {
  return {
    apiVersion: 'evenkeel.dev/v1alpha1',
    kind: 'LoadBalancedService',
    metadata: { name, namespace },
    spec: { ports: [{ name: 'http', port: 80 }], backends: [backend('stable', 2)], ...spec },
  };
}

export function backend(
  name: string,
  replicas: number | undefined,
  more: Record<string, unknown> = {},
): LoadBalancedServiceSpec['backends'][number] {
  const template = { spec: { containers: [{ name: 'server', image: 'server:1', resources: { requests: { cpu: '1000m' } } }] } };
  return {
    name,
    type: 'Deployment',
    ports: [{ name: 'http', port: 8080 }],
    deployment: { ...(replicas === undefined ? {} : { replicas }), template },
    ...more,
  };
}

/** As a user does it: whole, by server-side apply. */
export async function applyResource(resource: LoadBalancedService): Promise<LoadBalancedService> {
  return client.apply(resource, { fieldManager: 'user', force: true });
}

export async function get<T extends KubeObject>(ref: ResourceRef, namespace: string, name: string): Promise<T | null> {
  return client.find<T>(ref, { namespace, name });
}

export async function resourceNow(namespace: string, name = 'shop'): Promise<LoadBalancedService> {
  return client.get<LoadBalancedService>(Resources.LoadBalancedService, { namespace, name });
}

/** Waits until the conditions hold for the newest generation: `Ready: 'True'`, or with a reason, `Ready: 'False/NoEndpoints'`. */
export async function waitForConditions(
  namespace: string,
  wanted: Record<string, string>,
  name = 'shop',
  timeoutMs = 30_000,
): Promise<LoadBalancedService> {
  let last: unknown;
  return waitFor(
    JSON.stringify(wanted),
    async () => {
      const resource = await resourceNow(namespace, name);
      last = resource.status?.conditions?.map(({ type, status, reason, message }) => `${type}=${status}/${reason} ${message}`);
      return conditionsHold(resource, wanted) ? resource : null;
    },
    { timeoutMs, saw: () => last },
  );
}

/** For the newest generation. */
export function conditionsHold(resource: LoadBalancedService, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([type, expected]) => {
    const found = resource.status?.conditions?.find((condition) => condition.type === type);
    const [status, reason = found?.reason] = expected.split('/');
    return found?.observedGeneration === resource.metadata.generation && found?.status === status && found?.reason === reason;
  });
}

/** What is there of a resource: `Kind/name`, with the object. */
export async function made(namespace: string, name = 'shop'): Promise<Map<string, KubeObject>> {
  const lists = await Promise.all(
    CHILD_KINDS.map((ref) => client.list<KubeObject>(ref, { namespace, labelSelector: `evenkeel.dev/service=${name}` })),
  );
  return new Map(lists.flatMap(({ items }) => items.map((item): [string, KubeObject] => [`${item.kind}/${item.metadata?.name}`, item])));
}
