/** A grant that the cache does not show as a Deployment under way after this long led to nothing. */
const CACHE_LAG_MS = 10_000;

export interface RolloutGateOptions {
  /** Resources whose balancers are replaced at once for the operator's sake. */
  readonly max: number;
  /** Resources, by `namespace/name`, whose balancers are being replaced, as the cache has them. */
  readonly underWay: () => Iterable<string>;
  /** Have this resource looked at again. */
  readonly wake: (key: string) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** Who waits for a turn in a rollout, and who has had one that the cache does not show yet: several resources are worked on at once. */
export class RolloutGate {
  readonly max: number;
  readonly #options: RolloutGateOptions;
  readonly #granted = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(options: RolloutGateOptions) {
    this.max = options.max;
    this.#options = options;
  }

  /** Resources that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many are under way besides `key`. */
  others(key: string): number {
    const others = this.#underWay();
    others.delete(key);
    return others.size;
  }

  grant(key: string): void {
    this.#waiting.delete(key);
    this.#granted.set(key, this.#options.now());
  }

  wait(key: string): void {
    this.#granted.delete(key);
    this.#waiting.add(key);
  }

  /** It needs no turn, or none any more. */
  leave(key: string): void {
    this.#waiting.delete(key);
    this.#granted.delete(key);
  }

  /** Wakes as many of those that wait as may have their turn now. */
  next(): void {
    if (this.#waiting.size === 0) return;
    const free = this.max - this.#underWay().size;
    for (const key of [...this.#waiting].slice(0, Math.max(0, free))) this.#options.wake(key);
  }

  #underWay(): Set<string> {
    const since = this.#options.now() - CACHE_LAG_MS;
    for (const [key, at] of this.#granted) if (at < since) this.#granted.delete(key);
    return new Set([...this.#options.underWay(), ...this.#granted.keys()]);
  }
}
