import type { BackendReport } from '../model/report.ts';
import type { StatusInput } from './input.ts';
import type { BackendStatus } from './types.ts';
import type { BalancerView } from './view.ts';

export interface Census {
  readonly backends: readonly BackendStatus[];
  /** Over all backends; an endpoint is one port of one server. */
  readonly healthy: number;
  /** Known endpoints, or those that the wanted servers will have, whichever is more. */
  readonly endpoints: number;
  /** Some balancer knows some endpoint. */
  readonly anyKnown: boolean;
  /** Some balancer holds some endpoint for healthy, so requests are answered. */
  readonly anyHealthy: boolean;
}

type Backend = StatusInput['resource']['spec']['backends'][number];

/** Counts each backend's servers. `out`: endpoints that are out for at least one balancer, by backend. */
export function census(input: StatusInput, views: readonly BalancerView[], out: ReadonlyMap<string, number>): Census {
  const counts = input.resource.spec.backends.map((backend) => countBackend(backend, input, views, out.get(backend.name) ?? 0));
  const reports = views.flatMap((view) => view.body.backends);
  return {
    backends: counts.map((count) => count.status),
    healthy: counts.reduce((sum, count) => sum + count.healthy, 0),
    endpoints: counts.reduce((sum, count) => sum + count.endpoints, 0),
    anyKnown: reports.some((report) => report.endpoints > 0),
    anyHealthy: reports.some((report) => report.healthy > 0),
  };
}

function countBackend(
  backend: Backend,
  input: StatusInput,
  views: readonly BalancerView[],
  out: number,
): { status: BackendStatus; healthy: number; endpoints: number } {
  const reports = views.flatMap((view) => view.body.backends.filter((report) => report.name === backend.name));
  const known = Math.max(0, ...reports.map((report) => report.endpoints));
  const healthy = worstHealthy(reports, known, out);
  const servers = input.servers.get(backend.name);
  const portsPerServer = backend.ports?.length ?? 1;
  const given = backend.addresses?.length;
  const desired = servers?.desired ?? given ?? Math.ceil(known / portsPerServer);
  return {
    status: {
      name: backend.name,
      desired,
      ready: servers?.ready ?? given ?? Math.ceil(known / portsPerServer),
      healthy: Math.floor(healthy / portsPerServer),
    },
    healthy,
    endpoints: Math.max(known, desired * portsPerServer),
  };
}

/** Endpoints that every balancer holds for healthy: balancers may disagree on which ones are out, so the lowest count is not enough. */
function worstHealthy(reports: readonly BackendReport[], known: number, out: number): number {
  if (reports.length === 0) return 0;
  return Math.max(0, Math.min(known - out, ...reports.map((report) => report.healthy)));
}
