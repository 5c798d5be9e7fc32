import type { HeartbeatReport } from '../model/report.ts';
import type { HeartbeatStatus } from './types.ts';
import type { BalancerView } from './view.ts';

/** Measured figures drift all the time: they are written again only on a change of this share. Nothing here is written by itself more often than this. */
const CHANGE = 0.25;
const APART_MS = 60_000;

export interface HeartbeatChange {
  readonly heartbeat: HeartbeatStatus | undefined;
  /** The figures differ from the previous ones. */
  readonly rewritten: boolean;
  /** A change is held back, and may be written at this time; null: nothing is. */
  readonly dueAtMs: number | null;
}

export interface HeartbeatMoment {
  readonly nowMs: number;
  /** When the figures were last written; null: not known, long ago. */
  readonly writtenAtMs: number | null;
  /** The settings behind the figures have just changed, so that the old figures tell nothing. */
  readonly newSettings: boolean;
  /** Other counts of endpoints are told in the same write, so that these cost none of their own. */
  readonly newCounts: boolean;
}

/** T = N / R of the slowest balancer. */
export function heartbeatFigures(views: readonly BalancerView[]): HeartbeatStatus | undefined {
  if (views.length === 0) return undefined;
  const figures = (of: (report: HeartbeatReport) => number): number[] => views.map((view) => of(view.body.heartbeat));
  return {
    servers: Math.max(...figures((report) => report.servers)),
    responsesPerSecond: Math.round(Math.min(...figures((report) => report.responsesPerSecond)) * 10) / 10,
    intervalMilliseconds: Math.round(Math.max(...figures((report) => report.intervalMilliseconds))),
    maxDetectionMilliseconds: Math.round(Math.max(...figures((report) => report.maxDetectionMilliseconds))),
  };
}

export function nextHeartbeat(
  previous: HeartbeatStatus | undefined,
  current: HeartbeatStatus | undefined,
  moment: HeartbeatMoment,
): HeartbeatChange {
  const keep = { heartbeat: previous, rewritten: false, dueAtMs: null };
  if (current === undefined) return keep;
  const write = { heartbeat: current, rewritten: true, dueAtMs: null };
  if (previous === undefined) return write;
  if (moment.newSettings || isFirstSign(previous, current)) return differ(previous, current, 0) ? write : keep;
  if (!differ(previous, current, CHANGE)) return keep;
  if (moment.newCounts) return write;
  const dueAtMs = (moment.writtenAtMs ?? -Infinity) + APART_MS;
  return dueAtMs <= moment.nowMs ? write : { ...keep, dueAtMs };
}

/** Before servers are known, or the first of them has answered, the figures are no measurement that one could hold on to. */
function isFirstSign(previous: HeartbeatStatus, current: HeartbeatStatus): boolean {
  const empty = (value: number | undefined): boolean => (value ?? 0) === 0;
  return (empty(previous.servers) && !empty(current.servers)) || (empty(previous.responsesPerSecond) && !empty(current.responsesPerSecond));
}

/** Servers are counted, not measured: one more or less differs at any share, or 11 of 12 would be told for ever. */
function differ(previous: HeartbeatStatus, current: HeartbeatStatus, share: number): boolean {
  const keys = ['responsesPerSecond', 'intervalMilliseconds', 'maxDetectionMilliseconds'] as const;
  if (previous.servers !== current.servers) return true;
  return keys.some((key) => {
    const [before, after] = [previous[key] ?? 0, current[key] ?? 0];
    return Math.abs(after - before) > share * before;
  });
}
