import type { UnhealthyEndpointReport } from '../model/report.ts';
import { toTime } from './time.ts';
import type { UnhealthyEndpoint } from './types.ts';
import type { BalancerView } from './view.ts';

export const MAX_UNHEALTHY = 32;

export interface UnhealthyEndpoints {
  /** Worst first, which is out for most balancers; at most MAX_UNHEALTHY. */
  readonly listed: readonly UnhealthyEndpoint[];
  readonly omitted: number;
  /** Distinct endpoints that are out for some balancer, by backend, as far as the reports name them. */
  readonly countByBackend: ReadonlyMap<string, number>;
}

interface Sighting {
  readonly report: UnhealthyEndpointReport;
  readonly sinceMs: number;
}

/**
 * Endpoints that are out of service for at least one balancer. Suspects are not listed: they come and go with traffic, and status is
 * written on change. The time of an endpoint that was listed before stays, since reports tell it only about.
 */
export function unhealthyEndpoints(views: readonly BalancerView[], previous: readonly UnhealthyEndpoint[]): UnhealthyEndpoints {
  const sightings = new Map<string, Sighting[]>();
  for (const view of views) {
    for (const report of view.body.unhealthyEndpoints.filter((endpoint) => endpoint.state === 'Unhealthy')) {
      const sighting = { report, sinceMs: view.reportedAtMs - report.forMilliseconds };
      sightings.set(report.address, [...(sightings.get(report.address) ?? []), sighting]);
    }
  }
  const known = new Map(previous.map((endpoint) => [endpoint.address, endpoint]));
  const all = [...sightings.values()]
    .map((each) => merge(each, views.length, known))
    .sort((a, b) => (b.unhealthyBalancers ?? 0) - (a.unhealthyBalancers ?? 0) || a.address.localeCompare(b.address));

  const countByBackend = new Map<string, number>();
  for (const { backend } of all) countByBackend.set(backend, (countByBackend.get(backend) ?? 0) + 1);
  const unnamed = Math.max(0, ...views.map((view) => view.body.unhealthyOmitted));
  return { listed: all.slice(0, MAX_UNHEALTHY), omitted: Math.max(0, all.length - MAX_UNHEALTHY) + unnamed, countByBackend };
}

/** What the balancer says that has had it out for longest; it was the first to know. */
function merge(sightings: readonly Sighting[], totalBalancers: number, known: ReadonlyMap<string, UnhealthyEndpoint>): UnhealthyEndpoint {
  const first = sightings.reduce((earliest, each) => (each.sinceMs < earliest.sinceMs ? each : earliest));
  const { address, backend, podName, nodeName, reason } = first.report;
  return {
    address,
    backend,
    ...(podName === undefined ? {} : { podName }),
    ...(nodeName === undefined ? {} : { nodeName }),
    state: 'Unhealthy',
    reason: known.get(address)?.reason ?? reason,
    lastTransitionTime: known.get(address)?.lastTransitionTime ?? toTime(first.sinceMs),
    unhealthyBalancers: sightings.length,
    totalBalancers,
  };
}
