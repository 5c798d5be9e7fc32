import { standstill } from '../health/lateness.ts';
import type { Clock } from '../model/clock.ts';

/**
 * Milliseconds in which this process could listen: the clock without the time that its own event loop stood still. Ages of
 * requests are measured in it, so that a balancer that was frozen, or starved of CPU, convicts nobody for its own silence.
 */
export class LoopTime {
  readonly #clock: Clock;
  #stalled = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock() - this.#stalled;
  }

  /** A timer that was due at `dueAt` (in this time) runs now: if it is late by a standstill, that is taken out. Returns how late, or 0. */
  ran(dueAt: number): number {
    const late = standstill(dueAt, this.now());
    this.#stalled += late;
    return late;
  }
}
