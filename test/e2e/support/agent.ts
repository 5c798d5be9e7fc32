import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/api/meta.ts';
import { api, apply } from './api.ts';
import type { FetchResult, FetchSpec, LoadResult, LoadSpec } from './load-agent.ts';
import { image, podTemplate } from './manifests.ts';
import { isReady, type Pod, paths } from './objects.ts';
import { PortForward } from './port-forward.ts';
import { waitFor } from './wait.ts';

const namespace = 'evenkeel-e2e';
const source = readFileSync(join(import.meta.dirname, 'load-agent.ts'), 'utf8');
const name = `load-agent-${createHash('sha256').update(source).update(image).digest('hex').slice(0, 8)}`;
const proxied = `${paths.core(namespace, 'pods')}/${name}:8000/proxy`;

/** Has the load agent run in the cluster: one for all test files, since it starts in a second and then costs nothing. */
export async function ensureAgent(): Promise<void> {
  const pod = `${paths.core(namespace, 'pods')}/${name}`;
  if ((await api.get<Pod>(pod)) === null) await apply(...manifests());
  await waitFor('the load agent to be ready', async () => {
    const found = await api.get<Pod>(pod);
    return found !== null && isReady(found);
  });
}

function manifests(): KubeObject[] {
  const { spec } = podTemplate(['node', '/agent/load-agent.ts']) as { spec: { containers: Record<string, unknown>[] } };
  const [container] = spec.containers;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { 'load-agent.ts': source } } as KubeObject,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: {
        ...spec,
        volumes: [{ name: 'agent', configMap: { name } }],
        containers: [
          {
            ...container,
            ports: [{ containerPort: 8000 }],
            readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1 },
            volumeMounts: [{ name: 'agent', mountPath: '/agent' }],
          },
        ],
      },
    } as KubeObject,
  ];
}

/** A load that is under way from inside the cluster. */
export class Load {
  readonly #path: string;

  private constructor(id: string) {
    this.#path = `${proxied}/loads/${id}`;
  }

  static async start(spec: LoadSpec): Promise<Load> {
    const { id } = await api.send<{ id: string }>('POST', `${proxied}/loads`, spec);
    return new Load(id);
  }

  async result(): Promise<LoadResult> {
    const { text } = await api.request('GET', this.#path);
    return JSON.parse(text) as LoadResult;
  }

  /** Ends it and waits for what is on its way. */
  stop(): Promise<LoadResult> {
    return api.send<LoadResult>('DELETE', this.#path);
  }

  /** Waits until a load with a fixed number of requests is through. */
  async finished(timeoutMs = 60_000): Promise<LoadResult> {
    let last: LoadResult | undefined;
    return waitFor('the load to be through', async () => ((last = await this.result()).running ? null : last), {
      timeoutMs,
      saw: () => last,
    });
  }
}

/** Where servers tell which POSTs they execute, as pods reach it. */
export async function recorderAddress(): Promise<string> {
  const found = await api.get<Pod>(`${paths.core(namespace, 'pods')}/${name}`);
  if (found?.status.podIP === undefined) throw new Error('the load agent has no address');
  return found.status.podIP;
}

/** A way into the cluster for connections of any kind; see `Wire`. */
export function forwardToAgent(): Promise<PortForward> {
  return PortForward.start(namespace, name, 8001);
}

/** One request from inside the cluster. */
export function fetchInside(spec: FetchSpec): Promise<FetchResult> {
  return api.send<FetchResult>('POST', `${proxied}/fetch`, spec);
}
