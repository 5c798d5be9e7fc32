import { type Census, census } from './backends.ts';
import { findings, stamp } from './conditions.ts';
import { unhealthyEndpoints } from './endpoints.ts';
import { type FailoverChange, type FailoverMemory, mergeFailovers } from './failovers.ts';
import { type HeartbeatChange, heartbeatFigures, nextHeartbeat } from './heartbeat.ts';
import type { StatusInput } from './input.ts';
import { readMemory, toRecentFailover } from './memory.ts';
import { toTime } from './time.ts';
import type { Status } from './types.ts';
import { type BalancerView, credible } from './view.ts';

export interface StatusResult {
  readonly status: Status;
  readonly failovers: FailoverChange;
  readonly heartbeat: HeartbeatChange;
}

/** Balancers that the status names. */
const MAX_BALANCERS = 100;

/** The whole status, from nothing but the input: called twice with the same, it gives the same. */
export function buildStatus(input: StatusInput): StatusResult {
  const { resource, previous, nowMs } = input;
  const generation = resource.metadata?.generation ?? 0;
  const views = credible(input.views);
  const unhealthy = unhealthyEndpoints(views, previous?.unhealthyEndpoints ?? []);
  const counted = census(input, views, unhealthy.countByBackend);
  const unhealthyCount = unhealthy.listed.length + unhealthy.omitted;
  const failovers = mergeFailovers(readMemory(previous), input.views.slice(0, MAX_BALANCERS), nowMs);
  const found = findings({ input, views, census: counted, unhealthy: unhealthy.listed, unhealthyCount });
  const heartbeat = nextHeartbeat(previous?.heartbeat, heartbeatFigures(views), {
    nowMs,
    writtenAtMs: input.heartbeatWrittenAtMs,
    newSettings: found.some((each) => each.type === 'Programmed' && each.status === 'True') && !wasProgrammed(previous, generation),
    newCounts: previous?.summary?.endpoints !== summary(input, counted).endpoints,
  });
  const status: Status = {
    observedGeneration: generation,
    conditions: stamp(found, previous?.conditions ?? [], generation, nowMs),
    summary: summary(input, counted),
    backends: [...counted.backends],
    ...(heartbeat.heartbeat === undefined ? {} : { heartbeat: heartbeat.heartbeat }),
    unhealthyEndpoints: [...unhealthy.listed],
    unhealthyOmitted: unhealthy.omitted,
    balancers: balancers(input.views, failovers.memory),
    ...failoverFields(failovers.memory, previous),
  };
  return { status, failovers, heartbeat };
}

function wasProgrammed(previous: Status | undefined, generation: number): boolean {
  const last = previous?.conditions?.find((condition) => condition.type === 'Programmed');
  return last?.status === 'True' && last.observedGeneration === generation;
}

function summary(input: StatusInput, counted: Census): NonNullable<Status['summary']> {
  const generation = input.resource.metadata?.generation ?? 0;
  const wanted = input.resource.spec.suspend === true ? input.configGeneration : generation;
  const applied = input.views.filter((view) => view.presence === 'Ready' && view.body.appliedGeneration >= wanted).length;
  return {
    endpoints: `${counted.healthy}/${counted.endpoints}`,
    balancers: `${applied}/${input.balancers.desired}`,
    strategy: input.resource.spec.strategy?.type ?? 'RoundRobin',
  };
}

function balancers(views: readonly BalancerView[], memory: FailoverMemory): NonNullable<Status['balancers']> {
  return views
    .slice(0, MAX_BALANCERS)
    .map(({ name, body }) => {
      const lastFailover = memory.counted.get(name);
      return { name, appliedGeneration: body.appliedGeneration, ...(lastFailover === undefined ? {} : { lastFailover }) };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function failoverFields(
  memory: FailoverMemory,
  previous: Status | undefined,
): Pick<Status, 'failovers' | 'lastFailoverTime' | 'recentFailovers'> {
  const [newest] = memory.recent;
  const lastFailoverTime = newest === undefined ? previous?.lastFailoverTime : toTime(newest.timeMs);
  return {
    failovers: memory.total,
    ...(lastFailoverTime === undefined ? {} : { lastFailoverTime }),
    recentFailovers: memory.recent.map(toRecentFailover),
  };
}
