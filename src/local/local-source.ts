import type { Endpoint } from '../model/endpoint.ts';
import type { ConfigSource, ConfigTarget } from '../model/ports.ts';
import type { Workload } from '../status/input.ts';
import type { LocalPlan, ProcessPlan } from './local-plan.ts';
import { ProcessBackend, type ProcessHost } from './process-backend.ts';

export interface LocalSourceOptions {
  readonly plan: LocalPlan;
  readonly host: ProcessHost;
  /** See ProcessBackendOptions. */
  readonly drained: (endpoints: readonly Endpoint[]) => Promise<void>;
  /** Something about the servers has changed that the balancer is not told: one ended, one is started. */
  readonly onChange: () => void;
}

/** A server that never listens must not keep the others from serving. */
const SETTLE_MS = 10_000;

/** A balancer's configuration and endpoints, out of a resource file: local processes, and servers that run already. */
export class LocalSource implements ConfigSource {
  readonly #options: LocalSourceOptions;
  readonly #backends = new Map<string, ProcessBackend>();
  readonly #removed = new Set<ProcessBackend>();
  #plan: LocalPlan;
  #target: ConfigTarget | null = null;
  #stopped = false;

  constructor(options: LocalSourceOptions) {
    this.#options = options;
    this.#plan = options.plan;
  }

  /** Rejects, with no process left, where one cannot be started. */
  async start(target: ConfigTarget): Promise<void> {
    try {
      await this.#startProcesses(this.#plan.processes);
    } catch (error) {
      await this.stop();
      throw error;
    }
    await this.#settle();
    if (this.#stopped) return;
    this.#target = target;
    target.applyConfig(this.#plan.config);
    this.#deliver();
  }

  /** Goes over to a changed file. Rejects where that cannot be done; then all goes on as before. */
  async update(plan: LocalPlan): Promise<void> {
    const before = this.#plan;
    try {
      await this.#startProcesses(plan.processes);
    } catch (error) {
      await this.#startProcesses(before.processes);
      throw error;
    }
    for (const [name, backend] of [...this.#backends]) {
      if (!plan.processes.some((each) => each.backend === name)) this.#remove(name, backend);
    }
    this.#plan = plan;
    this.#target?.applyConfig(plan.config);
    this.#deliver();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#target = null;
    await Promise.all([...this.#backends.values(), ...this.#removed].map((backend) => backend.stop()));
  }

  kill(): void {
    for (const backend of [...this.#backends.values(), ...this.#removed]) backend.kill();
  }

  workloads(): ReadonlyMap<string, Workload> {
    return new Map([...this.#backends].map(([name, backend]) => [name, backend.workload()]));
  }

  /** Name and process id of the server behind an endpoint, where it is one of ours. */
  servers(): ReadonlyMap<string, { readonly name: string; readonly pid: number | null }> {
    const all = [...this.#backends.values(), ...this.#removed].flatMap((backend) => backend.servers());
    return new Map(all.map(({ endpoint, name, pid }) => [endpoint, { name, pid }]));
  }

  async #startProcesses(plans: readonly ProcessPlan[]): Promise<void> {
    const started: string[] = [];
    for (const plan of plans) {
      let backend = this.#backends.get(plan.backend);
      if (backend === undefined) {
        backend = this.#create(plan.backend);
        this.#backends.set(plan.backend, backend);
        started.push(plan.backend);
      }
      try {
        await backend.apply(plan);
      } catch (error) {
        for (const name of started) {
          await this.#backends.get(name)?.stop();
          this.#backends.delete(name);
        }
        throw error;
      }
    }
  }

  #create(name: string): ProcessBackend {
    const { host, drained, onChange } = this.#options;
    const changed = (): void => {
      this.#deliver();
      onChange();
    };
    return new ProcessBackend({ host, name, drained, onChange: changed });
  }

  #remove(name: string, backend: ProcessBackend): void {
    this.#backends.delete(name);
    this.#removed.add(backend);
    void backend.retireAll().then(() => this.#removed.delete(backend));
  }

  /** Until each server listens, or has ended once: before that, requests would only fail. */
  async #settle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const enough = setTimeout(resolve, SETTLE_MS);
    const all = Promise.all([...this.#backends.values()].map((backend) => backend.settled()));
    await Promise.race([all, promise]);
    clearTimeout(enough);
  }

  #deliver(): void {
    const processes = [...this.#backends.values(), ...this.#removed].flatMap((backend) => backend.endpoints());
    const known = new Set(this.#plan.given.map(({ id }) => id));
    // An address that the file gives, too, is the file's.
    this.#target?.applyEndpoints([...this.#plan.given, ...processes.filter(({ id }) => !known.has(id))], false);
  }
}
