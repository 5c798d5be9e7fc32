import type { Random } from '../../model/clock.ts';
import type { PickTarget, Policy, Rotation } from '../picker.ts';

/** Each server as likely, whatever its own weight. It remembers nothing, so nothing is carried over. */
export const random: Policy = {
  backends: 'Drawn',
  rotation<T extends PickTarget>(targets: readonly T[], source: Random): Rotation<T> {
    return new Draw(targets, source);
  },
};

/** Draws that hit targets to avoid are repeated this often before the others are listed, which costs O(n). */
const REDRAWS = 8;

class Draw<T extends PickTarget> implements Rotation<T> {
  readonly #targets: readonly T[];
  readonly #random: Random;

  constructor(targets: readonly T[], source: Random) {
    this.#targets = targets;
    this.#random = source;
  }

  next(avoid?: (target: T) => boolean): T | null {
    if (!avoid) return this.#draw(this.#targets);
    for (let draws = 0; draws < REDRAWS; draws += 1) {
      const target = this.#draw(this.#targets);
      if (target && !avoid(target)) return target;
    }
    return this.#draw(this.#targets.filter((target) => !avoid(target)));
  }

  other(avoid: (target: T) => boolean): T | null {
    return this.next(avoid);
  }

  #draw(targets: readonly T[]): T | null {
    return targets[Math.floor(this.#random() * targets.length)] ?? null;
  }
}
