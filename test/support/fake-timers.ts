import { setTimeout as realDelay } from 'node:timers/promises';
import type { Timers } from '../../src/kube/timers.ts';

interface Pending {
  readonly at: number;
  readonly action: () => void;
}

/** Time that stands still until a test moves it. */
export class FakeTimers implements Timers {
  #now = 0;
  readonly #pending = new Set<Pending>();

  /** While it says no, advanceUntil lets time stand: a machine that is slow with real I/O must not look like time that passes. */
  isIdle: () => boolean = () => true;

  readonly now = (): number => this.#now;

  after(ms: number, action: () => void): () => void {
    const pending = { at: this.#now + ms, action };
    this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  /** Timers that wait, in milliseconds from now. */
  get waits(): number[] {
    return [...this.#pending].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Moves time on, timer by timer, letting what each one sets going come to rest before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#pending.delete(next);
      this.#now = next.at;
      next.action();
      await settle();
    }
    this.#now = end;
  }

  /** Moves time on in small steps, with real I/O in between, until `condition` holds. */
  async advanceUntil(condition: () => boolean, what: string, stepMs = 100): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`never came: ${what}`);
      if (this.isIdle()) await this.advance(stepMs);
      await realDelay(1);
    }
  }

  #next(end: number): Pending | null {
    let first: Pending | null = null;
    for (const pending of this.#pending) if (pending.at <= end && (first === null || pending.at < first.at)) first = pending;
    return first;
  }
}

/** Promises that wait for no I/O are through. */
async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}
