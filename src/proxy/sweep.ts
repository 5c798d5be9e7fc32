import type { LoopTime } from './loop-time.ts';

const TICK_MS = 10;
const IDLE_TICK_MS = 250;
/** Ticks without work after which the pace is slowed. */
const IDLE_AFTER = 100;

interface Task {
  readonly everyMs: number;
  readonly run: (now: number) => void;
  dueAt: number;
}

/**
 * The one timer behind every deadline of the data plane: no request has a timer of its own. It ticks every 10 ms while there are
 * requests, slowly when there are none, and notices when the event loop stood still.
 */
export class Sweep {
  readonly #time: LoopTime;
  readonly #tasks = new Set<Task>();
  #timer: NodeJS.Timeout | null = null;
  #dueAt = 0;
  #idleTicks = 0;
  #slow = false;
  #stopped = false;

  constructor(time: LoopTime) {
    this.#time = time;
    this.#arm(TICK_MS);
  }

  /** Calls `run` with LoopTime at about every `everyMs`; the returned function ends that. */
  every(everyMs: number, run: (now: number) => void): () => void {
    const task: Task = { everyMs, run, dueAt: 0 };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** There is work: called for every request, so it costs next to nothing while the pace is quick. */
  wake(): void {
    this.#idleTicks = 0;
    if (!this.#slow || this.#stopped) return;
    this.#slow = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#arm(TICK_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#tasks.clear();
  }

  #arm(delayMs: number): void {
    this.#dueAt = this.#time.now() + delayMs;
    this.#timer = setTimeout(() => this.#tick(), delayMs);
  }

  #tick(): void {
    this.#time.ran(this.#dueAt);
    const now = this.#time.now();
    for (const task of this.#tasks) {
      if (now < task.dueAt) continue;
      task.dueAt = now + task.everyMs;
      task.run(now);
    }
    if (this.#stopped) return;
    this.#slow = ++this.#idleTicks > IDLE_AFTER;
    this.#arm(this.#slow ? IDLE_TICK_MS : TICK_MS);
  }
}
