/** A request with a time by which it must be over. */
export interface TimedRequest {
  /** LoopTime. */
  readonly startedAt: number;
  requestTimeout(): void;
}

/** The requests under way while there is a limit to their whole time. All have the same limit, so the oldest is the first that is over it. */
export class RequestDeadlines {
  /** In the order in which they began. */
  readonly #running = new Set<TimedRequest>();

  add(request: TimedRequest): void {
    this.#running.add(request);
  }

  delete(request: TimedRequest): void {
    this.#running.delete(request);
  }

  get size(): number {
    return this.#running.size;
  }

  /** `limitMs` 0: there is no limit any more. */
  tick(now: number, limitMs: number): void {
    if (limitMs === 0) this.#running.clear();
    for (const request of this.#running) {
      if (now - request.startedAt < limitMs) return;
      this.#running.delete(request);
      request.requestTimeout();
    }
  }
}
