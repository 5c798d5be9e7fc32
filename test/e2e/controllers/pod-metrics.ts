import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { createCertificate } from '../../support/certificate.ts';
import { api, apply, kubectl } from '../support/api.ts';
import { waitFor } from '../support/wait.ts';
import { client } from './bench.ts';

const GROUP = 'metrics.k8s.io';
const VERSION = `${GROUP}/v1beta1`;
const NAME = 'pod-metrics';
const DISCOVERY = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: VERSION,
  resources: [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }],
};

interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly name: string }[] };
}

/** In the place of metrics-server: each container of each pod uses as much memory as it is told. The API server passes requests on to it. */
export class PodMetrics {
  readonly #server: Server;
  #usedMi = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost');
      this.#answer(pathname, searchParams.get('labelSelector') ?? '').then(
        (body) => response.writeHead(body === null ? 404 : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body ?? {})),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }

  /** Serves, and is registered with the API server once it does: until then, and after `stop`, nobody asks. */
  static async start(namespace: string): Promise<PodMetrics> {
    const server = createServer(createCertificate());
    const metrics = new PodMetrics(server);
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const metadata = { name: NAME, namespace };
    await apply(
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443 }] } } as KubeObject,
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': NAME } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
        ports: [{ name: '', port, protocol: 'TCP' }],
      } as KubeObject,
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `v1beta1.${GROUP}` },
        spec: {
          group: GROUP,
          version: 'v1beta1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { ...metadata, port: 443 },
        },
      } as KubeObject,
    );
    await waitFor(
      'metrics of pods through the API server',
      async () => (await api.request('GET', `/apis/${VERSION}/namespaces/${namespace}/pods`)).status === 200,
    );
    return metrics;
  }

  uses(mebibytes: number): void {
    this.#usedMi = mebibytes;
  }

  /** An API that is registered and does not answer would keep every namespace from being deleted. */
  async stop(): Promise<void> {
    await kubectl(['delete', 'apiservice', `v1beta1.${GROUP}`]);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(path: string, labelSelector: string): Promise<object | null> {
    if (path === `/apis/${VERSION}`) return DISCOVERY;
    const namespace = new RegExp(`^/apis/${VERSION}/namespaces/([^/]+)/pods$`).exec(path)?.[1];
    if (namespace === undefined) return null;
    const { items } = await client.list<Pod>(Resources.Pod, { namespace, labelSelector });
    const measured = { timestamp: new Date().toISOString(), window: '1s' };
    return {
      kind: 'PodMetricsList',
      apiVersion: VERSION,
      metadata: {},
      items: items.map(({ metadata, spec }) => ({
        metadata: { name: metadata?.name, namespace, labels: metadata?.labels },
        ...measured,
        containers: spec.containers.map(({ name }) => ({ name, usage: { cpu: '1m', memory: `${this.#usedMi}Mi` } })),
      })),
    };
  }
}

/** Loopback is not allowed in an EndpointSlice. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('this machine has no address but loopback');
  return found.address;
}
