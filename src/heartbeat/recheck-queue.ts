/**
 * Checks outside of the round: suspects, those after a first miss, and newcomers. First come, first served, suspects before newcomers, each
 * at most once in the queue. A token bucket bounds them: in any second at most `perSecond` checks (at least one). Pure: it is told the time.
 */
export class RecheckQueue<E> {
  readonly #suspects = new Set<E>();
  readonly #newcomers = new Set<E>();
  #perSecond = 1;
  #tokens = 1;
  #filledAt = 0;

  /** Half of the budget may be spent at once, the other half comes back over the second. */
  setBudget(perSecond: number, now: number): void {
    const wasFull = this.#tokens >= this.#capacity;
    this.#fill(now);
    this.#perSecond = perSecond;
    this.#tokens = wasFull ? this.#capacity : Math.min(this.#tokens, this.#capacity);
  }

  addSuspect(entry: E): void {
    this.#newcomers.delete(entry);
    this.#suspects.add(entry);
  }

  addNewcomer(entry: E): void {
    if (!this.#suspects.has(entry)) this.#newcomers.add(entry);
  }

  delete(entry: E): void {
    this.#suspects.delete(entry);
    this.#newcomers.delete(entry);
  }

  clear(): void {
    this.#suspects.clear();
    this.#newcomers.clear();
  }

  /** When the next one may be checked; Infinity: there is none. */
  dueAt(now: number): number {
    if (this.#suspects.size + this.#newcomers.size === 0) return Number.POSITIVE_INFINITY;
    this.#fill(now);
    return this.#tokens >= 1 ? now : now + ((1 - this.#tokens) / this.#rate) * 1_000;
  }

  /** The next one, if it may be checked now. */
  take(now: number): E | null {
    if (this.dueAt(now) > now) return null;
    const [entry] = this.#suspects.size > 0 ? this.#suspects : this.#newcomers;
    if (entry === undefined) return null;
    this.delete(entry);
    this.#tokens -= 1;
    return entry;
  }

  get #rate(): number {
    return this.#perSecond / 2;
  }

  get #capacity(): number {
    return Math.max(this.#perSecond / 2, 1);
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#tokens + (Math.max(now - this.#filledAt, 0) / 1_000) * this.#rate, this.#capacity);
    this.#filledAt = now;
  }
}
