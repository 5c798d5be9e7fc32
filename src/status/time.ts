/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function toTime(epochMs: number): string {
  return new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since the epoch; null for nothing, or for what is no time. */
export function fromTime(time: string | undefined): number | null {
  const epochMs = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(epochMs) ? null : epochMs;
}
