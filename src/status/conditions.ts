import type { Census } from './backends.ts';
import type { Problem, StatusInput } from './input.ts';
import { toTime } from './time.ts';
import type { Condition, ConditionStatus, UnhealthyEndpoint } from './types.ts';
import { type BalancerView, present } from './view.ts';

/** A condition before it is known since when it holds. */
export interface Finding extends Problem {
  readonly type: string;
  readonly status: ConditionStatus;
}

/** What the findings are made from. */
export interface Evidence {
  readonly input: StatusInput;
  /** The views that say how the endpoints are. */
  readonly views: readonly BalancerView[];
  readonly census: Census;
  readonly unhealthy: readonly UnhealthyEndpoint[];
  readonly unhealthyCount: number;
}

const finding = (type: string, status: ConditionStatus, reason: string, message: string): Finding => ({ type, status, reason, message });
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** All conditions of the resource, in the order in which they are shown. */
export function findings(evidence: Evidence): Finding[] {
  const programmed = isProgrammed(evidence);
  const stalled = isStalled(evidence);
  return [
    isAccepted(evidence),
    programmed,
    isReady(evidence),
    areEndpointsHealthy(evidence),
    isFailOpen(evidence),
    areHeartbeatsOnTime(evidence),
    isReconciling(evidence, programmed.status === 'True', stalled),
    stalled,
  ];
}

/** `lastTransitionTime` is that of the previous condition unless the status has changed since. */
export function stamp(found: readonly Finding[], previous: readonly Condition[], generation: number, nowMs: number): Condition[] {
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  return found.map(({ type, status, reason, message }) => {
    const last = before.get(type);
    const lastTransitionTime = last?.status === status ? last.lastTransitionTime : toTime(nowMs);
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}

function isAccepted({ input }: Evidence): Finding {
  const problem = input.outcome.notAccepted;
  if (problem !== null) return finding('Accepted', 'False', problem.reason, problem.message);
  return finding('Accepted', 'True', 'Accepted', 'the spec makes sense and its objects could be made');
}

function isProgrammed({ input }: Evidence): Finding {
  const generation = input.resource.metadata?.generation ?? 0;
  const of = (status: ConditionStatus, reason: string, message: string): Finding => finding('Programmed', status, reason, message);
  const views = present(input.views);
  const refused = views.find((view) => view.body.configError !== '' && view.body.appliedGeneration < generation);
  if (refused !== undefined) {
    return of('False', 'ConfigRefused', `balancer ${refused.name} goes on with the last good configuration: ${refused.body.configError}`);
  }
  if (input.configGeneration < generation) {
    if (input.resource.spec.suspend === true)
      return of('False', 'Suspended', 'spec.suspend is true, so balancers keep the configuration they have');
    return of('False', 'Pending', `the configuration of generation ${generation} has not been handed to the balancers yet`);
  }
  const behind = views.filter((view) => view.body.appliedGeneration < generation);
  if (views.length === 0) return of('False', 'Pending', 'no balancer has reported yet');
  const hindered = views.find((view) => view.body.configError !== '');
  if (hindered !== undefined) return of('False', 'ConfigIncomplete', `balancer ${hindered.name}: ${hindered.body.configError}`);
  if (behind.length > 0) {
    return of(
      'False',
      'Pending',
      `${behind.length} of ${plural(views.length, 'balancer')} still to apply generation ${generation}: ${names(behind)}`,
    );
  }
  return of('True', 'Programmed', `every balancer has applied generation ${generation}`);
}

function names(views: readonly BalancerView[]): string {
  const shown = views.slice(0, 5).map((view) => view.name);
  return views.length > shown.length ? `${shown.join(', ')} and ${views.length - shown.length} more` : shown.join(', ');
}

function isReady({ input, views, census }: Evidence): Finding {
  const of = (status: ConditionStatus, reason: string, message: string): Finding => finding('Ready', status, reason, message);
  if (input.balancers.ready === 0) return of('False', 'NoBalancerReady', 'no balancer is ready, so clients are not answered');
  if (views.length === 0) return of('False', 'NoReport', 'no balancer has reported yet');
  if (census.anyHealthy) return of('True', 'Serving', 'a balancer and a server answer');
  if (!census.anyKnown) return of('False', 'NoEndpoints', 'no server is ready, so there is nobody to ask');
  return of('False', 'NoHealthyEndpoint', 'no server answers its heartbeats');
}

function areEndpointsHealthy({ views, census, unhealthy, unhealthyCount }: Evidence): Finding {
  const of = (status: ConditionStatus, reason: string, message: string): Finding => finding('EndpointsHealthy', status, reason, message);
  if (views.length === 0) return of('Unknown', 'NoReport', 'no balancer has reported yet');
  const stale = views.filter((view) => view.body.endpointsStale);
  const refused = refusals(views);
  const caveat = stale.length === 0 ? '' : `; ${names(stale)} may be out of date, having lost touch with the API server`;
  if (unhealthyCount > 0) {
    const shown = unhealthy.slice(0, 3).map(({ address, reason }) => `${address} (${reason})`);
    const more = unhealthyCount > shown.length ? ` and ${unhealthyCount - shown.length} more` : '';
    return of(
      'False',
      'EndpointsUnhealthy',
      `${plural(unhealthyCount, 'endpoint')} out of service: ${shown.join(', ')}${more}${refused && `; ${refused}`}${caveat}`,
    );
  }
  if (refused !== '') return of('False', 'EndpointsRefused', `${refused}${caveat}`);
  if (!census.anyKnown) return of('False', 'NoEndpoints', `no endpoint is known${caveat}`);
  return of('True', 'AllHealthy', `no endpoint is out of service${caveat}`);
}

/** Endpoints that balancers may not connect to; empty: there are none. */
function refusals(views: readonly BalancerView[]): string {
  const worst = views.toSorted((a, b) => refusedCount(b) - refusedCount(a))[0];
  const [first] = worst?.body.refusedEndpoints ?? [];
  if (worst === undefined || first === undefined) return '';
  const others = refusedCount(worst) - 1;
  const more = others > 0 ? `, and ${others} more` : '';
  return `not connected to: ${first.address} (backend ${first.backend}) ${first.message}${more}`;
}

function refusedCount({ body }: BalancerView): number {
  return body.refusedEndpoints.length + body.refusedOmitted;
}

function isFailOpen({ views }: Evidence): Finding {
  if (views.length === 0) return finding('FailOpen', 'Unknown', 'NoReport', 'no balancer has reported yet');
  const ports = [...new Set(views.flatMap((view) => view.body.failOpen))].sort();
  if (ports.length === 0) return finding('FailOpen', 'False', 'EndpointsLeft', 'requests go to endpoints that answer');
  return finding(
    'FailOpen',
    'True',
    'NoEndpointLeft',
    `no healthy endpoint is left for port ${ports.join(', ')}, so all of them are tried`,
  );
}

function areHeartbeatsOnTime({ views }: Evidence): Finding {
  if (views.length === 0) return finding('HeartbeatsOnTime', 'Unknown', 'NoReport', 'no balancer has reported yet');
  if (views.some((view) => view.body.heartbeat.overMaxInterval)) {
    const message = 'N / R lies over maxInterval, and the heartbeat interval follows N / R: raise checksPerSecond, or maxInterval';
    return finding('HeartbeatsOnTime', 'False', 'OverMaxInterval', message);
  }
  return finding('HeartbeatsOnTime', 'True', 'WithinMaxInterval', 'the heartbeat interval keeps to its bounds');
}

function isStalled({ input }: Evidence): Finding {
  const workloads = [input.balancers, ...input.servers.values()];
  const problem = input.outcome.stalled ?? workloads.find((workload) => workload.failed !== null)?.failed ?? null;
  if (problem !== null) return finding('Stalled', 'True', problem.reason, problem.message);
  return finding('Stalled', 'False', 'NotStalled', 'nothing waits for somebody to act');
}

/**
 * True from a new generation until all that it asks for has come about once, and during each rollout. A server that fails afterwards does
 * not make it True again: this condition is about the spec, not about health.
 */
function isReconciling({ input }: Evidence, programmed: boolean, stalled: Finding): Finding {
  const of = (status: ConditionStatus, reason: string, message: string): Finding => finding('Reconciling', status, reason, message);
  if (input.resource.spec.suspend === true) return of('False', 'Suspended', 'spec.suspend is true, so nothing is changed');
  if (stalled.status === 'True') return of('False', 'Stalled', stalled.message);
  const { pending } = input.outcome;
  if (pending !== null) return of('True', pending.reason, pending.message);
  const workloads = [input.balancers, ...input.servers.values()];
  const rollingOut = workloads.find((workload) => workload.rollingOut !== null);
  if (rollingOut !== undefined) return of('True', 'RollingOut', rollingOut.rollingOut ?? '');
  if (!cameAboutBefore(input) && !(programmed && workloads.every((workload) => workload.upToDate))) {
    return of(
      'True',
      'Progressing',
      programmed ? 'waiting for pods to become available' : 'waiting for balancers to apply the configuration',
    );
  }
  return of('False', 'Reconciled', 'everything is as the spec asks');
}

function cameAboutBefore(input: StatusInput): boolean {
  const last = input.previous?.conditions?.find((condition) => condition.type === 'Reconciling');
  return last?.status === 'False' && last.reason === 'Reconciled' && last.observedGeneration === input.resource.metadata?.generation;
}
