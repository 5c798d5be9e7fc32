import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when `condition` holds; fails after a time that is far longer than it ever takes. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, deadlineMs = 20_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await delay(2);
  }
}

/** Resolves when `value` has not changed for a while. */
export async function steady(value: () => number): Promise<void> {
  let last = value();
  let since = performance.now();
  await until(() => {
    if (value() !== last) since = performance.now();
    last = value();
    return performance.now() - since > 300;
  }, 'it changes no more');
}
