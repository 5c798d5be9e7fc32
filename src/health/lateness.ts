/**
 * How long our own event loop may be late before it counts as a standstill: below this lies the ordinary jitter of a busy loop, above it
 * timeouts would judge others for time in which we did not listen.
 */
export const STANDSTILL_MS = 20;

/** The standstill that a timer reveals which was due at `dueAt` and ran at `now`; 0: it was in time. */
export function standstill(dueAt: number, now: number): number {
  const late = now - dueAt;
  return late >= STANDSTILL_MS ? late : 0;
}
