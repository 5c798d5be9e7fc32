import type { QueueObserver, WorkResult } from '../kube/queue.ts';
import { Registry } from '../telemetry/metrics.ts';

/** As controller-runtime labels them: dashboards that know it show this operator too. */
const CONTROLLER = 'loadbalancedservice';
const QUEUE = ['name', 'controller'];
/** So that each is there before the first of it. */
const RESULTS: readonly WorkResult[] = ['success', 'error', 'requeue', 'requeue_after'];
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface OperatorFacts {
  readonly isLeader: () => boolean;
  readonly leaseName: string;
  /** Conditions of all resources: type, status. */
  readonly conditions: () => Iterable<{ readonly type: string; readonly status: string }>;
  readonly contactAgeMs: () => number;
  readonly eventsDropped: () => number;
  /** For how long each resource that is being worked on has been. */
  readonly workAgesMs: () => readonly number[];
  readonly workers: number;
  /** Host and port of the API server. */
  readonly apiHost: string;
  /** Resources whose balancers are replaced because the operator is another one, and those that wait for their turn. */
  readonly rollouts: () => { readonly rolling: number; readonly waiting: number };
}

/** Metrics of the operator, by controller-runtime's and client-go's names where they have one. */
export class OperatorMetrics implements QueueObserver {
  readonly #apiHost: string;
  readonly #registry = new Registry();
  readonly #reconciles = this.#registry.counter(
    'controller_runtime_reconcile_total',
    'Reconciliations by result (`requeue_after`: one that asked to be done again later).',
    ['controller', 'result'],
  );
  readonly #errors = this.#registry.counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed.', ['controller']);
  readonly #reconcileSeconds = this.#registry.histogram(
    'controller_runtime_reconcile_time_seconds',
    'Time a reconciliation took.',
    SECONDS,
    ['controller'],
  );
  readonly #depth = this.#registry.gauge('workqueue_depth', 'Resources that wait to be reconciled.', QUEUE);
  readonly #adds = this.#registry.counter('workqueue_adds_total', 'Additions to the queue.', QUEUE);
  readonly #waitSeconds = this.#registry.histogram(
    'workqueue_queue_duration_seconds',
    'Time that an item waited to be taken.',
    SECONDS,
    QUEUE,
  );
  readonly #workSeconds = this.#registry.histogram('workqueue_work_duration_seconds', 'Time that one item took.', SECONDS, QUEUE);
  readonly #retries = this.#registry.counter('workqueue_retries_total', 'Additions to the queue after a failure.', QUEUE);
  readonly #requests = this.#registry.counter('rest_client_requests_total', 'Requests to the API server by status code, method and host.', [
    'code',
    'method',
    'host',
  ]);
  readonly #writes = this.#registry.counter('evenkeel_object_writes_total', 'Objects written, by verb and kind.', ['verb', 'kind']);

  constructor(facts: OperatorFacts) {
    this.#apiHost = facts.apiHost;
    this.#workNow(facts);
    this.#state(facts);
    this.#process();
    for (const result of RESULTS) this.#reconciles.with(CONTROLLER, result);
    this.#errors.with(CONTROLLER);
    for (const family of [this.#adds, this.#retries]) family.with(CONTROLLER, CONTROLLER);
    this.depth(0);
  }

  depth(keys: number): void {
    this.#depth.with(CONTROLLER, CONTROLLER).set(keys);
  }

  added(): void {
    this.#adds.with(CONTROLLER, CONTROLLER).inc();
  }

  taken(waitedMs: number): void {
    this.#waitSeconds.with(CONTROLLER, CONTROLLER).observe(waitedMs / 1000);
  }

  retried(): void {
    this.#retries.with(CONTROLLER, CONTROLLER).inc();
  }

  worked(durationMs: number, result: WorkResult): void {
    this.#reconciles.with(CONTROLLER, result).inc();
    if (result === 'error') this.#errors.with(CONTROLLER).inc();
    this.#reconcileSeconds.with(CONTROLLER).observe(durationMs / 1000);
    this.#workSeconds.with(CONTROLLER, CONTROLLER).observe(durationMs / 1000);
  }

  wrote(verb: string, kind: string): void {
    this.#writes.with(verb, kind).inc();
  }

  answered(method: string, status: number | null): void {
    // Where there is no answer, as client-go has it.
    this.#requests.with(status === null ? '<error>' : String(status), method, this.#apiHost).inc();
  }

  render(): string {
    return this.#registry.render();
  }

  #workNow({ workAgesMs, workers }: OperatorFacts): void {
    const registry = this.#registry;
    const seconds = (): number[] => workAgesMs().map((ms) => ms / 1000);
    registry
      .gauge('workqueue_unfinished_work_seconds', 'Time that what is being worked on has taken so far, summed.', QUEUE)
      .collect((metric) => metric.with(CONTROLLER, CONTROLLER).set(seconds().reduce((sum, each) => sum + each, 0)));
    registry
      .gauge('workqueue_longest_running_processor_seconds', 'Time that the longest of it has taken so far.', QUEUE)
      .collect((metric) => metric.with(CONTROLLER, CONTROLLER).set(Math.max(0, ...seconds())));
    registry
      .gauge('controller_runtime_active_workers', 'Resources that are being worked on.', ['controller'])
      .collect((metric) => metric.with(CONTROLLER).set(workAgesMs().length));
    registry
      .gauge('controller_runtime_max_concurrent_reconciles', 'Resources that may be worked on at once.', ['controller'])
      .collect((metric) => metric.with(CONTROLLER).set(workers));
  }

  #state(facts: OperatorFacts): void {
    const registry = this.#registry;
    registry
      .gauge('leader_election_master_status', '1 while this replica leads.', ['name'])
      .collect((metric) => metric.with(facts.leaseName).set(facts.isLeader() ? 1 : 0));
    registry.gauge('evenkeel_resource_conditions', 'Resources by condition and its status.', ['type', 'status']).collect((metric) => {
      metric.reset();
      for (const { type, status } of facts.conditions()) metric.with(type, status).value++;
    });
    registry
      .gauge('evenkeel_api_contact_age_seconds', 'Time since the watch that has been down for longest lost contact; 0: all are up.')
      .collect((metric) => metric.with().set(facts.contactAgeMs() / 1000));
    registry.counter('evenkeel_events_dropped_total', 'Events that could not be written.').collect((metric) => {
      metric.with().value = facts.eventsDropped();
    });
    registry
      .gauge('evenkeel_balancer_rollouts', 'Resources whose balancers are being replaced by those of this release, or wait for it.', [
        'state',
      ])
      .collect((metric) => {
        const { rolling, waiting } = facts.rollouts();
        metric.with('rolling').set(rolling);
        metric.with('waiting').set(waiting);
      });
  }

  #process(): void {
    const registry = this.#registry;
    registry.gauge('process_resident_memory_bytes', 'Resident memory.').collect((metric) => metric.with().set(process.memoryUsage.rss()));
    registry.counter('process_cpu_seconds_total', 'User and system CPU time.').collect((metric) => {
      const { user, system } = process.cpuUsage();
      metric.with().value = (user + system) / 1e6;
    });
  }
}
