import type { HealthReason } from '../model/health.ts';

/** How one check of one endpoint ended. Times are Clock milliseconds. */
export interface CheckResult {
  readonly answered: boolean;
  /** `HeartbeatAnswered`, or why it was missed. */
  readonly reason: HealthReason;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  /** For how long our own event loop stood still while the check was on; see health/lateness.ts. */
  readonly loopLateMs: number;
}
