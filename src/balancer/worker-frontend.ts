import { heedsAnswers } from '../health/machine.ts';
import type { HealthEvent, TrafficUnanswered } from '../health/record.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { sumMetrics } from '../telemetry/sum-metrics.ts';
import { certificateSource } from '../tls/secret-sources.ts';
import type { EndpointLoad, Frontend, FrontendSurroundings } from './frontend.ts';
import type { ShownCertificate } from './listeners.ts';
import type { FromWorker } from './worker-messages.ts';
import { WorkerPorts } from './worker-ports.ts';
import { WorkerSlot } from './worker-slot.ts';

export interface WorkersOptions {
  readonly count: number;
  /** Words that start this program as a worker. */
  readonly command: readonly string[];
  /** One that has not said anything for this long hangs, and is replaced; 15 s unless given. They speak every second. */
  readonly silentMs?: number;
}

const SILENT_MS = 15_000;
const LOOK_MS = 1_000;
/** For how long the word of other workers on a silent endpoint is waited for. They have it at once, unless they are starved. */
const HEARD_MS = 15;
/** After this long, a worker that was asked to end is made to. */
const CLOSE_MS = 3_000;

/**
 * Several processes take the requests. Health is judged here, from what all of them see and from heartbeats, and they are told; see
 * docs/adr/0007.
 */
export class WorkerFrontend implements Frontend {
  readonly #in: FrontendSurroundings;
  readonly #slots: readonly WorkerSlot[];
  readonly #ports: WorkerPorts;
  #config: BalancerConfig | null = null;
  #endpoints: readonly Endpoint[] | null = null;
  #stale = false;
  #version = 0;
  /** Ports are being looked at: what comes meanwhile is told with the configuration. */
  #looking: Promise<unknown> | null = null;
  #beliefs = new Map<string, Upstream>();
  #checked = new Set<string>();
  #telling = false;
  /** Keys of endpoints that the other workers are being asked about. */
  readonly #asking = new Set<string>();

  constructor(surroundings: FrontendSurroundings, { count, command, silentMs = SILENT_MS }: WorkersOptions) {
    const { clock, time, sweep, registry, address } = surroundings;
    this.#in = surroundings;
    this.#ports = new WorkerPorts(address);
    const clockZero = Number(process.hrtime.bigint()) / 1e6 - clock();
    this.#slots = Array.from(
      { length: count },
      (_, worker) =>
        new WorkerSlot({
          terms: { type: 'Start', worker, workers: count, address, clockZero },
          command,
          surroundings,
          onStart: (slot) => this.#tellAll(slot),
          onMessage: (slot, message) => this.#told(slot, message),
        }),
    );
    sweep.every(LOOK_MS, () => {
      for (const slot of this.#slots) slot.look(time.now(), silentMs);
    });
    registry.gauge('evenkeel_workers', 'Workers that run.').collect((gauge) => {
      gauge.with().set(this.#slots.filter(({ running }) => running).length);
    });
    registry.counter('evenkeel_worker_restarts_total', 'Workers that ended, and were started again.').collect((counter) => {
      counter.with().value = this.#slots.reduce((sum, { restarts }) => sum + restarts, 0);
    });
    for (const slot of this.#slots) slot.start();
  }

  async configure(config: BalancerConfig): Promise<void> {
    this.#config = config;
    let failure: Error | null = null;
    const looked = this.#looking !== null || !this.#ports.has(config);
    if (looked) {
      const looking = Promise.resolve(this.#looking).then(() => (this.#config === config ? this.#ports.look(config) : null));
      this.#looking = looking;
      failure = await looking;
      if (this.#looking !== looking) return; // a newer one is on its way
      this.#looking = null;
    } else {
      this.#ports.keep(config);
    }
    const applied = this.#slots.map((slot) => slot.configure(this.#ports.bind(config)));
    if (looked) this.#tellEndpoints(this.#slots);
    const first = failure ?? (await Promise.all(applied)).find((each) => each !== null);
    if (first) throw first;
  }

  setEndpoints(endpoints: readonly Endpoint[], stale: boolean): void {
    this.#endpoints = endpoints;
    this.#stale = stale;
    this.#version += 1;
    if (this.#looking === null) this.#tellEndpoints(this.#slots);
  }

  believe(upstream: Upstream): void {
    this.#beliefs.set(upstream.key, upstream);
    this.#soon();
  }

  checked(endpointId: string): void {
    this.#checked.add(endpointId);
    this.#soon();
  }

  /** Process ids of the workers that run. */
  get pids(): readonly number[] {
    return this.#slots.flatMap(({ pid }) => (pid === 0 ? [] : [pid]));
  }

  port(listener: string): number {
    return this.#ports.of(listener);
  }

  /** As long as one of them serves. */
  get ready(): boolean {
    return this.#slots.some(({ status }) => status?.ready === true);
  }

  /** Looked at here: each worker shows the same, and what they tell as metrics is summed up. */
  get certificates(): readonly ShownCertificate[] {
    return (this.#config?.listeners ?? []).flatMap(({ name, tls }) =>
      (tls?.certificates ?? []).flatMap((files) => {
        const { secret, content } = certificateSource(files);
        content.look();
        return content.value === null ? [] : { listener: name, secret, notAfter: content.value.notAfter };
      }),
    );
  }

  get problems(): readonly string[] {
    return [...new Set(this.#slots.flatMap(({ status }) => status?.problems ?? []))];
  }

  /** They do so by themselves. */
  lookAtSecrets(): void {}

  loadOf({ key }: Upstream): EndpointLoad {
    const sum = { requests: 0, active: 0, connections: 0 };
    for (const slot of this.#slots) {
      const { requests, active, connections } = slot.loadOf(key);
      sum.requests += requests;
      // One that goes by an older list may be sending it a request.
      sum.active += active + (slot.running && (slot.status?.version ?? this.#version) < this.#version ? 1 : 0);
      sum.connections += connections;
    }
    return sum;
  }

  metrics(): string {
    return sumMetrics([this.#in.registry.render(), ...this.#slots.map(({ metrics }) => metrics)]);
  }

  drain(): void {
    for (const slot of this.#slots) {
      slot.last();
      slot.send({ type: 'Drain' });
    }
  }

  stopAccepting(): void {
    for (const slot of this.#slots) slot.send({ type: 'StopAccepting' });
  }

  async emptied(timeoutMs: number): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.emptied(timeoutMs)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close(CLOSE_MS)));
  }

  #told(slot: WorkerSlot, message: Exclude<FromWorker, { type: 'Answer' }>): void {
    switch (message.type) {
      case 'Seen':
        for (const [key, event] of message.events) this.#seen(slot, key, event);
        break;
      case 'Settled':
        this.#in.onSettled(message.key, message.how);
        break;
      case 'Status':
        this.#in.onChange();
        break;
      case 'Log':
        this.#in.logger[message.level](message.message, { ...message.fields, worker: slot.number });
    }
  }

  #seen(slot: WorkerSlot, key: string, event: HealthEvent): void {
    const upstream = this.#in.pool.find(key);
    if (!upstream) return;
    if (event.type === 'TrafficUnanswered') void this.#unanswered(slot, upstream, event);
    else this.#in.pool.heard(upstream, event);
  }

  /** It owes one worker an answer. Where it speaks to another it is there, and slow by nature. */
  async #unanswered(slot: WorkerSlot, upstream: Upstream, event: TrafficUnanswered): Promise<void> {
    const { key } = upstream;
    if (upstream.health.state !== 'Healthy' || this.#asking.has(key)) return;
    this.#asking.add(key);
    const others = this.#slots.filter((each) => each !== slot && each.running);
    const question = { type: 'HasHeard', key, since: event.unansweredSince } as const;
    const answers = await Promise.all(others.map((each) => each.ask(question, HEARD_MS)));
    this.#asking.delete(key);
    if (answers.includes(true)) slot.send({ type: 'Heard', key });
    else if (this.#in.pool.find(key) === upstream) this.#in.pool.heard(upstream, event);
  }

  /** What has changed goes out once for all that happens now. */
  #soon(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const beliefs = [...this.#beliefs].map(([key, { health }]) => [key, health] as const);
      const ids = [...this.#checked];
      this.#beliefs = new Map();
      this.#checked = new Set();
      for (const slot of this.#slots) {
        if (ids.length > 0) slot.send({ type: 'Checked', ids });
        if (beliefs.length > 0) slot.send({ type: 'Beliefs', beliefs });
      }
    });
  }

  /** One that has just started. */
  #tellAll(slot: WorkerSlot): void {
    if (this.#config === null || this.#looking !== null) return;
    void slot.configure(this.#ports.bind(this.#config)).then((error) => {
      if (error) this.#in.logger.error('a worker cannot listen', { worker: slot.number, error });
    });
    this.#tellEndpoints([slot]);
  }

  #tellEndpoints(slots: readonly WorkerSlot[]): void {
    if (this.#endpoints === null) return;
    const beliefs = [...this.#in.pool.upstreams]
      .filter(({ health }) => health.state !== 'Healthy' || heedsAnswers(health))
      .map(({ key, health }) => [key, health] as const);
    for (const slot of slots) {
      slot.send({ type: 'Endpoints', version: this.#version, endpoints: this.#endpoints, stale: this.#stale });
      if (beliefs.length > 0) slot.send({ type: 'Beliefs', beliefs });
    }
  }
}
