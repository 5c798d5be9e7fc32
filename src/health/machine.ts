import type { HealthReason, HealthState } from '../model/health.ts';
import type {
  CheckAnswered,
  CheckMissed,
  HealthEvent,
  HealthRecord,
  ResponseCut,
  TrafficAnswered,
  TrafficFailed,
  TrafficSlow,
  TrafficUnanswered,
} from './record.ts';

/*
 * The health of one endpoint, from its heartbeats and its traffic.
 *
 * |                   | Healthy                        | Suspect                                  | Unhealthy                         |
 * |-------------------|--------------------------------|------------------------------------------|-----------------------------------|
 * | CheckAnswered     | .                              | Healthy (not while held)                 | Healthy at successThreshold,      |
 * |                   |                                |                                          | when not held and not stale       |
 * | CheckMissed       | Suspect, check at once;        | check at once; Unhealthy at              | out for missed heartbeats from    |
 * |                   | Unhealthy if it is the         | failureThreshold, or at once where a     | failureThreshold on               |
 * |                   | failureThreshold-th or agrees  | failed connection agrees                 |                                   |
 * | TrafficUnanswered | Suspect, check at once         | .                                        | .                                 |
 * | TrafficAnswered   | .                              | Healthy, if only unanswered requests     | .                                 |
 * |                   |                                | spoke against it (not while held)        |                                   |
 * | TrafficCompleted  | failures end, trial goes on    | failures end                             | .                                 |
 * | TrafficFailed     | Suspect, check at once;        | Unhealthy if a missed check agrees;      | .                                 |
 * |                   | Unhealthy, held, as beside     | Unhealthy, held, if the 5th in a row     |                                   |
 * |                   |                                | (the 1st on trial) and mayEject          |                                   |
 * | ResponseCut       | Unhealthy, held, as beside     | as beside                                | .                                 |
 * | TrafficSlow       | Suspect, held                  | held                                     | .                                 |
 *
 * Suspicion alone never makes an endpoint Unhealthy: heartbeats must be missed, or requests must fail. A connection that failed and a missed
 * check that could not connect or got no answer agree, in either order, so that one of each is enough; requests that merely wait do not agree with
 * anything, so that there the threshold counts. A heartbeat answered with the wrong status agrees with no connection's failure either.
 *
 * Held: what only its traffic put out comes back after HOLD_BASE_MS, twice that the next time and so on up to HOLD_MAX_MS, and then stays on
 * trial until TRIAL_RESPONSES responses were whole. After HOLD_FORGOTTEN_MS without another hold it starts at the base again.
 *
 * A check that was missed while our own event loop stood still is void: it counts for nothing and is done again at once.
 */

/** Failed or cut requests in a row, with heartbeats answered, that put an endpoint out for its traffic alone. */
export const TRAFFIC_FAILURES = 5;
export const HOLD_BASE_MS = 5_000;
export const HOLD_MAX_MS = 300_000;
export const HOLD_FORGOTTEN_MS = 60_000;
export const TRIAL_RESPONSES = 10;
/** A broken connection may be due to our own standstill, but not for ever: so many in a row are void, the next one counts. */
export const VOIDS_IN_A_ROW = 2;

/** From `spec.heartbeat`; a HeartbeatConfig fits. */
export interface HealthThresholds {
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly timeoutMs: number;
}

export interface Outcome {
  readonly record: HealthRecord;
  /** The state is another one than before. */
  readonly changed: boolean;
  /** Bring this endpoint's next check forward. */
  readonly checkNow: boolean;
  /** Where it has just become Unhealthy: milliseconds from the first sign of the trouble until now. Else null. */
  readonly detectionMilliseconds: number | null;
}

/** What `event` makes of `record`. Pure; an outcome's record is `record` itself where nothing changed. */
export function nextHealth(record: HealthRecord, event: HealthEvent, thresholds: HealthThresholds): Outcome {
  const next = transitions[event.type](record, event as never, thresholds);
  const changed = next.record.state !== record.state;
  const out = changed && next.record.state === 'Unhealthy';
  return {
    record: next.record,
    changed,
    checkNow: next.checkNow,
    detectionMilliseconds: out ? Math.max(event.at - firstSign(next.record, event.at), 0) : null,
  };
}

/** Whether answers and whole responses mean anything to this record; where not, the shell need not make events of them. */
export function heedsAnswers(record: HealthRecord): boolean {
  return record.state === 'Suspect' || record.trafficFailures > 0 || record.trial > 0;
}

interface Next {
  readonly record: HealthRecord;
  readonly checkNow: boolean;
}

type Rule<E> = (record: HealthRecord, event: E, thresholds: HealthThresholds) => Next;
type Transitions = { readonly [T in HealthEvent['type']]: Rule<Extract<HealthEvent, { type: T }>> };

/** The table above: a rule for each event, which looks at the state. */
const transitions: Transitions = {
  CheckAnswered: checkAnswered,
  CheckMissed: checkMissed,
  TrafficUnanswered: trafficUnanswered,
  TrafficAnswered: trafficAnswered,
  TrafficCompleted: trafficCompleted,
  TrafficFailed: trafficFailed,
  ResponseCut: responseCut,
  TrafficSlow: trafficSlow,
};

function checkAnswered(record: HealthRecord, event: CheckAnswered, thresholds: HealthThresholds): Next {
  const heard: HealthRecord = { ...record, misses: 0, voids: 0, failedSinceAnswer: false, answers: record.answers + 1 };
  if (record.state === 'Healthy') return same({ ...heard, troubleSince: null });
  if (event.at < record.heldUntil) return same(heard);
  if (record.state === 'Suspect') return same(recovered(heard, event.at, 'HeartbeatAnswered'));
  const enough = heard.answers >= thresholds.successThreshold;
  return same(enough && !event.stale ? recovered(heard, event.at, 'HeartbeatAnswered') : heard);
}

function checkMissed(record: HealthRecord, event: CheckMissed, thresholds: HealthThresholds): Next {
  if (isVoid(record, event, thresholds)) return { record: { ...record, voids: record.voids + 1 }, checkNow: true };
  const missed: HealthRecord = {
    ...record,
    misses: record.misses + 1,
    answers: 0,
    voids: 0,
    troubleSince: earliest(record.troubleSince, event.startedAt),
  };
  const enough = missed.misses >= thresholds.failureThreshold || (record.failedSinceAnswer && lostContact(event.reason));
  if (record.state === 'Unhealthy') return same(enough ? { ...missed, trafficAlone: false, reason: event.reason } : missed);
  const entered = { reason: event.reason, trafficAlone: false };
  if (enough) return same({ ...missed, ...entered, state: 'Unhealthy', since: event.at });
  return { record: { ...missed, ...entered, ...into('Suspect', record, event.at) }, checkNow: true };
}

function trafficUnanswered(record: HealthRecord, event: TrafficUnanswered): Next {
  if (record.state !== 'Healthy') return same(record);
  const troubleSince = earliest(record.troubleSince, event.unansweredSince);
  return {
    record: { ...record, state: 'Suspect', reason: 'TrafficUnanswered', since: event.at, trafficAlone: true, troubleSince },
    checkNow: true,
  };
}

function trafficAnswered(record: HealthRecord, event: TrafficAnswered): Next {
  const cleared = record.state === 'Suspect' && record.reason === 'TrafficUnanswered' && event.at >= record.heldUntil;
  return same(cleared ? recovered(record, event.at, 'TrafficAnswered') : record);
}

function trafficCompleted(record: HealthRecord): Next {
  if (record.state === 'Unhealthy' || (record.trafficFailures === 0 && record.trial === 0)) return same(record);
  const trial = record.state === 'Healthy' ? Math.max(record.trial - 1, 0) : record.trial;
  return same({ ...record, trafficFailures: 0, failingSince: null, trial });
}

function trafficFailed(record: HealthRecord, event: TrafficFailed): Next {
  if (record.state === 'Unhealthy') return same(record);
  const failed: HealthRecord = { ...countFailure(record, event.at), failedSinceAnswer: true };
  if (record.misses > 0 && lostContact(record.reason)) return same({ ...failed, state: 'Unhealthy', since: event.at });
  if (ejects(failed, event)) return { record: ejected(failed, event.at), checkNow: true };
  if (record.state === 'Suspect') return same(failed);
  return { record: { ...failed, state: 'Suspect', reason: 'TrafficFailed', since: event.at, trafficAlone: true }, checkNow: true };
}

function responseCut(record: HealthRecord, event: ResponseCut): Next {
  if (record.state === 'Unhealthy') return same(record);
  const failed = countFailure(record, event.at);
  return ejects(failed, event) ? { record: ejected(failed, event.at), checkNow: true } : same(failed);
}

function trafficSlow(record: HealthRecord, event: TrafficSlow): Next {
  if (record.state === 'Unhealthy' || event.at < record.heldUntil) return same(record);
  const suspect: HealthRecord = { ...record, ...into('Suspect', record, event.at) };
  if (record.state === 'Suspect' && !record.trafficAlone) return same(held(suspect, event.at));
  return same(held({ ...suspect, reason: 'TrafficUnanswered', trafficAlone: true }, event.at));
}

/**
 * Whether a miss is our own fault. A timeout is, unless the endpoint had the whole timeout of undisturbed time; a connection that was refused
 * or broke may be, so it is for some times; a bad answer is the endpoint's own word.
 */
function isVoid(record: HealthRecord, event: CheckMissed, thresholds: HealthThresholds): boolean {
  if (event.loopLateMs <= 0 || !lostContact(event.reason)) return false;
  if (event.reason === 'HeartbeatTimeout') return event.at - event.startedAt - event.loopLateMs < thresholds.timeoutMs;
  return record.voids < VOIDS_IN_A_ROW;
}

function lostContact(reason: HealthReason): boolean {
  return reason === 'HeartbeatTimeout' || reason === 'HeartbeatRefused';
}

function countFailure(record: HealthRecord, at: number): HealthRecord {
  return {
    ...record,
    trafficFailures: record.trafficFailures + 1,
    failingSince: record.failingSince ?? at,
    troubleSince: record.troubleSince ?? at,
  };
}

function ejects(record: HealthRecord, event: TrafficFailed | ResponseCut): boolean {
  return event.mayEject && record.trafficFailures >= (record.trial > 0 ? 1 : TRAFFIC_FAILURES);
}

function ejected(record: HealthRecord, at: number): HealthRecord {
  return held({ ...record, state: 'Unhealthy', reason: 'TrafficFailed', since: at, trafficAlone: record.misses === 0, answers: 0 }, at);
}

function held(record: HealthRecord, at: number): HealthRecord {
  const holds = at - record.heldUntil > HOLD_FORGOTTEN_MS ? 1 : record.holds + 1;
  const heldUntil = at + Math.min(HOLD_BASE_MS * 2 ** (holds - 1), HOLD_MAX_MS);
  return { ...record, holds, heldUntil, trial: TRIAL_RESPONSES };
}

function recovered(record: HealthRecord, at: number, reason: HealthReason): HealthRecord {
  return {
    ...record,
    state: 'Healthy',
    reason,
    since: at,
    trafficAlone: false,
    misses: 0,
    troubleSince: null,
    ...(record.state === 'Unhealthy' ? { trafficFailures: 0, failingSince: null, failedSinceAnswer: false } : {}),
  };
}

/** A state entered anew begins now; one that goes on keeps its beginning. */
function into(state: HealthState, record: HealthRecord, at: number): Pick<HealthRecord, 'state' | 'since'> {
  return { state, since: record.state === state ? record.since : at };
}

function firstSign(record: HealthRecord, at: number): number {
  return Math.min(record.troubleSince ?? at, record.trafficAlone ? (record.failingSince ?? at) : at);
}

function earliest(known: number | null, now: number): number {
  return known === null ? now : Math.min(known, now);
}

function same(record: HealthRecord): Next {
  return { record, checkNow: false };
}
