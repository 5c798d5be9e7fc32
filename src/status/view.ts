import type { BalancerReportBody } from '../model/report.ts';

/** One balancer's report, and what the reader knows about it. */
export interface BalancerView {
  /** Name of the report: that of the balancer's pod. */
  readonly name: string;
  /** The balancer itself is in service. */
  readonly ready: boolean;
  /** Milliseconds since the epoch, by the reader's clock: the report itself tells durations only. */
  readonly reportedAtMs: number;
  readonly body: BalancerReportBody;
}

/**
 * The views that say how the endpoints are. A balancer out of service (frozen, cut off) may be wrong about every one of them, so its
 * view counts only where there is no better one.
 */
export function credible(views: readonly BalancerView[]): readonly BalancerView[] {
  const ready = views.filter((view) => view.ready);
  return ready.length > 0 ? ready : views;
}
