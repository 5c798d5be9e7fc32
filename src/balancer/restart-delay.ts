const FIRST_MS = 100;
const MOST_MS = 10_000;

/** How long to wait before a worker is started again that has ended soon after its start `quickEnds` times in a row. */
export function restartDelay(quickEnds: number): number {
  return Math.min(FIRST_MS * 2 ** Math.max(quickEnds - 1, 0), MOST_MS);
}
