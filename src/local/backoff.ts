/** How long a server that ended waits for its next start: doubling from `minMs` to `maxMs`, from the start again after a run of `resetAfterMs`. */
export interface RestartPolicy {
  readonly minMs: number;
  readonly maxMs: number;
  readonly resetAfterMs: number;
}

export const RESTARTS: RestartPolicy = { minMs: 200, maxMs: 10_000, resetAfterMs: 10_000 };

/** `restarts`: how many came before in a row, of runs shorter than `resetAfterMs`. */
export function restartDelay(restarts: number, policy: RestartPolicy): number {
  return Math.min(policy.maxMs, policy.minMs * 2 ** Math.min(restarts, 30));
}
