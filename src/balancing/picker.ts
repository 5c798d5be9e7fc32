import type { Random } from '../model/clock.ts';

/** What a picker chooses from: one server's traffic port. */
export interface PickTarget {
  /** Unique in the pool; what a rotation is carried over by. */
  readonly id: string;
  readonly backend: string;
  /** Weight of this server within its backend; 1 or more; only WeightedRoundRobin heeds it. */
  readonly weight: number;
}

/**
 * The answer to "which server?" for one state of the pool. Its membership never changes: every change of the pool makes a new picker.
 */
export interface Picker<T> {
  /** The next target that `avoid` does not reject (those already tried, on a retry); null when none is left. */
  pick(avoid?: (target: T) => boolean): T | null;
}

/**
 * Chooses among targets that all count as one group, under one policy's rule. Groups are one whole pool, or one backend each where
 * backends have weights.
 */
export interface Rotation<T extends PickTarget> {
  next(avoid?: (target: T) => boolean): T | null;
}

/** One strategy: how servers are picked within a group, and how groups take turns. */
export interface Policy {
  /** `previous` is the rotation of the same group before this change of the pool, if there was one. */
  rotation<T extends PickTarget>(targets: readonly T[], random: Random, previous?: Rotation<T>): Rotation<T>;
  /** `Interleaved`: exact and evenly spread. `Drawn`: by chance, with the weight as probability. */
  readonly backends: 'Interleaved' | 'Drawn';
}
