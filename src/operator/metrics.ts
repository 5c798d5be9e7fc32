import type { QueueObserver } from '../kube/queue.ts';
import { Registry } from '../telemetry/metrics.ts';

/** As controller-runtime labels them: dashboards that know it show this operator too. */
const CONTROLLER = 'loadbalancedservice';
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface OperatorFacts {
  readonly isLeader: () => boolean;
  readonly leaseName: string;
  /** Conditions of all resources: type, status. */
  readonly conditions: () => Iterable<{ readonly type: string; readonly status: string }>;
  readonly contactAgeMs: () => number;
  readonly eventsDropped: () => number;
}

/** Metrics of the operator, by controller-runtime's names where it has one. */
export class OperatorMetrics implements QueueObserver {
  readonly #registry = new Registry();
  readonly #reconciles = this.#registry.counter('controller_runtime_reconcile_total', 'Reconciliations by result.', [
    'controller',
    'result',
  ]);
  readonly #errors = this.#registry.counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed.', ['controller']);
  readonly #reconcileSeconds = this.#registry.histogram(
    'controller_runtime_reconcile_time_seconds',
    'Time a reconciliation took.',
    SECONDS,
    ['controller'],
  );
  readonly #depth = this.#registry.gauge('workqueue_depth', 'Resources that wait to be reconciled.', ['name', 'controller']);
  readonly #adds = this.#registry.counter('workqueue_adds_total', 'Additions to the queue.', ['name', 'controller']);
  readonly #retries = this.#registry.counter('workqueue_retries_total', 'Additions to the queue after a failure.', ['name', 'controller']);
  readonly #workSeconds = this.#registry.histogram('workqueue_work_duration_seconds', 'Time that one item took.', SECONDS, [
    'name',
    'controller',
  ]);
  readonly #writes = this.#registry.counter('evenkeel_object_writes_total', 'Objects written, by verb and kind.', ['verb', 'kind']);

  constructor(facts: OperatorFacts) {
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
    registry.gauge('process_resident_memory_bytes', 'Resident memory.').collect((metric) => metric.with().set(process.memoryUsage.rss()));
    registry.counter('process_cpu_seconds_total', 'User and system CPU time.').collect((metric) => {
      const { user, system } = process.cpuUsage();
      metric.with().value = (user + system) / 1e6;
    });
    for (const result of ['success', 'error']) this.#reconciles.with(CONTROLLER, result);
    this.#errors.with(CONTROLLER);
    this.depth(0);
  }

  depth(keys: number): void {
    this.#depth.with(CONTROLLER, CONTROLLER).set(keys);
  }

  added(): void {
    this.#adds.with(CONTROLLER, CONTROLLER).inc();
  }

  retried(): void {
    this.#retries.with(CONTROLLER, CONTROLLER).inc();
  }

  worked(durationMs: number, succeeded: boolean): void {
    this.#reconciles.with(CONTROLLER, succeeded ? 'success' : 'error').inc();
    if (!succeeded) this.#errors.with(CONTROLLER).inc();
    this.#reconcileSeconds.with(CONTROLLER).observe(durationMs / 1000);
    this.#workSeconds.with(CONTROLLER, CONTROLLER).observe(durationMs / 1000);
  }

  wrote(verb: string, kind: string): void {
    this.#writes.with(verb, kind).inc();
  }

  render(): string {
    return this.#registry.render();
  }
}
