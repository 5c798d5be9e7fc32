import { setTimeout as wait } from 'node:timers/promises';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Problem } from '../status/input.ts';
import type { Notice } from '../status/notices.ts';
import type { Status } from '../status/types.ts';
import { listenerUrl, listenProblem, portProblem } from './listener-ports.ts';
import type { CreateBalancer, EndpointFacts, LocalBalancer } from './local-balancer.ts';
import type { LocalPlan } from './local-plan.ts';
import { LocalSource } from './local-source.ts';
import type { Overview, ServerRow } from './overview.ts';
import type { ProcessHost } from './process-backend.ts';
import { StatusKeeper } from './status-keeper.ts';

export interface LocalServiceOptions {
  readonly plan: LocalPlan;
  readonly host: ProcessHost;
  readonly address: string;
  readonly adminPort: number | null;
  readonly createBalancer: CreateBalancer;
  readonly onStatus: (service: LocalService, status: Status, notices: readonly Notice[]) => void;
}

/** How often a server that is taken out is asked whether it has finished. */
const DRAIN_POLL_MS = 50;

const NO_HEARTBEAT = { servers: 0, responsesPerSecond: 0, intervalMilliseconds: 0, maxDetectionMilliseconds: 0, overMaxInterval: false };

/** One resource on this machine: its balancer, its servers, its status. */
export class LocalService {
  readonly #address: string;
  readonly #adminPort: number | null;
  readonly #source: LocalSource;
  readonly #keeper: StatusKeeper;
  readonly #balancer: LocalBalancer;
  /** With so many its balancer was made. */
  readonly workers: number;
  #plan: LocalPlan;
  #serving = false;
  #stalled: Problem | null = null;

  constructor(options: LocalServiceOptions) {
    const { plan, host, address, adminPort, createBalancer, onStatus } = options;
    this.#plan = plan;
    this.#address = address;
    this.#adminPort = adminPort;
    this.#keeper = new StatusKeeper({
      facts: () => ({ resource: this.#plan.resource, workloads: this.#source.workloads(), serving: this.#serving, stalled: this.#stalled }),
      onChange: (status, notices) => onStatus(this, status, notices),
    });
    this.#source = new LocalSource({
      plan,
      host,
      drained: (endpoints) => this.#drained(endpoints),
      onChange: () => this.#refresh(),
    });
    this.#balancer = createBalancer({ name: plan.config.name, sink: this.#keeper, address, adminPort, workers: plan.workers });
    this.workers = plan.workers;
  }

  get name(): string {
    return this.#plan.config.name;
  }

  get plan(): LocalPlan {
    return this.#plan;
  }

  /** The resource as `kubectl get` would show it. */
  get object(): LoadBalancedService {
    const { apiVersion, kind, metadata, spec } = this.#plan.resource;
    const { status } = this.#keeper;
    return status === undefined ? { apiVersion, kind, metadata, spec } : { apiVersion, kind, metadata, spec, status };
  }

  /** Where clients reach it, one for each port. */
  get urls(): readonly string[] {
    return this.#plan.config.listeners.map((listener) => listenerUrl(listener.protocol, this.#address, this.#balancer.port(listener.name)));
  }

  /** Where /healthz, /readyz and /metrics are; null: nowhere. */
  get adminUrl(): string | null {
    const { adminPort } = this.#balancer;
    return adminPort === 0 ? null : listenerUrl('HTTP', this.#address, adminPort);
  }

  /** Rejects, with nothing left running, where a server cannot be started or a port not be listened on. */
  async start(): Promise<void> {
    try {
      await this.#openAdminPort();
      await this.#source.start(this.#balancer);
      await this.#listening();
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    this.#serving = true;
    this.#refresh();
  }

  /** Goes over to a changed file, without dropping a connection. Rejects where that cannot be done; what can go on goes on. */
  async update(plan: LocalPlan): Promise<void> {
    const before = this.#plan;
    this.#plan = plan;
    try {
      await this.#source.update(plan).catch((error: unknown) => {
        this.#plan = before;
        throw error;
      });
      await this.#listening();
      this.#stalled = null;
    } catch (error) {
      this.#stalled = { reason: 'UpdateFailed', message: (error as Error).message };
      throw error;
    } finally {
      this.#refresh();
    }
  }

  /** The balancer finishes what it has, then the servers are ended. */
  async stop(graceMs: number): Promise<void> {
    await this.#balancer.drain(graceMs);
    await this.#source.stop();
  }

  /** Ends the servers at once. */
  kill(): void {
    this.#source.kill();
  }

  overview(): Overview {
    const { config } = this.#plan;
    const { report } = this.#keeper;
    return {
      name: this.name,
      urls: this.urls,
      strategy: config.strategy,
      schedule: config.heartbeat.schedule.type,
      heartbeat: report?.heartbeat ?? NO_HEARTBEAT,
      failOpen: report?.failOpen ?? [],
      failovers: this.#keeper.status?.failovers ?? 0,
      recentFailovers: report?.failovers ?? [],
      servers: this.#serverRows(),
    };
  }

  #serverRows(): ServerRow[] {
    const own = this.#source.servers();
    const weighted = this.#plan.config.strategy === 'WeightedRoundRobin';
    const row = ({ endpoint, ...facts }: EndpointFacts): ServerRow => ({
      address: endpoint.id,
      backend: endpoint.backend,
      weight: weighted ? endpoint.weight : null,
      process: own.get(endpoint.id)?.name ?? '',
      pid: own.get(endpoint.id)?.pid ?? null,
      state: endpoint.lifecycle === 'Draining' ? 'Draining' : facts.state,
      reason: facts.reason,
      sinceMs: facts.forMilliseconds,
      requests: facts.requests,
      heartbeatMs: facts.heartbeatMilliseconds,
    });
    return this.#balancer.endpoints().map(row);
  }

  #refresh(): void {
    this.#keeper.refresh();
  }

  async #openAdminPort(): Promise<void> {
    try {
      await this.#balancer.start();
    } catch (error) {
      throw portProblem(error as NodeJS.ErrnoException, `port ${this.#adminPort} of ${this.#address}`, 'give another with --admin-port');
    }
  }

  async #listening(): Promise<void> {
    try {
      await this.#balancer.listening();
    } catch (error) {
      const [listener] = this.#plan.config.listeners;
      const { port = listener?.bindPort ?? 0 } = error as { port?: number };
      const name = this.#plan.config.listeners.find(({ bindPort }) => bindPort === port)?.name ?? listener?.name ?? '';
      throw listenProblem(error as NodeJS.ErrnoException, name, port, this.#address);
    }
  }

  async #drained(endpoints: readonly Endpoint[]): Promise<void> {
    const ids = new Set(endpoints.map(({ id }) => id));
    const deadline = performance.now() + this.#plan.config.failover.drainTimeoutMs;
    const busy = (): boolean => this.#balancer.endpoints().some(({ endpoint, active }) => ids.has(endpoint.id) && active > 0);
    while (busy() && performance.now() < deadline) await wait(DRAIN_POLL_MS);
  }
}
