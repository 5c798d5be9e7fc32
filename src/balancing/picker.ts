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
  /** The next target that `avoid` does not reject; null when none is left. */
  pick(avoid?: (target: T) => boolean): T | null;
  /** For a request that several targets have failed; see `Rotation.other`. Backends keep their shares. */
  pickOther(avoid: (target: T) => boolean): T | null;
}

/**
 * Chooses among targets that all count as one group, under one policy's rule. Groups are one whole pool, or one backend each where
 * backends have weights.
 */
export interface Rotation<T extends PickTarget> {
  next(avoid?: (target: T) => boolean): T | null;
  /**
   * One that `avoid` does not reject, anywhere else than the next in turn, where targets are alike: neighbours there are often neighbours in a
   * rack and die together, and a request has few attempts. It is drawn, and not by who has the fewest requests in flight: who refuses every
   * connection has none. A policy that promises an order of successors gives the next of them. Null when none is left.
   */
  other(avoid: (target: T) => boolean): T | null;
}

/** One strategy: how servers are picked within a group, and how groups take turns. */
export interface Policy {
  /** `previous` is the rotation of the same group before this change of the pool, if there was one. */
  rotation<T extends PickTarget>(targets: readonly T[], random: Random, previous?: Rotation<T>): Rotation<T>;
  /** `Interleaved`: exact and evenly spread. `Drawn`: by chance, with the weight as probability. */
  readonly backends: 'Interleaved' | 'Drawn';
}
