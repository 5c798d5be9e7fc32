import { type Endpoint, endpointId } from '../model/endpoint.ts';
import type { Workload } from '../status/input.ts';
import type { RestartPolicy } from './backoff.ts';
import { expandCommand } from './container-command.ts';
import type { PortAllocator } from './free-ports.ts';
import type { Guard } from './guard.ts';
import { LocalError } from './local-error.ts';
import type { ProcessPlan } from './local-plan.ts';
import { type ProcessCommand, ServerProcess } from './server-process.ts';

/** What all local processes share. */
export interface ProcessHost {
  readonly allocator: PortAllocator;
  readonly guard: Guard;
  readonly restarts: RestartPolicy;
  readonly stopGraceMs: number;
  /** How this program is started: `evenkeel` as the first word of a command means this. */
  readonly self: readonly string[];
  readonly onLine: (server: string, line: string) => void;
  readonly onEvent: (server: string, sentence: string) => void;
}

interface Replica {
  readonly process: ServerProcess;
  readonly endpoints: readonly Endpoint[];
  /** Of the plan that it was started for; replicas of another are replaced. */
  readonly version: string;
  state: 'Starting' | 'Ready' | 'Draining';
}

export interface ProcessBackendOptions {
  readonly host: ProcessHost;
  /** Of the backend; names of its servers begin with it. */
  readonly name: string;
  /** Endpoints, or how many servers are ready, have changed. */
  readonly onChange: () => void;
  /** Resolves when a server that gets no more requests has finished those that it has, or has had enough time. */
  readonly drained: (endpoints: readonly Endpoint[]) => Promise<void>;
}

const ADDRESS = '127.0.0.1';

/** The servers of one backend of type Deployment, as processes of this machine. */
export class ProcessBackend {
  readonly #options: ProcessBackendOptions;
  readonly #replicas = new Set<Replica>();
  readonly #retiring = new Set<Promise<void>>();
  #count = 0;
  #desired = 0;
  #version = '';
  #serverWeight = 1;

  constructor(options: ProcessBackendOptions) {
    this.#options = options;
  }

  /**
   * Starts what is missing, and retires what is too much or outdated: the latter when those that replace it listen. Rejects, with
   * everything as it was, where a process cannot be started.
   */
  async apply(plan: ProcessPlan): Promise<void> {
    const version = JSON.stringify([plan.command.words, plan.command.environment, plan.command.workingDirectory, plan.ports]);
    const desired = plan.replicas ?? Math.max(1, this.#desired);
    const kept = this.#live().filter((replica) => replica.version === version);
    const fresh: Replica[] = [];
    try {
      while (kept.length + fresh.length < desired) fresh.push(await this.#start(plan, version));
    } catch (error) {
      await Promise.all(fresh.map((replica) => this.#end(replica)));
      throw error;
    }
    this.#desired = desired;
    this.#version = version;
    this.#serverWeight = plan.serverWeight;
    for (const replica of kept.slice(desired)) this.#retire(replica);
    const outdated = this.#live().filter((replica) => replica.version !== version);
    if (outdated.length > 0) void this.#replace(outdated, version);
  }

  /** Resolves when each server has either listened or ended for the first time. */
  async settled(): Promise<void> {
    await Promise.all(this.#live().map(({ process }) => process.firstOutcome));
  }

  endpoints(): Endpoint[] {
    return [...this.#replicas].flatMap(({ state, endpoints }) => {
      if (state === 'Starting') return [];
      return endpoints.map((endpoint) => ({ ...endpoint, weight: this.#serverWeight, lifecycle: state }));
    });
  }

  workload(): Workload {
    const ready = [...this.#replicas].filter(({ state, process }) => state === 'Ready' && process.pid !== null);
    const current = ready.filter((replica) => replica.version === this.#version).length;
    const replacing = this.#live().some((replica) => replica.version !== this.#version);
    return {
      desired: this.#desired,
      ready: ready.length,
      upToDate: current >= this.#desired && !replacing,
      rollingOut: replacing ? `servers of backend ${this.#options.name} are being replaced` : null,
      failed: null,
    };
  }

  /** Servers with their endpoints; a server with two ports has two. */
  servers(): { readonly name: string; readonly pid: number | null; readonly endpoint: string }[] {
    return [...this.#replicas].flatMap(({ process, endpoints }) =>
      endpoints.map(({ id }) => ({ name: process.name, pid: process.pid, endpoint: id })),
    );
  }

  /** Takes all servers out of service, and ends each when it has drained. */
  async retireAll(): Promise<void> {
    this.#desired = 0;
    for (const replica of this.#live()) this.#retire(replica);
    await Promise.all(this.#retiring);
  }

  /** Ends all servers now, politely. */
  async stop(): Promise<void> {
    this.#desired = 0;
    await Promise.all([...this.#replicas].map((replica) => this.#end(replica)));
  }

  /** Ends all servers at once. */
  kill(): void {
    for (const { process } of this.#replicas) process.kill();
  }

  #live(): Replica[] {
    return [...this.#replicas].filter(({ state }) => state !== 'Draining');
  }

  async #start(plan: ProcessPlan, version: string): Promise<Replica> {
    const { host, name: backend } = this.#options;
    const name = `${backend}-${++this.#count}`;
    const ports: number[] = [];
    for (const { port } of plan.ports) ports.push(await host.allocator.next(port));
    const process = new ServerProcess({
      name,
      command: commandOf(plan, name, ports, host.self),
      port: ports[0] ?? 0,
      guard: host.guard,
      restarts: host.restarts,
      stopGraceMs: host.stopGraceMs,
      onLine: (line) => host.onLine(name, line),
      onEvent: (sentence) => {
        host.onEvent(name, sentence);
        this.#options.onChange();
      },
    });
    const endpoints = plan.ports.map(({ listener }, index): Endpoint => {
      const port = ports[index] ?? 0;
      return { id: endpointId(ADDRESS, port), host: ADDRESS, port, backend, portName: listener, weight: 1, lifecycle: 'Ready' };
    });
    const replica: Replica = { process, endpoints, version, state: 'Starting' };
    try {
      await process.start();
    } catch (error) {
      for (const port of ports) host.allocator.release(port);
      throw new LocalError('Process', `${plan.place}: the servers of backend ${backend} cannot be started: ${startProblem(error, plan)}`);
    }
    this.#replicas.add(replica);
    void process.listening.then((listening) => {
      if (!listening || replica.state !== 'Starting') return;
      replica.state = 'Ready';
      this.#options.onChange();
    });
    return replica;
  }

  async #replace(outdated: readonly Replica[], version: string): Promise<void> {
    const fresh = this.#live().filter((replica) => replica.version === version);
    const listening = await Promise.all(fresh.map(({ process }) => process.listening));
    // Where those that were to replace them have been stopped, another plan has come, and sees to the outdated ones.
    if (listening.includes(false) || this.#version !== version) return;
    for (const replica of outdated) this.#retire(replica);
  }

  #retire(replica: Replica): void {
    if (replica.state === 'Draining') return;
    const served = replica.state === 'Ready';
    replica.state = 'Draining';
    this.#options.onChange();
    const gone = (served ? this.#options.drained(replica.endpoints) : Promise.resolve()).then(() => this.#end(replica));
    this.#retiring.add(gone);
    void gone.then(() => this.#retiring.delete(gone));
  }

  async #end(replica: Replica): Promise<void> {
    await replica.process.stop();
    if (!this.#replicas.delete(replica)) return;
    for (const { port } of replica.endpoints) this.#options.host.allocator.release(port);
    this.#options.onChange();
  }
}

/** PORT is the first port of the backend; PORT_HTTP that of the port named http. HOSTNAME is the server's name, as a pod's is. */
function commandOf(plan: ProcessPlan, name: string, ports: readonly number[], self: readonly string[]): ProcessCommand {
  const named = plan.ports.map(({ listener }, index) => [`PORT_${listener.toUpperCase().replaceAll('-', '_')}`, String(ports[index])]);
  const given = { PORT: String(ports[0]), ...Object.fromEntries(named), HOSTNAME: name, EVENKEEL_ADDRESS: ADDRESS };
  const { words, workingDirectory, environment } = expandCommand(plan.command, given);
  const [file = '', ...args] = words[0] === 'evenkeel' ? [...self, ...words.slice(1)] : words;
  return { file, args, directory: workingDirectory, environment };
}

function startProblem(error: unknown, { command }: ProcessPlan): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const [file] = command.words;
  if (code === 'ENOENT' && command.workingDirectory !== null)
    return `there is no program ${file}, or no directory ${command.workingDirectory}`;
  if (code === 'ENOENT') return `there is no program ${file}`;
  if (code === 'EACCES') return `${file} may not be executed`;
  return message;
}
