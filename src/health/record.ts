import type { HealthReason, HealthState } from '../model/health.ts';

/** Everything that is known about one endpoint's health. Immutable: each event makes a new one. Times are Clock milliseconds. */
export interface HealthRecord {
  readonly state: HealthState;
  readonly reason: HealthReason;
  /** When it came into this state. */
  readonly since: number;
  /** Only its traffic speaks against it: no heartbeat was missed. False while Healthy. */
  readonly trafficAlone: boolean;
  /** Checks missed in a row. Above 0 only while Suspect or Unhealthy. */
  readonly misses: number;
  /** Checks answered in a row. */
  readonly answers: number;
  /** Since when it has been in trouble that no answered check has ended: start of a missed check, or first byte left unanswered. */
  readonly troubleSince: number | null;
  /** Requests failed or cut in a row, whatever the checks say. */
  readonly trafficFailures: number;
  /** When the first of those failed. */
  readonly failingSince: number | null;
  /** A connection for a request failed after the last answered check, so a missed check would agree with it. */
  readonly failedSinceAnswer: boolean;
  /** It is not taken back before this time; 0: no such time. Set when its traffic alone put it out. */
  readonly heldUntil: number;
  /** How often in a row that happened: each time the hold is twice as long. */
  readonly holds: number;
  /** Back from a hold, it is on trial for this many more whole responses: one failure puts it out again. */
  readonly trial: number;
  /** Misses in a row that did not count because our own event loop was late. */
  readonly voids: number;
}

/** What a check or the traffic said. `at`: when it was known. */
export type HealthEvent =
  | CheckAnswered
  | CheckMissed
  | TrafficUnanswered
  | TrafficAnswered
  | TrafficCompleted
  | TrafficFailed
  | ResponseCut
  | TrafficSlow;

export interface CheckAnswered {
  readonly type: 'CheckAnswered';
  readonly at: number;
  /** The list of endpoints is out of date: somebody else may be answering at this address by now. */
  readonly stale: boolean;
}

export interface CheckMissed {
  readonly type: 'CheckMissed';
  readonly at: number;
  /** When the check began. */
  readonly startedAt: number;
  readonly reason: HealthReason;
  /** For how long our own event loop stood still while the check was on; see lateness.ts. 0: it did not. */
  readonly loopLateMs: number;
}

/** The oldest request is far older than normal, and nothing has been received since it was sent; see suspicion.ts. */
export interface TrafficUnanswered {
  readonly type: 'TrafficUnanswered';
  readonly at: number;
  /** When that request was sent. */
  readonly unansweredSince: number;
}

/** The first byte of a response. */
export interface TrafficAnswered {
  readonly type: 'TrafficAnswered';
  readonly at: number;
}

/** A response that was received whole. */
export interface TrafficCompleted {
  readonly type: 'TrafficCompleted';
  readonly at: number;
}

/** A connection for a request was refused, timed out, or broke before a response. */
export interface TrafficFailed {
  readonly type: 'TrafficFailed';
  readonly at: number;
  /** Whether one more endpoint of its backend may be put out for its traffic alone: `mayEject` of balancing/pool.ts. */
  readonly mayEject: boolean;
}

/** A response began and broke off, or was no HTTP. */
export interface ResponseCut {
  readonly type: 'ResponseCut';
  readonly at: number;
  readonly mayEject: boolean;
}

/** It answers far more slowly than its peers do now, though its heartbeats are quick; see slowness.ts. */
export interface TrafficSlow {
  readonly type: 'TrafficSlow';
  readonly at: number;
}

/** A new endpoint: its readiness, or the user's word, says that it is well. */
export function discovered(at: number): HealthRecord {
  return {
    state: 'Healthy',
    reason: 'Discovered',
    since: at,
    trafficAlone: false,
    misses: 0,
    answers: 0,
    troubleSince: null,
    trafficFailures: 0,
    failingSince: null,
    failedSinceAnswer: false,
    heldUntil: 0,
    holds: 0,
    trial: 0,
    voids: 0,
  };
}
