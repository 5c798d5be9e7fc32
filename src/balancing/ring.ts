import type { Random } from '../model/clock.ts';
import type { PickTarget, Rotation } from './picker.ts';

/**
 * Each target in turn. A pick is O(1), unless targets have to be avoided.
 *
 * One that is picked out of turn (avoiding others, or drawn) has had its turn.
 *
 * A new ring starts at a random target, so that several balancers do not all begin with the same one. A ring that replaces another goes on
 * where that one stood: those that waited longest come first, newcomers last.
 */
export class Ring<T extends PickTarget> implements Rotation<T> {
  readonly #targets: T[];
  readonly #random: Random;
  #at = 0;

  constructor(targets: readonly T[], random: Random, previous?: Ring<T>) {
    this.#random = random;
    if (previous) {
      this.#targets = inOrderOf(previous.upcoming(), targets);
    } else {
      const start = Math.floor(random() * targets.length);
      this.#targets = [...targets.slice(start), ...targets.slice(0, start)];
    }
  }

  get size(): number {
    return this.#targets.length;
  }

  next(avoid?: (target: T) => boolean): T | null {
    return this.#take(this.#at, avoid);
  }

  other(avoid: (target: T) => boolean): T | null {
    return this.#take(Math.floor(this.#random() * this.#targets.length), avoid);
  }

  /** All targets, the next one first. */
  upcoming(): T[] {
    return [...this.#targets.slice(this.#at), ...this.#targets.slice(0, this.#at)];
  }

  /** The first from `start` on that may be taken. */
  #take(start: number, avoid?: (target: T) => boolean): T | null {
    const { length } = this.#targets;
    for (let step = 0; step < length; step += 1) {
      const found = (start + step) % length;
      const target = this.#targets[found] as T;
      if (avoid?.(target)) continue;
      // Those that were avoided take the place of the one that was picked out of turn: each still gets one turn in a round.
      this.#swap(this.#at, found);
      this.#at = (this.#at + 1) % length;
      return target;
    }
    return null;
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const kept = this.#targets[a] as T;
    this.#targets[a] = this.#targets[b] as T;
    this.#targets[b] = kept;
  }
}

function inOrderOf<T extends PickTarget>(order: readonly T[], targets: readonly T[]): T[] {
  const byId = new Map<string, T>();
  for (const target of targets) byId.set(target.id, target);
  const kept: T[] = [];
  for (const { id } of order) {
    const target = byId.get(id);
    if (target) kept.push(target);
  }
  if (kept.length === targets.length) return kept;
  const known = new Set(kept);
  return [...kept, ...targets.filter((target) => !known.has(target))];
}
