import type { BalancerReportBody } from '../model/report.ts';

/** Whether the balancer behind a report is in service (`Ready`), is there but not in service, or is ending or has ended. */
export type Presence = 'Ready' | 'NotReady' | 'Gone';

/** One balancer's report, and what the reader knows about it. */
export interface BalancerView {
  /** Name of the report: that of the balancer's pod. */
  readonly name: string;
  readonly presence: Presence;
  /** Milliseconds since the epoch, by the reader's clock: the report itself tells durations only. */
  readonly reportedAtMs: number;
  readonly body: BalancerReportBody;
}

/** Of balancers that are there. The report of one that has ended still tells of failovers, but nothing waits for it any more. */
export function present(views: readonly BalancerView[]): readonly BalancerView[] {
  return views.filter((view) => view.presence !== 'Gone');
}

/**
 * The views that say how the endpoints are. A balancer out of service (frozen, cut off) may be wrong about every one of them, so its
 * view counts only where there is no better one.
 */
export function credible(views: readonly BalancerView[]): readonly BalancerView[] {
  const ready = views.filter((view) => view.presence === 'Ready');
  return ready.length > 0 ? ready : present(views);
}
