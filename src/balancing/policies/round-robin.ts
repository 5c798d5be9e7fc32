import type { Random } from '../../model/clock.ts';
import type { PickTarget, Policy, Rotation } from '../picker.ts';
import { Ring } from '../ring.ts';

/** Each server in turn, whatever its own weight. */
export const roundRobin: Policy = {
  backends: 'Interleaved',
  rotation<T extends PickTarget>(targets: readonly T[], random: Random, previous?: Rotation<T>): Rotation<T> {
    return new Ring(targets, random, previous instanceof Ring ? previous : undefined);
  },
};
