/**
 * Who waits for a server, in fair order: first come, first served. Those that a server has failed already stand ahead of all others; there
 * are never more of them than were in flight, so only the others are counted against the capacity. Adding, leaving and taking are O(1).
 */
export class PendingQueue<T> {
  /** Item -> since when; a Map keeps the order of arrival. */
  readonly #ahead = new Map<T, number>();
  readonly #behind = new Map<T, number>();

  get size(): number {
    return this.#ahead.size + this.#behind.size;
  }

  /** To the end; false: `capacity` are waiting there already. */
  add(item: T, now: number, capacity: number): boolean {
    if (this.#behind.size >= capacity) return false;
    this.#behind.set(item, now);
    return true;
  }

  /** In front of all that were merely added, behind the others that came this way. */
  addAhead(item: T, now: number): void {
    this.#ahead.set(item, now);
  }

  /** It waits no longer. */
  delete(item: T): void {
    if (!this.#ahead.delete(item)) this.#behind.delete(item);
  }

  /**
   * Offers what is free to each in turn: `find` says what one would take, null: nothing that is free now. One ahead that finds nothing
   * does not hold up the others, since it is choosier than they are; of the others the first that finds nothing ends the round where they
   * are `alike`.
   */
  serve<R>(find: (item: T) => R | null, give: (item: T, found: R) => void, alike = true): void {
    for (const item of this.#ahead.keys()) offer(this.#ahead, item, find, give);
    for (const item of this.#behind.keys()) if (!offer(this.#behind, item, find, give) && alike) return;
  }

  /** Takes out all that have waited for `timeoutMs` or longer at `now`, the oldest first. */
  expire(now: number, timeoutMs: number): T[] {
    return [...expired(this.#ahead, now, timeoutMs), ...expired(this.#behind, now, timeoutMs)];
  }
}

function offer<T, R>(queue: Map<T, number>, item: T, find: (item: T) => R | null, give: (item: T, found: R) => void): boolean {
  const found = find(item);
  if (found === null) return false;
  // First, as it may come back to wait again.
  queue.delete(item);
  give(item, found);
  return true;
}

function expired<T>(queue: Map<T, number>, now: number, timeoutMs: number): T[] {
  const items: T[] = [];
  for (const [item, since] of queue) {
    if (now - since < timeoutMs) break;
    queue.delete(item);
    items.push(item);
  }
  return items;
}
