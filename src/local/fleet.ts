import { randomUUID } from 'node:crypto';
import { formatIssue, type ParsedResource } from '../config/parse-resources.ts';
import type { Notice } from '../status/notices.ts';
import type { Status } from '../status/types.ts';
import { RESTARTS, type RestartPolicy } from './backoff.ts';
import { PortAllocator } from './free-ports.ts';
import { Guard } from './guard.ts';
import {
  assignPorts,
  type PortOverride,
  probeListeners,
  rejectAdminClashes,
  rejectClashes,
  rejectUnusedServices,
} from './listener-ports.ts';
import type { CreateBalancer } from './local-balancer.ts';
import { LocalError } from './local-error.ts';
import { type HostPort, type LocalPlan, planLocally } from './local-plan.ts';
import { LocalService } from './local-service.ts';
import type { ProcessHost } from './process-backend.ts';
import { probeSecrets, rejectUnusedSecrets } from './secrets.ts';

/** What is told of a fleet's life. */
export interface FleetEvents {
  readonly onStatus: (service: LocalService, status: Status, notices: readonly Notice[]) => void;
  /** A line that a server wrote. */
  readonly onLine: (server: string, line: string) => void;
  /** A sentence about a server's process. */
  readonly onServer: (server: string, sentence: string) => void;
  /** A sentence about a resource, worth knowing once. */
  readonly onNotice: (resource: string, sentence: string) => void;
  /** A change of the files that could not be made. */
  readonly onProblem: (message: string) => void;
}

export interface FleetOptions extends FleetEvents {
  /** Reads and checks all resources; throws a LocalError with all that is wrong. */
  readonly read: () => readonly ParsedResource[];
  readonly ports: readonly PortOverride[];
  readonly resolve: ReadonlyMap<string, readonly HostPort[]>;
  /** Directory of a Secret's files, by its name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly address: string;
  /** Of the first resource; each further one takes the next. Null: none. */
  readonly adminPort: number | null;
  readonly self: readonly string[];
  readonly createBalancer: CreateBalancer;
  readonly restarts?: RestartPolicy;
  readonly stopGraceMs?: number;
}

const STOP_GRACE_MS = 5_000;
/** How soon a change is tried again that only waits for another program to give a port back. */
const PORT_RETRY_MS = 1_000;

type Plans = ReadonlyMap<ParsedResource, LocalPlan>;

/** All resources of the files, on this machine. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #allocator = new PortAllocator();
  readonly #guard = new Guard();
  readonly #services = new Map<string, LocalService>();
  readonly #identities = new Map<string, { readonly uid: string; generation: number; spec: string }>();
  readonly #leaving = new Set<Promise<void>>();
  #reloading: Promise<void> = Promise.resolve();
  #portRetry: NodeJS.Timeout | null = null;
  /** Told already, and not to be told at each try. */
  #portProblem = '';
  #adminPorts = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get services(): readonly LocalService[] {
    return [...this.#services.values()];
  }

  /** Rejects, with nothing left running, where something of the files cannot be run. */
  async start(): Promise<void> {
    const plans = this.#plan();
    for (const { config } of plans.values()) await probeListeners(config.listeners, this.#options.address);
    try {
      for (const plan of plans.values()) await this.#add(plan);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** Reads the files again, and makes what has changed so. What cannot be done is told, and the old goes on. */
  reload(): Promise<void> {
    if (this.#portRetry !== null) clearTimeout(this.#portRetry);
    this.#reloading = this.#reloading.then(() => this.#reload()).catch((error: unknown) => this.#refused(error as Error));
    return this.#reloading;
  }

  async stop(graceMs: number): Promise<void> {
    await this.#reloading;
    if (this.#portRetry !== null) clearTimeout(this.#portRetry);
    const stopping = this.services.map((service) => service.stop(graceMs));
    this.#services.clear();
    await Promise.all([...stopping, ...this.#leaving]);
    this.#guard.close();
  }

  /** Ends every server at once; for when this process ends without having been asked. */
  kill(): void {
    for (const service of this.services) service.kill();
  }

  /** Other mistakes wait for the file to change; a port may become free without that. */
  #refused(error: Error): void {
    const portTaken = error instanceof LocalError && error.code === 'Listen';
    if (!portTaken || error.message !== this.#portProblem) this.#options.onProblem(error.message);
    this.#portProblem = portTaken ? error.message : '';
    if (portTaken) this.#portRetry = setTimeout(() => void this.reload(), PORT_RETRY_MS);
  }

  #plan(): Plans {
    const { read, ports, resolve, secrets } = this.#options;
    const resources = read();
    rejectUnusedServices(resolve, resources);
    rejectUnusedSecrets(secrets, resources);
    const assigned = assignPorts(ports, resources);
    const plans = new Map<ParsedResource, LocalPlan>();
    const problems: string[] = [];
    for (const parsed of resources) {
      const name = parsed.resource.metadata.name ?? '';
      const { uid, generation } = this.#identify(name, parsed);
      const { plan, issues } = planLocally(parsed, { ports: assigned.get(name) ?? new Map(), resolve, secrets, uid, generation });
      problems.push(...issues.map(formatIssue));
      if (plan !== null) plans.set(parsed, plan);
    }
    if (problems.length > 0) throw new LocalError('Resource', problems);
    rejectClashes(plans);
    rejectAdminClashes(plans, this.#options.adminPort);
    probeSecrets(plans);
    return plans;
  }

  /** As an API server does: the generation grows with each change of the spec. */
  #identify(name: string, { resource }: ParsedResource): { uid: string; generation: number } {
    const spec = JSON.stringify(resource.spec);
    const known = this.#identities.get(name) ?? { uid: randomUUID(), generation: 0, spec: '' };
    if (known.spec !== spec) {
      known.generation += 1;
      known.spec = spec;
    }
    this.#identities.set(name, known);
    return known;
  }

  async #reload(): Promise<void> {
    const plans = this.#plan();
    const wanted = new Map([...plans.values()].map((plan) => [plan.config.name, plan]));
    await this.#probeNewPorts(wanted);
    this.#portProblem = '';
    for (const [name, service] of [...this.#services]) {
      const plan = wanted.get(name);
      if (plan === undefined) this.#remove(name, service);
      else if (plan.config.generation !== service.plan.config.generation) await this.#update(service, plan);
    }
    for (const [name, plan] of wanted) {
      if (this.#services.has(name)) continue;
      await this.#add(plan);
      this.#options.onNotice(name, `is added: ${this.#services.get(name)?.urls.join(', ')}`);
    }
  }

  async #probeNewPorts(wanted: ReadonlyMap<string, LocalPlan>): Promise<void> {
    const bound = new Set(this.services.flatMap(({ plan }) => plan.config.listeners.map(({ bindPort }) => bindPort)));
    for (const { config } of wanted.values()) {
      const fresh = config.listeners.filter(({ bindPort }) => !bound.has(bindPort));
      await probeListeners(fresh, this.#options.address);
    }
  }

  async #add(plan: LocalPlan): Promise<void> {
    const { address, adminPort, createBalancer, onStatus } = this.#options;
    this.#reserve(plan);
    const service = new LocalService({
      plan,
      host: this.#host(plan.config.name),
      address,
      adminPort: adminPort === null || adminPort === 0 ? adminPort : adminPort + this.#adminPorts++,
      createBalancer,
      onStatus,
    });
    // Known before it is started, so that a fleet that is stopped meanwhile stops it too.
    this.#services.set(plan.config.name, service);
    try {
      await service.start();
    } catch (error) {
      this.#services.delete(plan.config.name);
      throw error;
    }
    this.#tellNotices(plan);
  }

  async #update(service: LocalService, plan: LocalPlan): Promise<void> {
    this.#reserve(plan);
    const before = service.urls.join(', ');
    try {
      await service.update(plan);
      this.#options.onNotice(service.name, `generation ${plan.config.generation} of the file is applied`);
      const now = service.urls.join(', ');
      if (now !== before) this.#options.onNotice(service.name, `listening on ${now}`);
      this.#tellNotices(plan);
      if (plan.workers !== service.workers) {
        this.#options.onNotice(service.name, `spec.balancer.dedicated.workers: there are ${service.workers} until it is started again`);
      }
    } catch (error) {
      this.#options.onProblem(`${(error as Error).message}; ${service.name} goes on as before`);
    }
  }

  #remove(name: string, service: LocalService): void {
    this.#services.delete(name);
    const gone = service.stop(service.plan.config.failover.drainTimeoutMs);
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
    this.#options.onNotice(name, 'is not in the files any more: it finishes what it has, and ends');
  }

  /** No server may take a port that one of the listeners wants. */
  #reserve({ config }: LocalPlan): void {
    for (const { bindPort } of config.listeners) this.#allocator.reserve(bindPort);
  }

  #tellNotices({ config, notices }: LocalPlan): void {
    for (const notice of notices) this.#options.onNotice(config.name, notice);
  }

  #host(resource: string): ProcessHost {
    const { self, restarts = RESTARTS, stopGraceMs = STOP_GRACE_MS, onLine, onServer } = this.#options;
    const named = (server: string): string => (this.#identities.size > 1 ? `${resource}/${server}` : server);
    return {
      allocator: this.#allocator,
      guard: this.#guard,
      restarts,
      stopGraceMs,
      self,
      onLine: (server, line) => onLine(named(server), line),
      onEvent: (server, sentence) => onServer(named(server), sentence),
    };
  }
}
