import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/api/meta.ts';
import { balancerSelector } from '../../../src/api/v1alpha1/labels.ts';
import { Reflector } from '../../../src/kube/reflector.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { type Destination, Load } from '../../support/load.ts';
import { client } from '../controllers/bench.ts';
import { waitFor } from '../support/wait.ts';
import { PodProcess, type Surroundings } from './pod-process.ts';

/** Two clients, each with a GET after the other, and a pause between: some tens a second. */
const CLIENTS = 2;
const PAUSE_MS = 50;
/** Traffic that hardly was there proves nothing. */
const FEWEST = 20;
/** Where a balancer listens for port 80. */
export const BALANCER_PORT = 10080;

interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
}

type Place = Pick<Surroundings, 'namespace' | 'port' | 'ca' | 'token'>;

/** A balancer of `shop`, as a process of its own in the place of its pods. The pod that it says it is does not count as one of them. */
export async function startBalancer(place: Place, address: string): Promise<PodProcess> {
  const { namespace } = place;
  const spec = { containers: [{ name: 'balancer', image: 'evenkeel:test' }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'balancer-1', namespace }, spec };
  const { metadata } = await client.create<KubeObject>(pod, { fieldManager: 'test' });
  const environment = {
    EVENKEEL_SERVICE: 'shop',
    EVENKEEL_CONFIGMAP: 'shop--balancer',
    POD_NAMESPACE: namespace,
    POD_NAME: 'balancer-1',
    POD_UID: metadata?.uid ?? '',
  };
  const words = ['balancer', '--address', address, '--admin-port', '0', '--drain-delay', '0s'];
  const balancer = new PodProcess(words, { ...place, environment });
  await balancer.says('"serving"');
  return balancer;
}

/**
 * GETs by clients of `shop`, without a break: through its Service, whose EndpointSlices they follow as kube-proxy does, to a real balancer,
 * which has its configuration and its EndpointSlices from the API server, and so to the servers of the pods.
 */
export class Traffic {
  readonly #balancer: PodProcess;
  readonly #address: string;
  readonly #slices: Reflector<EndpointSlice>;
  readonly #load: Load;
  #throughService = true;

  private constructor(balancer: PodProcess, address: string, slices: Reflector<EndpointSlice>) {
    this.#balancer = balancer;
    this.#address = address;
    this.#slices = slices;
    this.#load = new Load(() => this.#destination(), 'GET', CLIENTS, PAUSE_MS);
  }

  /** `address`: of all balancer pods. */
  static async start(place: Place, address: string): Promise<Traffic> {
    const labels = Object.entries(balancerSelector('shop')).map((label) => label.join('='));
    const selection = { namespace: place.namespace, labelSelector: labels.join() };
    const slices = new Reflector<EndpointSlice>({ client, resource: Resources.EndpointSlice, ...selection });
    slices.start();
    const balancer = await startBalancer(place, address);
    await waitFor('the Service to lead to the balancers', () => endpointOf(slices));
    return new Traffic(balancer, address, slices);
  }

  /** For when somebody takes the Service away, or the balancers' pods, which nobody can hinder: clients ask the one balancer itself. */
  bypassService(): void {
    this.#throughService = false;
  }

  /** Ends it. How many GETs there were, of which none failed. */
  async end(): Promise<number> {
    await this.close();
    const { statuses, failures } = this.#load;
    assert.deepEqual(failures.slice(0, 5), [], this.outcome());
    assert.ok(statuses.length >= FEWEST, `only ${statuses.length} GETs`);
    return statuses.length;
  }

  /** So far, with the last lines of the balancer where a GET has failed. */
  outcome(): string {
    const { statuses, failures } = this.#load;
    const lines = failures.length > 0 ? `; the balancer:\n${this.#balancer.log.slice(-12).join('\n')}` : '';
    return `${failures.length} of ${statuses.length} GETs failed${lines}`;
  }

  /** Ends it, whatever came of it. */
  async close(): Promise<void> {
    await this.#load.stop();
    await Promise.all([this.#balancer.end('SIGKILL'), this.#slices.stop()]);
  }

  #destination(): Destination {
    return this.#throughService ? endpointOf(this.#slices) : { host: this.#address, port: BALANCER_PORT };
  }
}

/** Where the port `http` leads to. */
function endpointOf(slices: Reflector<EndpointSlice>): Destination {
  for (const { endpoints, ports } of slices.list()) {
    const port = ports?.find(({ name }) => name === 'http')?.port;
    const host = endpoints?.find(({ conditions }) => conditions?.ready)?.addresses[0];
    if (host !== undefined && port !== undefined) return { host, port };
  }
  return null;
}
