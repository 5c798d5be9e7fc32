import type { Random } from '../../model/clock.ts';
import { Interleave, type Share } from '../interleave.ts';
import type { PickTarget, Policy, Rotation } from '../picker.ts';
import { Ring } from '../ring.ts';

/** In turn, in proportion to each server's own weight, spread out evenly. */
export const weightedRoundRobin: Policy = {
  backends: 'Interleaved',
  rotation<T extends PickTarget>(targets: readonly T[], random: Random, previous?: Rotation<T>): Rotation<T> {
    return new WeightClasses(targets, random, previous instanceof WeightClasses ? previous : undefined);
  },
};

/** All servers of one weight: they share a ring, and the class takes turns as often as all of them together. */
interface WeightClass<T extends PickTarget> extends Share {
  readonly ring: Ring<T>;
}

/**
 * Servers of equal weight are alike, so they need no credit of their own: classes of them are interleaved, and within its class each has its
 * turn. In a round of (sum of all weights) picks each server is picked exactly as often as its weight says, and a pick costs
 * O(distinct weights): 1,000 servers of equal weight cost as much as one.
 */
class WeightClasses<T extends PickTarget> implements Rotation<T> {
  readonly #classes: Interleave<WeightClass<T>>;

  constructor(targets: readonly T[], random: Random, previous?: WeightClasses<T>) {
    const classes = [...byWeight(targets)].map(([weight, members]): WeightClass<T> => {
      const key = String(weight);
      const ring = new Ring(members, random, previous ? previous.#ringOf(key) : undefined);
      return { key, weight: weight * members.length, ring };
    });
    this.#classes = new Interleave(classes, random, previous ? previous.#classes : undefined);
  }

  next(avoid?: (target: T) => boolean): T | null {
    return this.#classes.take((choice) => choice.ring.next(avoid));
  }

  other(avoid: (target: T) => boolean): T | null {
    return this.#classes.take((choice) => choice.ring.other(avoid));
  }

  #ringOf(key: string): Ring<T> | undefined {
    return this.#classes.choices.find((choice) => choice.key === key)?.ring;
  }
}

function byWeight<T extends PickTarget>(targets: readonly T[]): Map<number, T[]> {
  const classes = new Map<number, T[]>();
  for (const target of targets) {
    const members = classes.get(target.weight);
    if (members) members.push(target);
    else classes.set(target.weight, [target]);
  }
  return classes;
}
