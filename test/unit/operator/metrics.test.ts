import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { OperatorMetrics } from '../../../src/operator/metrics.ts';
import { operatorMetrics } from '../../support/operator-metrics.ts';

const QUEUE = 'name="loadbalancedservice",controller="loadbalancedservice"';

function value(metrics: OperatorMetrics, series: string): number | null {
  const line = metrics
    .render()
    .split('\n')
    .find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

suite('metrics of the operator', () => {
  test('series that dashboards ask for are there before anything happens', () => {
    const metrics = operatorMetrics();
    for (const series of [
      'controller_runtime_reconcile_total{controller="loadbalancedservice",result="success"}',
      'controller_runtime_reconcile_total{controller="loadbalancedservice",result="error"}',
      'controller_runtime_reconcile_total{controller="loadbalancedservice",result="requeue"}',
      'controller_runtime_reconcile_total{controller="loadbalancedservice",result="requeue_after"}',
      'controller_runtime_reconcile_errors_total{controller="loadbalancedservice"}',
      'controller_runtime_active_workers{controller="loadbalancedservice"}',
      `workqueue_depth{${QUEUE}}`,
      `workqueue_adds_total{${QUEUE}}`,
      `workqueue_retries_total{${QUEUE}}`,
      `workqueue_unfinished_work_seconds{${QUEUE}}`,
      `workqueue_longest_running_processor_seconds{${QUEUE}}`,
    ]) {
      assert.equal(value(metrics, series), 0, series);
    }
    assert.equal(value(metrics, 'controller_runtime_max_concurrent_reconciles{controller="loadbalancedservice"}'), 4);
    assert.equal(value(metrics, 'leader_election_master_status{name="evenkeel-operator"}'), 1);
  });

  test('a key that waited 250 ms and failed after 2 s counts once in each', () => {
    const metrics = operatorMetrics();
    metrics.added();
    metrics.taken(250);
    metrics.worked(2_000, 'error');
    metrics.retried();
    assert.equal(value(metrics, `workqueue_adds_total{${QUEUE}}`), 1);
    assert.equal(value(metrics, `workqueue_queue_duration_seconds_sum{${QUEUE}}`), 0.25);
    assert.equal(value(metrics, `workqueue_work_duration_seconds_sum{${QUEUE}}`), 2);
    assert.equal(value(metrics, `workqueue_retries_total{${QUEUE}}`), 1);
    assert.equal(value(metrics, 'controller_runtime_reconcile_total{controller="loadbalancedservice",result="error"}'), 1);
    assert.equal(value(metrics, 'controller_runtime_reconcile_errors_total{controller="loadbalancedservice"}'), 1);
    assert.equal(value(metrics, 'controller_runtime_reconcile_time_seconds_count{controller="loadbalancedservice"}'), 1);
  });

  test('what asked to be done again later counts as that, and as no error', () => {
    const metrics = operatorMetrics();
    metrics.worked(10, 'requeue_after');
    const total = (result: string) =>
      value(metrics, `controller_runtime_reconcile_total{controller="loadbalancedservice",result="${result}"}`);
    assert.deepEqual(['success', 'error', 'requeue', 'requeue_after'].map(total), [0, 0, 0, 1]);
    assert.equal(value(metrics, 'controller_runtime_reconcile_errors_total{controller="loadbalancedservice"}'), 0);
  });

  test('what is being worked on is told as it is when it is asked for', () => {
    const metrics = operatorMetrics({ workAgesMs: () => [500, 1_500] });
    assert.equal(value(metrics, `workqueue_unfinished_work_seconds{${QUEUE}}`), 2);
    assert.equal(value(metrics, `workqueue_longest_running_processor_seconds{${QUEUE}}`), 1.5);
    assert.equal(value(metrics, 'controller_runtime_active_workers{controller="loadbalancedservice"}'), 2);
  });

  test('requests are counted by code, method and host, as client-go does', () => {
    const metrics = operatorMetrics();
    metrics.answered('PATCH', 200);
    metrics.answered('GET', null);
    assert.equal(value(metrics, 'rest_client_requests_total{code="200",method="PATCH",host="10.96.0.1:443"}'), 1);
    assert.equal(value(metrics, 'rest_client_requests_total{code="<error>",method="GET",host="10.96.0.1:443"}'), 1);
  });
});
