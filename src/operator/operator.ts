import { KubeClient } from '../kube/client.ts';
import type { Credentials } from '../kube/credentials.ts';
import { Elector } from '../kube/elector.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events.ts';
import { WorkQueue } from '../kube/queue.ts';
import { collectionPath, type ResourceRef, Resources } from '../kube/resources.ts';
import { atMost, sleep, systemTimers, type Timers } from '../kube/timers.ts';
import type { Random } from '../model/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AdminServer } from './admin-server.ts';
import { ApiServers } from './api-servers.ts';
import { Caches, CHILD_KINDS } from './caches.ts';
import { leaderOnly } from './leader-client.ts';
import { OperatorMetrics } from './metrics.ts';
import { NodeEvents } from './node-events.ts';
import { ObjectWriter } from './object-writer.ts';
import { Reconciler } from './reconciler.ts';
import { releaseOf } from './rollout.ts';
import { RolloutGate } from './rollout-gate.ts';
import { StatusWriter } from './status-writer.ts';

export interface OperatorOptions {
  readonly credentials: Credentials;
  /** Image of the balancers that it makes. */
  readonly balancerImage: string;
  /** CIDRs in which servers that a resource gives by address must lie. */
  readonly allowedAddresses: readonly string[];
  /** Only resources of this namespace; null: of all. */
  readonly watchNamespace: string | null;
  /** The Lease that chooses the one of several replicas that works; null: this is the only one. */
  readonly lease: { readonly namespace: string; readonly name: string } | null;
  /** Who this is, in the Lease and in Events: the pod's name. */
  readonly identity: string;
  /** Of /healthz, /readyz and /metrics. */
  readonly address: string;
  readonly adminPort: number;
  /** Resources worked on at once. */
  readonly workers: number;
  /** Resources whose balancers are replaced at once when this operator makes other pods than the one before it; 3 unless given. */
  readonly maxRollingBalancers?: number;
  /** A watch without event or bookmark for this long is given up; 150 s unless given. */
  readonly silenceMs?: number;
  readonly logger: Logger;
  /** The system's, unless given; `wallClock` in milliseconds since the epoch. */
  readonly timers?: Timers;
  readonly wallClock?: () => number;
  readonly random?: Random;
  /** Ends the operator. */
  readonly signal: AbortSignal;
  /** Told once it listens: the admin port. */
  readonly onListening?: (port: number) => void;
}

export const MAX_ROLLING_BALANCERS = 3;
const FIELD_MANAGER = 'evenkeel';
const REPORTING_CONTROLLER = 'evenkeel.dev/operator';
/** The API server may be starting too, and rights and CRDs that were only just applied take a moment. */
const START_PATIENCE_MS = 15_000;
const START_PAUSE_MS = 1_000;
/** Reflectors come back by themselves; when they have not for this long, a new process is worth a try. */
const DEAD_CONTACT_MS = 600_000;
/** Every request has a timeout, so that no reconciliation takes this long unless something hangs. */
const DEAD_WORK_MS = 300_000;
/** Another replica takes over within three seconds of the end of this one. */
const FINISH_MS = 1_500;
const EVENTS_DEADLINE_MS = 1_000;

/** Runs until `signal` aborts, then ends in order and resolves. Rejects where it cannot start. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const operator = new Operator(options);
  try {
    await operator.run();
  } finally {
    operator.close();
  }
}

class Operator {
  readonly #options: OperatorOptions;
  readonly #timers: Timers;
  readonly #client: KubeClient;
  readonly #caches: Caches;
  readonly #apiServers: ApiServers;
  readonly #reconciler: Reconciler;
  readonly #events: EventRecorder;
  readonly #nodeEvents: NodeEvents;
  readonly #metrics: OperatorMetrics;
  readonly #gate: RolloutGate;
  readonly #admin: AdminServer;
  readonly #elector: Elector | null;
  /** Since when each resource is being worked on. */
  readonly #working = new Map<string, number>();
  /** Null: this replica does not lead. */
  #queue: WorkQueue | null = null;
  /** Until the work of the last term is done: no resource is worked on twice at once. */
  #stopping: Promise<void> = Promise.resolve();

  constructor(options: OperatorOptions) {
    const { logger, lease, timers = systemTimers, wallClock = Date.now } = options;
    const { now } = timers;
    this.#options = options;
    this.#timers = timers;
    const client = new KubeClient(options.credentials, {
      userAgent: 'evenkeel-operator',
      timers,
      onAnswer: (method, status) => this.#metrics.answered(method, status),
    });
    this.#client = client;
    this.#elector = lease === null ? null : this.#createElector(lease);
    this.#events = new EventRecorder({
      client,
      reportingController: REPORTING_CONTROLLER,
      reportingInstance: options.identity,
      timers,
      wallClock,
      logger,
    });
    // Who looks after one namespace alone has no rights in `default`, where Events about nodes stand.
    this.#nodeEvents = new NodeEvents({ recorder: this.#events, timers, mayTellOfNodes: options.watchNamespace === null });
    this.#metrics = this.#createMetrics();
    const writes = leaderOnly(client, () => this.#leads);
    const objects = new ObjectWriter({ client: writes, logger, now, onWrite: (verb, kind) => this.#metrics.wrote(verb, kind) });
    this.#caches = new Caches({
      client,
      namespace: options.watchNamespace ?? undefined,
      silenceMs: options.silenceMs,
      logger,
      timers,
      random: options.random,
      wallClock,
      onChange: (key, urgency) => this.#queue?.add(key, urgency),
      onGone: (key, child) => objects.forgetObject(key, child),
    });
    const gate = new RolloutGate({
      max: options.maxRollingBalancers ?? MAX_ROLLING_BALANCERS,
      underWay: () => this.#caches.underWay(),
      wake: (key) => this.#queue?.add(key),
      now,
    });
    this.#gate = gate;
    this.#apiServers = new ApiServers({
      client,
      server: options.credentials.server,
      timers,
      random: options.random,
      logger,
      onChange: () => this.#all(),
    });
    this.#reconciler = new Reconciler({
      release: releaseOf(options.balancerImage),
      gate,
      caches: this.#caches,
      find: (name) => client.find(Resources.LoadBalancedService, name),
      objects,
      statuses: new StatusWriter({ client: writes, now, wallClock }),
      events: this.#nodeEvents,
      balancerImage: options.balancerImage,
      egress: () => ({ allowedAddresses: options.allowedAddresses, apiServers: this.#apiServers.list() }),
      logger,
      wallClock,
      later: (key, ms, urgency) => this.#queue?.addAfter(key, ms, urgency),
    });
    this.#admin = new AdminServer({
      address: options.address,
      port: options.adminPort,
      dead: () => this.#dead(),
      unready: () => this.#unready(),
      metrics: () => this.#metrics.render(),
    });
  }

  get #leads(): boolean {
    return this.#elector === null ? this.#queue !== null : this.#elector.isLeader;
  }

  /** Ends its connections. */
  close(): void {
    this.#client.close();
  }

  async run(): Promise<void> {
    const { signal, logger, credentials } = this.#options;
    const port = await this.#admin.listen();
    this.#options.onListening?.(port);
    try {
      await this.#meetCluster();
      logger.info('started', { adminPort: port, server: credentials.server.origin });
      this.#caches.start();
      await Promise.race([Promise.all([this.#caches.synced(), this.#apiServers.start()]), aborted(signal)]);
      if (!signal.aborted) {
        logger.info('caches are filled', { resources: this.#caches.resources.keys().length });
        if (this.#elector === null) this.#lead();
        else this.#elector.start();
      }
      await aborted(signal);
      logger.info('ending');
    } finally {
      await this.#end();
    }
  }

  /**
   * So that a missing cluster, CRD or right is told once, and not by watches that fail for ever. Until the cluster has
   * answered nothing is logged above debug: what it ends with is then the one line that a person reads.
   */
  async #meetCluster(): Promise<void> {
    const { signal, logger } = this.#options;
    const deadline = this.#timers.now() + START_PATIENCE_MS;
    while (!signal.aborted) {
      try {
        await this.#tryToList(Resources.LoadBalancedService);
        for (const resource of [Resources.BalancerReport, Resources.Pod, ...CHILD_KINDS]) {
          await this.#tryToList(resource).catch((error: unknown) => {
            // Anything else may pass, and watches are there to outlast it.
            if (isForbidden(error)) throw error;
          });
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (this.#timers.now() >= deadline) throw isNotFound(error) ? new CrdMissingError(error) : error;
        logger.debug('the cluster does not answer as it should, trying again', { error });
        await sleep(this.#timers, START_PAUSE_MS, signal);
      }
    }
  }

  async #tryToList(resource: ResourceRef): Promise<void> {
    const { signal, watchNamespace } = this.#options;
    const attempted = `list ${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`;
    await this.#client.request('GET', collectionPath(resource, watchNamespace ?? undefined), { query: { limit: 1 }, signal, attempted });
  }

  /**
   * A standby's watches may have been silent, and what it has not seen it must not undo: it looks anew first. Lists of seconds ago do
   * not do: another may have led since.
   */
  async #takeOver(): Promise<void> {
    const term = this.#elector?.acquisitions;
    await Promise.all([this.#stopping, this.#caches.refresh()]);
    if (this.#leads && this.#elector?.acquisitions === term) this.#lead();
  }

  #lead(): void {
    const queue = new WorkQueue({
      handler: (key) => this.#work(key),
      workers: this.#options.workers,
      timers: this.#timers,
      logger: this.#options.logger,
      observer: this.#metrics,
    });
    this.#queue = queue;
    this.#all();
    queue.start();
  }

  /** Every resource has to be looked at. */
  #all(): void {
    for (const key of this.#caches.resources.keys()) this.#queue?.add(key);
  }

  async #stopLeading(): Promise<void> {
    const queue = this.#queue;
    await queue?.shutDown();
    if (this.#queue === queue) this.#queue = null;
  }

  async #work(key: string): Promise<void> {
    this.#working.set(key, this.#timers.now());
    try {
      await this.#reconciler.reconcile(key);
    } finally {
      this.#working.delete(key);
    }
  }

  async #end(): Promise<void> {
    // The work in hand is finished while this replica still leads; what takes longer is the next leader's.
    await atMost(this.#timers, FINISH_MS, this.#stopLeading());
    await this.#elector?.stop();
    this.#nodeEvents.flush();
    await this.#events.close(EVENTS_DEADLINE_MS);
    await Promise.all([this.#caches.stop(), this.#apiServers.stop()]);
    await this.#admin.close();
  }

  #createElector(lease: { readonly namespace: string; readonly name: string }): Elector {
    return new Elector({
      client: this.#client,
      ...lease,
      holder: this.#options.identity,
      fieldManager: FIELD_MANAGER,
      timers: this.#timers,
      logger: this.#options.logger,
      onStarted: () => void this.#takeOver(),
      onLost: () => {
        this.#stopping = this.#stopLeading();
        return this.#stopping;
      },
    });
  }

  #createMetrics(): OperatorMetrics {
    return new OperatorMetrics({
      isLeader: () => this.#leads,
      leaseName: this.#options.lease?.name ?? 'none',
      conditions: () => this.#caches.resources.list().flatMap((resource) => resource.status?.conditions ?? []),
      contactAgeMs: () => this.#caches.lastContactAgeMs(),
      eventsDropped: () => this.#events.dropped,
      workAgesMs: () => [...this.#working.values()].map((since) => this.#timers.now() - since),
      workers: this.#options.workers,
      apiHost: this.#options.credentials.server.host,
      rollouts: () => ({ rolling: this.#caches.underWay().length, waiting: this.#gate.waiting }),
    });
  }

  #dead(): string | null {
    const age = this.#caches.lastContactAgeMs();
    if (age > DEAD_CONTACT_MS) return `no contact with the API server for ${Math.round(age / 1000)} s`;
    const now = this.#timers.now();
    const stuck = [...this.#working].find(([, since]) => now - since > DEAD_WORK_MS);
    return stuck === undefined ? null : `${stuck[0]} has been worked on for ${Math.round((now - stuck[1]) / 1000)} s`;
  }

  #unready(): string | null {
    if (this.#caches.isSynced) return null;
    const [trouble] = this.#caches.troubles();
    return `what the cluster holds is not known yet${trouble === undefined ? '' : `: ${trouble.message}`}`;
  }
}

class CrdMissingError extends Error {
  override readonly name = 'CrdMissingError';
  readonly code = 'CrdMissing';

  constructor(cause: unknown) {
    super('the cluster does not know LoadBalancedService: apply the files in crds/ first', { cause });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
