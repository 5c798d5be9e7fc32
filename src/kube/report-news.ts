import { isDeepStrictEqual } from 'node:util';
import type { BalancerReportBody, FailoverReport, HeartbeatReport } from '../model/report.ts';

/** Figures that drift all the time are news on a change of this share; the status rewrites them on the same. */
const DRIFT = 0.25;

/**
 * Whether `next` tells anything that `written` does not. What only grows older is no news, since a report is read with the time of its
 * writing. Suspects are none either: they come and go with traffic, many times a second in a large pool, and nobody acts on them.
 */
export function isNews(written: BalancerReportBody, next: BalancerReportBody): boolean {
  return (
    !isDeepStrictEqual(lasting(written), lasting(next)) ||
    hasDrifted(written.heartbeat, next.heartbeat) ||
    !failoversAreKnown(written.failovers, next.failovers)
  );
}

function lasting(report: BalancerReportBody): unknown {
  const { heartbeat, failovers: _failovers, unhealthyEndpoints, unhealthyOmitted, ...rest } = report;
  const unhealthy = unhealthyEndpoints.filter(({ state }) => state === 'Unhealthy').map(({ forMilliseconds: _age, ...each }) => each);
  // Suspects stand last, so where some are listed, those left out are suspects too.
  const omitted = unhealthy.length < unhealthyEndpoints.length ? 0 : unhealthyOmitted;
  return { ...rest, unhealthy, omitted, servers: heartbeat.servers, overMaxInterval: heartbeat.overMaxInterval };
}

function hasDrifted(written: HeartbeatReport, next: HeartbeatReport): boolean {
  const figures = ['responsesPerSecond', 'intervalMilliseconds', 'maxDetectionMilliseconds'] as const;
  return figures.some((figure) => Math.abs(next[figure] - written[figure]) > DRIFT * written[figure]);
}

/** An old one that is no longer told is no news. */
function failoversAreKnown(written: readonly FailoverReport[], next: readonly FailoverReport[]): boolean {
  const known = new Map(written.map((failover) => [failover.id, failover]));
  const lastingOf = ({ agoMilliseconds: _age, ...failover }: FailoverReport): unknown => failover;
  return next.every((failover) => {
    const before = known.get(failover.id);
    return before !== undefined && isDeepStrictEqual(lastingOf(before), lastingOf(failover));
  });
}
