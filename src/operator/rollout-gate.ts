import type { OthersUnderWay } from './rollout.ts';

/** A grant that the cache does not show as a Deployment under way so long after the write led to nothing. */
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
  /** When each was written; null: that is yet to come. */
  readonly #granted = new Map<string, number | null>();
  readonly #waiting = new Set<string>();

  constructor(options: RolloutGateOptions) {
    this.max = options.max;
    this.#options = options;
  }

  /** Resources that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isGranted(key: string): boolean {
    this.#expire();
    return this.#granted.has(key);
  }

  /** How many are under way besides `key`. */
  others(key: string): OthersUnderWay {
    const others = this.#underWay();
    others.delete(key);
    return { all: others.size, atWork: [...others].filter((each) => !this.#waiting.has(each)).length };
  }

  grant(key: string): void {
    this.#waiting.delete(key);
    this.#granted.set(key, null);
  }

  /** What was granted has been written, or may have been: from now on the cache is to show it. */
  written(key: string): void {
    if (this.#granted.has(key)) this.#granted.set(key, this.#options.now());
  }

  /** What was granted and not written by now will not be: the turn is somebody else's. */
  giveBack(key: string): void {
    if (this.#granted.get(key) === null) this.#granted.delete(key);
  }

  wait(key: string): void {
    this.#granted.delete(key);
    this.#waiting.add(key);
  }

  /** It wants no turn now; one that it has had still counts. */
  stopWaiting(key: string): void {
    this.#waiting.delete(key);
  }

  /** It needs no turn, or none any more. */
  leave(key: string): void {
    this.#waiting.delete(key);
    this.#granted.delete(key);
  }

  /** Wakes as many of those that wait as may have their turn now: first those that are left half-way. */
  next(): void {
    if (this.#waiting.size === 0) return;
    const underWay = this.#underWay();
    const halfWay = [...this.#waiting].filter((key) => underWay.has(key));
    const others = [...this.#waiting].filter((key) => !underWay.has(key));
    const free = this.max - underWay.size;
    for (const key of halfWay.slice(0, Math.max(0, free + halfWay.length))) this.#options.wake(key);
    for (const key of others.slice(0, Math.max(0, free))) this.#options.wake(key);
  }

  #underWay(): Set<string> {
    this.#expire();
    return new Set([...this.#options.underWay(), ...this.#granted.keys()]);
  }

  #expire(): void {
    const since = this.#options.now() - CACHE_LAG_MS;
    for (const [key, at] of this.#granted) if (at !== null && at < since) this.#granted.delete(key);
  }
}
