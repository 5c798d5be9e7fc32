/** A condition that did not come true in time. */
export class WaitError extends Error {
  override readonly name = 'WaitError';
}

/**
 * Asks `probe` again and again until it gives something other than null, false or undefined, and resolves to that. After `timeoutMs` it
 * rejects; `saw` tells what the last probe saw, for the message. A probe that throws has not come true, and its error is told.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { timeoutMs = 30_000, everyMs = 50, saw = () => '' }: { timeoutMs?: number; everyMs?: number; saw?: () => unknown } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let trouble = '';
  for (;;) {
    try {
      const result = await probe();
      if (result !== null && result !== undefined && result !== false) return result;
      trouble = '';
    } catch (error) {
      trouble = `; the last try failed: ${error}`;
    }
    if (performance.now() > deadline) {
      const last = saw();
      throw new WaitError(
        `not within ${timeoutMs / 1000} s: ${what}${trouble}${last === '' ? '' : `; last seen: ${JSON.stringify(last)}`}`,
      );
    }
    await pause(everyMs);
  }
}

/** For what is itself a span of time: how long a fault lasts, or how long nothing may happen. Never to wait for something. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
