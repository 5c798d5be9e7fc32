import type { BalancerConfig } from '../model/config.ts';
import { countersOf, sumMetrics } from '../telemetry/sum-metrics.ts';
import type { EndpointLoad, FrontendSurroundings } from './frontend.ts';
import { restartDelay } from './restart-delay.ts';
import type { FromWorker, ListenFailure, ToWorker, WorkerStatus, WorkerTerms } from './worker-messages.ts';
import { type Answer, type Asked, WorkerProcess } from './worker-process.ts';
import { workerShare } from './worker-share.ts';

export interface WorkerSlotOptions {
  readonly terms: WorkerTerms;
  readonly command: readonly string[];
  readonly surroundings: FrontendSurroundings;
  /** A process of it has started, and is to be told everything. */
  readonly onStart: (slot: WorkerSlot) => void;
  readonly onMessage: (slot: WorkerSlot, message: Exclude<FromWorker, { type: 'Answer' }>) => void;
}

/** On a machine that is starved of CPU a start takes its time: one that is ended for it would never come to anything. */
const STARTING_MS = 60_000;
const NO_LOAD: EndpointLoad = { requests: 0, active: 0, connections: 0 };

/** One of the workers of a balancer: its process, and after that the next one. What is counted goes on through all of them. */
export class WorkerSlot {
  readonly number: number;
  readonly #options: WorkerSlotOptions;
  #process: WorkerProcess | null = null;
  #startedAt = 0;
  #heardAt = 0;
  #quickEnds = 0;
  #restarting: NodeJS.Timeout | null = null;
  #last = false;
  restarts = 0;
  #status: WorkerStatus | null = null;
  #loads = new Map<string, EndpointLoad>();
  /** Attempts that processes made which have ended, by endpoint. */
  #before = new Map<string, number>();
  #metrics = '';
  #metricsBefore = '';
  #configurations = 0;
  /** Who waits for the newest configuration to be applied. */
  #applied: PromiseWithResolvers<Error | null> | null = null;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.number = options.terms.worker;
  }

  get running(): boolean {
    return this.#process !== null;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The newest; null: it has not spoken yet. */
  get status(): WorkerStatus | null {
    return this.#status;
  }

  get metrics(): string {
    return sumMetrics([this.#metricsBefore, this.#metrics]);
  }

  loadOf(key: string): EndpointLoad {
    const load = this.#loads.get(key) ?? NO_LOAD;
    const before = this.#before.get(key) ?? 0;
    return before === 0 ? load : { ...load, requests: load.requests + before };
  }

  start(): void {
    const { terms, command, surroundings, onStart, onMessage } = this.#options;
    const { time, accessLogStream, clock } = surroundings;
    this.#restarting = null;
    this.#startedAt = clock();
    this.#heardAt = time.now();
    const process_ = new WorkerProcess({
      command,
      output: accessLogStream ?? process.stdout,
      onMessage: (message) => {
        this.#heardAt = time.now();
        if (message.type === 'Status') this.#take(message);
        onMessage(this, message);
      },
      onEnd: (how) => this.#ended(how),
    });
    this.#process = process_;
    process_.send(terms);
    onStart(this);
  }

  send(message: ToWorker): void {
    this.#process?.send(message);
  }

  ask(message: Asked<ToWorker>, patienceMs?: number): Promise<Answer | 'NoAnswer'> {
    return this.#process?.ask(message, patienceMs) ?? Promise.resolve('NoAnswer');
  }

  /** Resolves when this process, or one after it, has applied `config`, or a newer one: with the error of the first port that it cannot have. */
  configure(config: BalancerConfig): Promise<Error | null> {
    const { worker, workers } = this.#options.terms;
    const applied = (this.#applied ??= Promise.withResolvers());
    const configuration = ++this.#configurations;
    const asked = this.ask({ type: 'Config', config: workerShare(config, worker, workers) });
    void asked.then((answer) => {
      if (answer === 'NoAnswer' || configuration !== this.#configurations) return;
      this.#applied = null;
      applied.resolve(answer === null || typeof answer === 'boolean' ? null : listenError(answer));
    });
    return applied.promise;
  }

  /** Looks whether it still speaks; `now` in LoopTime. */
  look(now: number, silentMs: number): void {
    const patienceMs = this.#status === null ? Math.max(silentMs, STARTING_MS) : silentMs;
    if (!this.#process || now - this.#heardAt < patienceMs) return;
    this.#options.surroundings.logger.error('a worker hangs, and is ended', {
      worker: this.number,
      silentMs: Math.round(now - this.#heardAt),
    });
    this.#process.kill();
  }

  async emptied(timeoutMs: number): Promise<void> {
    await this.ask({ type: 'Emptied', timeoutMs }, timeoutMs);
  }

  /** No other takes its place any more. */
  last(): void {
    this.#last = true;
    if (this.#restarting) clearTimeout(this.#restarting);
    this.#applied?.resolve(null);
  }

  async close(patienceMs: number): Promise<void> {
    this.last();
    const process_ = this.#process;
    if (!process_) return;
    process_.send({ type: 'Close' });
    const late = setTimeout(() => process_.kill(), patienceMs);
    await process_.ended;
    clearTimeout(late);
  }

  #take(status: WorkerStatus): void {
    this.#status = status;
    for (const [key, requests, active, connections] of status.loads) this.#loads.set(key, { requests, active, connections });
    if (status.metrics !== null) this.#metrics = status.metrics;
  }

  #ended(how: string): void {
    const { surroundings } = this.#options;
    this.#process = null;
    this.#status = null;
    this.#metricsBefore = sumMetrics([this.#metricsBefore, countersOf(this.#metrics)]);
    this.#metrics = '';
    this.#settleLoads();
    if (this.#last) return;
    this.restarts += 1;
    this.#quickEnds = surroundings.clock() - this.#startedAt < 60_000 ? this.#quickEnds + 1 : 0;
    const delayMs = restartDelay(this.#quickEnds);
    surroundings.logger.error('a worker has ended; another takes its place', { worker: this.number, how, delayMs });
    this.#restarting = setTimeout(() => this.start(), delayMs);
    surroundings.onChange();
  }

  /** Endpoints that are not listed any more are forgotten here. */
  #settleLoads(): void {
    const { pool } = this.#options.surroundings;
    const all = [...new Set([...this.#before.keys(), ...this.#loads.keys()])].filter((key) => pool.find(key));
    this.#before = new Map(all.map((key) => [key, this.loadOf(key).requests]));
    this.#loads = new Map();
  }
}

function listenError({ message, code, port }: ListenFailure): Error {
  return Object.assign(new Error(message), { code, port });
}
