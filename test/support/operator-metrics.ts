import { type OperatorFacts, OperatorMetrics } from '../../src/operator/metrics.ts';

/** Metrics of an operator that does nothing, or of one of which these facts are true. */
export function operatorMetrics(facts: Partial<OperatorFacts> = {}): OperatorMetrics {
  return new OperatorMetrics({
    isLeader: () => true,
    leaseName: 'evenkeel-operator',
    conditions: () => [],
    contactAgeMs: () => 0,
    eventsDropped: () => 0,
    workAgesMs: () => [],
    workers: 4,
    apiHost: '10.96.0.1:443',
    ...facts,
  });
}
