import type { HealthEvent } from '../health/record.ts';
import { LoopTime } from '../proxy/loop-time.ts';
import { Sweep } from '../proxy/sweep.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { type LogFields, type Logger, type LogLevel, plainFields } from '../telemetry/logger.ts';
import { Registry } from '../telemetry/metrics.ts';
import { BackendTalks } from '../tls/backend-talk.ts';
import { logSecrets } from '../tls/secret-log.ts';
import { Egress } from './egress.ts';
import { Pool } from './pool.ts';
import { poolConfig } from './pool-config.ts';
import { registerProcessMetrics } from './pool-metrics.ts';
import { ProcessFrontend } from './process-frontend.ts';
import type { FromWorker, ListenFailure, ToWorker, WorkerTerms } from './worker-messages.ts';
import { WorkerReport } from './worker-report.ts';

const SUSPICION_MS = 10;
const DEADLINES_MS = 100;
const SECRETS_MS = 1_000;
const STATUS_MS = 100;

/**
 * One of several processes that take the requests of a balancer. It chooses servers and rescues requests by itself, and believes of their
 * health what the balancer tells; what happens to endpoints here, it tells the balancer.
 */
export class Worker {
  readonly #send: (message: FromWorker) => void;
  readonly #time: LoopTime;
  readonly #clock: () => number;
  readonly #sweep: Sweep;
  readonly #egress: Egress;
  readonly #talks: BackendTalks;
  readonly #pool: Pool;
  readonly #frontend: ProcessFrontend;
  readonly #report: WorkerReport;

  /** `send` may be called with anything of FromWorker at any time. */
  constructor(terms: WorkerTerms, send: (message: FromWorker) => void) {
    const { address, workers, clockZero } = terms;
    const shift = Number(process.hrtime.bigint()) / 1e6 - clockZero - performance.now();
    const clock = () => performance.now() + shift;
    const logger = messageLogger(send);
    const registry = new Registry();
    const time = new LoopTime(clock);
    this.#send = send;
    this.#clock = clock;
    this.#time = time;
    this.#sweep = new Sweep(time);
    this.#egress = new Egress(logger, null);
    this.#talks = new BackendTalks((backend) => logSecrets(logger, { backend }), this.#egress.lookup);
    this.#pool = new Pool({
      clock,
      time,
      random: Math.random,
      talkOf: (backend) => this.#talks.of(backend),
      checkNow: () => {},
      onChange: () => {},
      onRescued: ({ key }) => send({ type: 'Settled', key, how: 'rescued' }),
      onLost: ({ key }) => send({ type: 'Settled', key, how: 'lost' }),
      report: (upstream, event) => this.#seen(upstream, event),
    });
    const surroundings = { clock, random: Math.random, time, sweep: this.#sweep, pool: this.#pool, registry, logger, address };
    this.#frontend = new ProcessFrontend({ ...surroundings, onChange: () => {}, onSettled: () => {} }, workers);
    registerProcessMetrics(registry);
    this.#egress.register(registry);
    this.#report = new WorkerReport({ send, pool: this.#pool, frontend: this.#frontend });
    this.#sweep.every(SUSPICION_MS, (now) => this.#pool.tick(now, false));
    this.#sweep.every(DEADLINES_MS, (now) => this.#pool.tick(now, true));
    this.#sweep.every(SECRETS_MS, () => this.#lookAtSecrets());
    this.#sweep.every(STATUS_MS, (now) => this.#report.tick(now));
  }

  /** What the balancer tells. Resolves when it has been done. */
  async tell(message: ToWorker): Promise<void> {
    switch (message.type) {
      case 'Config': {
        this.#egress.configure(message.config);
        this.#talks.configure(message.config.backends);
        this.#pool.configure(poolConfig(message.config));
        const failure = await this.#frontend.configure(message.config).then(() => null, listenFailure);
        this.#report.changed();
        return this.#send({ type: 'Answer', question: message.question, answer: failure });
      }
      case 'Endpoints':
        this.#pool.setEndpoints(message.endpoints, message.stale);
        return this.#report.goesBy(message.version);
      case 'Beliefs':
        for (const [key, record] of message.beliefs) this.#with(key, (upstream) => this.#pool.believe(upstream, record));
        return;
      case 'Checked':
        for (const id of message.ids) this.#pool.hasBeenChecked(id);
        return;
      case 'HasHeard':
        return this.#send({ type: 'Answer', question: message.question, answer: this.#hasHeard(message.key, message.since) });
      case 'Heard':
        return this.#with(message.key, (upstream) => upstream.silence.received(this.#time.now()));
      case 'Drain':
        return this.#frontend.drain();
      case 'StopAccepting':
        return this.#frontend.stopAccepting();
      case 'Emptied':
        await this.#frontend.emptied(message.timeoutMs);
        return this.#send({ type: 'Answer', question: message.question, answer: null });
      case 'Close':
        return this.#close();
    }
  }

  async #close(): Promise<void> {
    const closed = this.#frontend.close();
    this.#pool.close();
    this.#sweep.stop();
    this.#report.last();
    await closed;
  }

  #seen(upstream: Upstream, event: HealthEvent): void {
    this.#report.seen(upstream, event);
  }

  /** LoopTime is the clock without our own standstills, so that an age of the one is at most one of the other. */
  #hasHeard(key: string, since: number): boolean {
    const upstream = this.#pool.find(key);
    return upstream !== undefined && this.#clock() - (this.#time.now() - upstream.silence.heardAt) > since;
  }

  #with(key: string, act: (upstream: Upstream) => void): void {
    const upstream = this.#pool.find(key);
    if (upstream) act(upstream);
  }

  #lookAtSecrets(): void {
    this.#frontend.lookAtSecrets();
    this.#talks.look();
  }
}

function listenFailure(error: NodeJS.ErrnoException & { port?: number }): ListenFailure {
  return { message: error.message, code: error.code ?? '', port: error.port ?? 0 };
}

/** The balancer's log, from here. */
function messageLogger(send: (message: FromWorker) => void): Logger {
  const at =
    (level: LogLevel, own: LogFields) =>
    (message: string, fields: LogFields = {}): void =>
      send({ type: 'Log', level, message, fields: plainFields({ ...own, ...fields }) });
  const logger = (own: LogFields): Logger => ({
    debug: at('debug', own),
    info: at('info', own),
    warn: at('warn', own),
    error: at('error', own),
    child: (fields) => logger({ ...own, ...fields }),
  });
  return logger({});
}
