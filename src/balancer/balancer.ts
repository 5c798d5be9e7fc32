import { randomBytes } from 'node:crypto';
import type { Outcome } from '../health/machine.ts';
import type { CheckResult } from '../heartbeat/check-result.ts';
import { Heartbeats } from '../heartbeat/heartbeats.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { BalancerConfig } from '../model/config.ts';
import { type Endpoint, endpointKey } from '../model/endpoint.ts';
import type { ConfigTarget, HealthSink } from '../model/ports.ts';
import type { BalancerReportBody } from '../model/report.ts';
import type { LogOutput } from '../proxy/access-log.ts';
import { LoopTime } from '../proxy/loop-time.ts';
import { Sweep } from '../proxy/sweep.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { describeError, type Logger } from '../telemetry/logger.ts';
import { type Counter, type Metric, Registry } from '../telemetry/metrics.ts';
import { BackendTalks } from '../tls/backend-talk.ts';
import { logSecrets } from '../tls/secret-log.ts';
import { AdminServer } from './admin-server.ts';
import { Egress } from './egress.ts';
import { FailoverRecorder } from './failover-recorder.ts';
import type { CreateFrontend, Frontend } from './frontend.ts';
import { Pool } from './pool.ts';
import { poolConfig } from './pool-config.ts';
import { registerPoolMetrics, registerProcessMetrics } from './pool-metrics.ts';
import { ProcessFrontend } from './process-frontend.ts';
import { buildReport } from './report.ts';
import { Reporter } from './reporter.ts';
import type { EndpointSnapshot } from './snapshot.ts';

export interface BalancerOptions {
  readonly sink: HealthSink;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the listeners bind. */
  readonly address: string;
  /** Port of /healthz, /readyz and /metrics; null: none. 0: any free one. */
  readonly adminPort: number | null;
  /** Where that one binds: `address` unless given. */
  readonly adminAddress?: string;
  /** A report goes out at least this often, changed or not; a change goes out within 100 ms or so. */
  readonly reportIntervalMs: number;
  /** While going down, for how long new connections are still taken, so that everybody can learn of it; 0 unless given. */
  readonly drainDelayMs?: number;
  /** In a cluster: addresses of the API server that are known here already. Left out: this is no cluster, and servers may be anywhere. */
  readonly apiServers?: readonly string[];
  /** Where the access log goes: standard output unless given. */
  readonly accessLogStream?: LogOutput;
  /** What takes the requests: this process unless given. */
  readonly createFrontend?: CreateFrontend;
}

const SUSPICION_MS = 10;
const DEADLINES_MS = 100;
const REPORT_TICK_MS = 50;
/** How often the files of Secrets are looked at. */
const SECRETS_MS = 1_000;

/**
 * The balancer: takes configuration and endpoints from whoever follows them, serves traffic, sends heartbeats, and tells the sink what it
 * sees. It knows nothing of clusters or files.
 */
export class Balancer implements ConfigTarget {
  readonly #options: BalancerOptions;
  readonly #logger: Logger;
  readonly #registry = new Registry();
  readonly #transitions: Metric<Counter>;
  readonly #time: LoopTime;
  readonly #sweep: Sweep;
  readonly #recorder = new FailoverRecorder(randomBytes(4).toString('hex'));
  readonly #egress: Egress;
  readonly #talks: BackendTalks;
  readonly #heartbeats: Heartbeats;
  readonly #heartbeatMs = new Map<string, number>();
  readonly #pool: Pool;
  readonly #frontend: Frontend;
  readonly #reporter: Reporter;
  readonly #admin: AdminServer | null;
  #config: BalancerConfig | null = null;
  #configError = '';
  /** What of the Secrets of the newest configuration cannot be used, a sentence each. */
  #secretProblems: readonly string[] = [];
  #endpoints: readonly Endpoint[] | null = null;
  #stale = false;
  #listening: Promise<void> = Promise.resolve();
  #bound = false;
  #draining = false;

  constructor(options: BalancerOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    this.#logger = logger;
    const time = new LoopTime(clock);
    this.#time = time;
    this.#sweep = new Sweep(time);
    this.#egress = new Egress(logger, options.apiServers ?? null);
    this.#talks = new BackendTalks((backend) => logSecrets(logger, { backend }), this.#egress.lookup);
    const talkOf = (backend: string) => this.#talks.of(backend);
    this.#heartbeats = new Heartbeats({ clock, random, talkOf, onResult: (id, result) => this.#checked(id, result) });
    this.#pool = new Pool({
      clock,
      time,
      random,
      talkOf,
      checkNow: (id) => this.#heartbeats.checkNow(id),
      onChange: (upstream, outcome) => this.#changed(upstream, outcome),
      onRescued: (upstream) => this.#recorder.rescued(upstream.key, clock()),
      onLost: (upstream) => this.#recorder.lost(upstream.key, clock()),
      onBelief: (upstream) => this.#frontend.believe(upstream),
    });
    const createFrontend = options.createFrontend ?? ((surroundings) => new ProcessFrontend(surroundings));
    this.#frontend = createFrontend({
      clock,
      random,
      time,
      sweep: this.#sweep,
      pool: this.#pool,
      registry: this.#registry,
      logger,
      address: options.address,
      accessLogStream: options.accessLogStream,
      onChange: () => this.#frontendChanged(),
      onSettled: (key, how) => this.#recorder[how](key, clock()),
    });
    this.#transitions = this.#registry.counter('evenkeel_endpoint_transitions_total', 'Changes of endpoints into a state.', [
      'backend',
      'state',
    ]);
    this.#reporter = new Reporter(options.sink, clock, options.reportIntervalMs, () => this.report());
    this.#admin =
      options.adminPort === null ? null : new AdminServer({ notReady: () => this.notReady(), metrics: () => this.#frontend.metrics() });
    registerPoolMetrics(this.#registry, {
      endpoints: () => this.endpoints(),
      failovers: () => this.#recorder.count,
      heartbeatIntervalMs: () => this.#heartbeats.report().intervalMilliseconds,
      certificates: () => this.#frontend.certificates,
    });
    registerProcessMetrics(this.#registry);
    this.#egress.register(this.#registry);
    this.#sweep.every(SUSPICION_MS, (now) => this.#pool.tick(now, false));
    this.#sweep.every(DEADLINES_MS, (now) => this.#pool.tick(now, true));
    this.#sweep.every(SECRETS_MS, () => this.#lookAtSecrets());
    this.#sweep.every(REPORT_TICK_MS, () => this.#reporter.tick());
  }

  /** Opens the admin port. Rejects with the system's error where it cannot. */
  async start(): Promise<void> {
    const { adminAddress, address, adminPort } = this.#options;
    if (this.#admin && adminPort !== null) await this.#admin.listen(adminAddress ?? address, adminPort);
  }

  /** Resolves when every listener of the newest configuration listens; rejects with the system's error of the first that cannot. */
  listening(): Promise<void> {
    return this.#listening;
  }

  /** The port that a listener is bound to; 0: it is not. */
  port(listener: string): number {
    return this.#frontend.port(listener);
  }

  get adminPort(): number {
    return this.#admin?.port ?? 0;
  }

  applyConfig(given: BalancerConfig): void {
    const config = this.#egress.configure(given);
    this.#config = config;
    this.#configError = '';
    this.#talks.configure(config.backends);
    this.#pool.configure(poolConfig(config));
    this.#heartbeats.configure(config.heartbeat, config.listeners);
    this.#openListeners(config);
    this.#secretProblems = this.#problemsOfSecrets();
    this.#logger.info('configuration applied', { generation: config.generation });
    this.#sooner();
  }

  rejectConfig(message: string): void {
    this.#configError = message;
    this.#logger.error('configuration refused; the last good one goes on', { error: message });
    this.#sooner();
  }

  applyEndpoints(found: readonly Endpoint[], stale: boolean): void {
    const endpoints = this.#egress.admit(found);
    const previous = this.#endpoints;
    this.#endpoints = endpoints;
    this.#stale = stale;
    this.#pool.setEndpoints(endpoints, stale);
    this.#record(previous, endpoints);
    this.#frontend.setEndpoints(endpoints, stale);
    this.#heartbeats.setEndpoints(endpoints);
    this.#sooner();
  }

  /** Whose outages end, or go on elsewhere, with a change of who is there. After the pool has settled what those that left were holding. */
  #record(previous: readonly Endpoint[] | null, endpoints: readonly Endpoint[]): void {
    const left = without(previous ?? [], endpoints);
    const come = without(endpoints, previous ?? []);
    const pods = podsOf(endpoints, left);
    for (const endpoint of left) {
      const key = endpointKey(endpoint);
      if (pods.has(key) && pods.get(key) === endpoint.podName) continue;
      this.#recorder.removed(endpoint);
      this.#heartbeatMs.delete(endpoint.id);
    }
    const before = podsOf(previous ?? [], come);
    for (const endpoint of come) if (!before.has(endpointKey(endpoint))) this.#recorder.listed(endpoint, this.#options.clock());
  }

  /** Null: in service. Else why not. */
  notReady(): string | null {
    if (this.#draining) return 'going down';
    if (!this.#config) return 'no configuration yet';
    if (!this.#endpoints) return 'no endpoints yet';
    if (!this.#bound) return 'not listening yet';
    return this.#frontend.ready && this.#talks.credentials.ready ? null : this.#secretProblems.join('; ');
  }

  /** Of this process: where workers take the requests, the admin port tells theirs too. */
  metrics(): string {
    return this.#registry.render();
  }

  endpoints(): readonly EndpointSnapshot[] {
    const now = this.#options.clock();
    return this.#pool.upstreams.map((upstream) => {
      const { id, endpoint, health } = upstream;
      const { requests, active, connections } = this.#frontend.loadOf(upstream);
      const forMilliseconds = Math.round(now - health.since);
      const heartbeatMilliseconds = this.#heartbeatMs.get(id) ?? null;
      return {
        endpoint,
        state: health.state,
        reason: health.reason,
        forMilliseconds,
        requests,
        active,
        connections,
        heartbeatMilliseconds,
      };
    });
  }

  report(): BalancerReportBody {
    const now = this.#options.clock();
    return buildReport({
      appliedGeneration: this.#config?.generation ?? 0,
      configError: [...(this.#configError === '' ? [] : [this.#configError]), ...this.#secretProblems].join('; '),
      endpointsStale: this.#stale,
      backends: this.#config?.backends.map(({ name }) => name) ?? [],
      endpoints: this.#pool.upstreams,
      refused: this.#egress.refused,
      heartbeat: this.#heartbeats.report(),
      failOpen: [...this.#pool.groups].filter((group) => group.failOpen).map(({ name }) => name),
      failovers: this.#recorder.reports(now),
      now,
    });
  }

  /**
   * Goes down politely: unready at once, still taking connections for drainDelayMs, answering each request with `Connection: close`;
   * then what is under way may finish, until `graceMs` after the call. Ends with `close`.
   */
  async drain(graceMs: number): Promise<void> {
    const deadline = this.#time.now() + graceMs;
    this.#draining = true;
    this.#frontend.drain();
    await this.#wait(Math.min(this.#options.drainDelayMs ?? 0, graceMs));
    this.#frontend.stopAccepting();
    await this.#frontend.emptied(Math.max(deadline - this.#time.now(), 0));
    await this.close();
  }

  /** Ends at once: what is under way is cut. */
  async close(): Promise<void> {
    this.#draining = true;
    this.#heartbeats.close();
    const closed = this.#frontend.close();
    this.#admin?.close();
    this.#pool.close();
    this.#sweep.stop();
    await this.#reporter.close();
    await closed;
  }

  #openListeners(config: BalancerConfig): void {
    const opened = this.#frontend.configure(config);
    this.#listening = opened;
    opened.then(
      () => {
        if (this.#config !== config) return;
        this.#bound = true;
        this.#sooner();
      },
      (error: unknown) => this.#cannotListen(config, error),
    );
  }

  #cannotListen(config: BalancerConfig, error: unknown): void {
    if (this.#config !== config) return;
    this.#configError = `cannot listen: ${describeError(error)}`;
    this.#logger.error('cannot listen', { error });
    this.#sooner();
  }

  #lookAtSecrets(): void {
    this.#frontend.lookAtSecrets();
    this.#talks.look();
    this.#frontendChanged();
  }

  #frontendChanged(): void {
    const problems = this.#problemsOfSecrets();
    if (problems.join() === this.#secretProblems.join()) return;
    this.#secretProblems = problems;
    this.#sooner();
  }

  #problemsOfSecrets(): readonly string[] {
    return [...this.#frontend.problems, ...this.#talks.credentials.problems];
  }

  #checked(id: string, result: CheckResult): void {
    if (result.answered) this.#heartbeatMs.set(id, result.durationMs);
    this.#pool.checked(id, result);
    if (result.answered) this.#frontend.checked(id);
  }

  #changed(upstream: Upstream, outcome: Outcome): void {
    const { state, reason } = outcome.record;
    const at = this.#options.clock();
    const fields = { endpoint: upstream.id, backend: upstream.backend, reason };
    this.#transitions.with(upstream.backend, state).inc();
    if (state === 'Unhealthy') {
      const detectionMilliseconds = outcome.detectionMilliseconds ?? 0;
      this.#recorder.out(upstream.endpoint, reason, detectionMilliseconds, at);
      this.#logger.warn('endpoint is out', { ...fields, detectionMilliseconds: Math.round(detectionMilliseconds) });
    } else if (state === 'Healthy') {
      this.#recorder.over(upstream.endpoint, at);
      this.#logger.info('endpoint is healthy', fields);
    } else {
      this.#logger.debug('endpoint is suspect', fields);
    }
    this.#sooner();
  }

  /** Something that a report tells has changed. */
  #sooner(): void {
    this.#reporter.changed();
    this.#sweep.wake();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }
}

/** Those of `all` that are not among `others`: the same objects, since a source that has no news of an endpoint delivers the object of before. */
function without(all: readonly Endpoint[], others: readonly Endpoint[]): Endpoint[] {
  const known = new Set(others);
  return all.filter((endpoint) => !known.has(endpoint));
}

/** Pods by endpoint, of those of `all` that are one of `some`. */
function podsOf(all: readonly Endpoint[], some: readonly Endpoint[]): Map<string, string | undefined> {
  const pods = new Map<string, string | undefined>();
  if (some.length === 0) return pods;
  const ids = new Set(some.map(({ id }) => id));
  for (const endpoint of all) if (ids.has(endpoint.id)) pods.set(endpointKey(endpoint), endpoint.podName);
  return pods;
}
