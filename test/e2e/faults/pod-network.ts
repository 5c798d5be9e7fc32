import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { KubeObject } from '../../../src/api/meta.ts';
import { COMPONENT_LABEL } from '../../../src/api/v1alpha1/labels.ts';
import { client } from '../controllers/bench.ts';
import type { PodNetwork } from '../controllers/stand-in.ts';

const NODE = 'local';

// All of it belongs to this machine, in the network namespace of the test cluster; no loopback address may be in an EndpointSlice.
const SUBNET = '10.128.0.0/10';
const FIRST_ADDRESS = 0x0a800000;
const PER_PROCESS = 1_024;
const PROCESSES = 4_096;
/** Where servers of the tests' backends listen. */
const PORTS = [8080, 8081];
/** As pods have it by default: a server goes on for as long when its pod is gone from the API, and gets nothing as soon as it is in no EndpointSlice. */
const GRACE_MS = 30_000;

let taken = 0;

/** Once before the first pod is there. */
export async function openNetwork(): Promise<void> {
  execFileSync('ip', ['route', 'replace', 'local', SUBNET, 'dev', 'lo']);
  await client.apply<KubeObject>({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }, { fieldManager: 'test', force: true });
}

/** An address that no other process and nobody else in this one has. */
function newAddress(): string {
  if (++taken >= PER_PROCESS) throw new Error(`the tests of one process use more than ${PER_PROCESS} addresses`);
  const bits = FIRST_ADDRESS + (process.pid % PROCESSES) * PER_PROCESS + taken;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

interface PodServers {
  readonly address: string;
  readonly servers: readonly Server[];
  /** Since its pod is gone. */
  ending: NodeJS.Timeout | null;
}

/**
 * What runs in the pods of one namespace, which no kubelet starts: a real server at the address of each pod of a backend. All balancer
 * pods have one address, where one balancer listens in the place of them.
 */
export class LocalPods implements PodNetwork {
  readonly node = NODE;
  readonly balancers = newAddress();
  readonly #running = new Map<string, PodServers>();

  async open({ metadata = {} }: KubeObject, before: string | undefined): Promise<string> {
    const { uid = '', labels = {} } = metadata;
    if (labels[COMPONENT_LABEL] !== 'backend') return this.balancers;
    const running = this.#running.get(uid);
    if (running !== undefined) {
      clearTimeout(running.ending ?? undefined);
      running.ending = null;
      return running.address;
    }
    const address = before ?? newAddress();
    const servers = PORTS.map(() => createServer((_request, response) => response.end('hello')));
    this.#running.set(uid, { address, servers, ending: null });
    await Promise.all(servers.map((server, i) => new Promise<void>((resolve) => server.listen(PORTS[i], address, resolve))));
    return address;
  }

  keep(pods: readonly KubeObject[]): void {
    const uids = new Set(pods.map(({ metadata }) => metadata?.uid));
    for (const [uid, running] of this.#running) if (!uids.has(uid)) running.ending ??= setTimeout(() => this.#end(uid), GRACE_MS);
  }

  close(): void {
    for (const uid of this.#running.keys()) this.#end(uid);
  }

  #end(uid: string): void {
    const { servers = [], ending = null } = this.#running.get(uid) ?? {};
    clearTimeout(ending ?? undefined);
    this.#running.delete(uid);
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}
