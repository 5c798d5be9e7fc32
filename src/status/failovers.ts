import type { HealthReason } from '../model/health.ts';
import type { FailoverReport } from '../model/report.ts';
import type { BalancerView } from './view.ts';

/** One endpoint's outage, over all balancers that saw it. Times are milliseconds since the epoch. */
export interface Outage {
  /** That of the balancer's failover which told of it first; never changes. */
  readonly id: string;
  readonly endpoint: string;
  readonly backend: string;
  readonly podName?: string;
  readonly nodeName?: string;
  readonly reason: HealthReason;
  /** The quickest of the balancers. */
  readonly detectionMilliseconds: number;
  /** Summed over the balancers. */
  readonly rescued: number;
  readonly lost: number;
  /** When it was put out. */
  readonly timeMs: number;
  /** When the last balancer took it back; null: one still has it out, or it left. */
  readonly recoveryTimeMs: number | null;
  /** When it was known that it had left without having recovered; null: it has not, or came back. */
  readonly removedTimeMs: number | null;
}

/** What has been counted so far. It stands in the resource's status, so that it outlives the operator. */
export interface FailoverMemory {
  readonly total: number;
  /** Newest first, at most MAX_RECENT. */
  readonly recent: readonly Outage[];
  /** For each report, by name, the newest failover of it that has been counted. Needed because `recent` forgets, and reports do not. */
  readonly counted: ReadonlyMap<string, string>;
}

export interface FailoverChange {
  readonly memory: FailoverMemory;
  /** Outages counted in this step, oldest first, those that `recent` has no room for included. */
  readonly started: readonly Outage[];
  /** Outages whose end became known in this step. */
  readonly recovered: readonly Outage[];
  /** Outages whose endpoints became known to have left in this step. */
  readonly removed: readonly Outage[];
}

export const MAX_RECENT = 10;

/** Times in status are whole seconds and reports take a moment to arrive: two views of one outage may seem this far apart. */
const TOLERANCE_MS = 1_000;

/** A balancer's failover on the operator's time axis. */
interface Part {
  readonly view: string;
  readonly report: FailoverReport;
  readonly startMs: number;
  readonly endMs: number | null;
}

interface Draft {
  outage: Outage;
  readonly parts: Part[];
}

/**
 * Folds the failovers that balancers report into what has been counted. Two balancers' failovers of one endpoint that overlap are one
 * outage; two failovers of one balancer never are, however close. Every reported failover is counted once, over restarts of the operator too.
 */
export function mergeFailovers(memory: FailoverMemory, views: readonly BalancerView[], nowMs: number): FailoverChange {
  const remembered: Draft[] = memory.recent.map((outage) => ({ outage, parts: [] }));
  const started: Draft[] = [];
  const attach = (part: Part, draft: Draft | undefined): boolean => draft !== undefined && draft.parts.push(part) > 0;

  const parts = views.flatMap((view) => partsOf(view, memory.counted.get(view.name)));
  const unnamed = parts.filter(({ part }) => !attach(part, byId(remembered, part)));
  for (const { part } of unnamed.filter((each) => !each.fresh)) attach(part, closest(remembered, part));
  for (const { part } of unnamed.filter((each) => each.fresh).sort((a, b) => a.part.startMs - b.part.startMs)) {
    if (!attach(part, closest([...remembered, ...started], part))) started.push(begin(part));
  }

  const before = new Map(memory.recent.map((outage) => [outage.id, outage]));
  const all = [...remembered, ...started].map((draft) => settle(draft, views, nowMs));
  const startedIds = new Set(started.map((draft) => draft.outage.id));
  return {
    memory: {
      total: memory.total + started.length,
      recent: all.toSorted((a, b) => b.timeMs - a.timeMs).slice(0, MAX_RECENT),
      counted: newestCounted(memory.counted, views),
    },
    started: all.filter((outage) => startedIds.has(outage.id)),
    recovered: all.filter(({ id, recoveryTimeMs }) => recoveryTimeMs !== null && (before.get(id)?.recoveryTimeMs ?? null) === null),
    removed: all.filter(({ id, removedTimeMs }) => removedTimeMs !== null && (before.get(id)?.removedTimeMs ?? null) === null),
  };
}

/** A report's failovers come newest first, so those before the one that was counted last are new. A restarted balancer has only new ones. */
function partsOf(view: BalancerView, lastCounted: string | undefined): { part: Part; fresh: boolean }[] {
  const last = view.body.failovers.findIndex((failover) => failover.id === lastCounted);
  return view.body.failovers.map((report, index) => {
    const startMs = view.reportedAtMs - report.agoMilliseconds;
    const endMs = report.outMilliseconds === null ? null : startMs + report.outMilliseconds;
    return { part: { view: view.name, report, startMs, endMs }, fresh: last < 0 || index < last };
  });
}

function byId(drafts: readonly Draft[], part: Part): Draft | undefined {
  return drafts.find((draft) => draft.outage.id === part.report.id && draft.outage.endpoint === part.report.address);
}

function closest(drafts: readonly Draft[], part: Part): Draft | undefined {
  const distance = (draft: Draft): number => Math.abs(draft.outage.timeMs - part.startMs);
  return drafts
    .filter(({ outage }) => outage.endpoint === part.report.address && outage.podName === part.report.podName)
    .filter((draft) => draft.parts.every((other) => other.view !== part.view))
    .filter(({ outage }) => overlap(outage.timeMs, outage.recoveryTimeMs ?? outage.removedTimeMs, part.startMs, part.endMs))
    .sort((a, b) => distance(a) - distance(b))[0];
}

function overlap(startA: number, endA: number | null, startB: number, endB: number | null): boolean {
  return startA <= (endB ?? Infinity) + TOLERANCE_MS && startB <= (endA ?? Infinity) + TOLERANCE_MS;
}

function begin(part: Part): Draft {
  const { report } = part;
  const outage: Outage = {
    id: report.id,
    endpoint: report.address,
    backend: report.backend,
    ...(report.podName === undefined ? {} : { podName: report.podName }),
    ...(report.nodeName === undefined ? {} : { nodeName: report.nodeName }),
    reason: report.reason,
    detectionMilliseconds: report.detectionMilliseconds,
    rescued: report.rescued,
    lost: report.lost,
    timeMs: part.startMs,
    recoveryTimeMs: null,
    removedTimeMs: null,
  };
  return { outage, parts: [part] };
}

/** Counts never fall: a balancer that restarted has forgotten its share, the status has not. */
function settle({ outage, parts }: Draft, views: readonly BalancerView[], nowMs: number): Outage {
  const sum = (of: (report: FailoverReport) => number): number => parts.reduce((total, part) => total + of(part.report), 0);
  const recoveryTimeMs = outage.recoveryTimeMs ?? endOf(outage, parts, views, nowMs);
  return {
    ...outage,
    detectionMilliseconds: Math.min(outage.detectionMilliseconds, ...parts.map((part) => part.report.detectionMilliseconds)),
    rescued: Math.max(
      outage.rescued,
      sum((report) => report.rescued),
    ),
    lost: Math.max(
      outage.lost,
      sum((report) => report.lost),
    ),
    recoveryTimeMs,
    removedTimeMs: recoveryTimeMs === null && hasLeft(outage, parts) ? (outage.removedTimeMs ?? nowMs) : null,
  };
}

function endOf(outage: Outage, parts: readonly Part[], views: readonly BalancerView[], nowMs: number): number | null {
  if (parts.length === 0) return forgotten(outage, views) ? nowMs : null;
  const ends = parts.map((part) => part.endMs);
  return ends.includes(null) ? null : Math.max(outage.timeMs, ...ends.map((end) => end ?? 0));
}

/** No balancer still has it out, and one at least saw it leave. */
function hasLeft(outage: Outage, parts: readonly Part[]): boolean {
  if (parts.length === 0) return outage.removedTimeMs !== null;
  return parts.every(({ report, endMs }) => report.removed || endMs !== null) && parts.some(({ report }) => report.removed);
}

/** The balancers that knew of the outage are gone, and those of today know servers, but nothing against this one. */
function forgotten(outage: Outage, views: readonly BalancerView[]): boolean {
  if (outage.removedTimeMs !== null) return false;
  const informed = views.filter((view) => view.body.backends.some((backend) => backend.endpoints > 0));
  const out = (view: BalancerView): boolean =>
    view.body.unhealthyEndpoints.some((endpoint) => endpoint.address === outage.endpoint && endpoint.state === 'Unhealthy');
  return informed.length > 0 && !views.some(out);
}

function newestCounted(counted: ReadonlyMap<string, string>, views: readonly BalancerView[]): Map<string, string> {
  const newest = views.map((view): [string, string | undefined] => [view.name, view.body.failovers[0]?.id ?? counted.get(view.name)]);
  return new Map(newest.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
