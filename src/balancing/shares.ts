import type { Random } from '../model/clock.ts';
import { Interleave, type Share } from './interleave.ts';
import type { Picker, PickTarget, Policy, Rotation } from './picker.ts';

/**
 * What share of the traffic each backend gets, by name; null: none given. No weight anywhere: all servers alike, in one rotation. A weight
 * somewhere: a backend without one counts as 1. 0: it gets nothing, ever.
 */
export type BackendWeights = ReadonlyMap<string, number | null>;

/** Whether a backend may get traffic at all. One that `weights` does not name counts as one without a weight. */
export function hasShare(weights: BackendWeights, backend: string): boolean {
  return weights.get(backend) !== 0;
}

interface Group<T extends PickTarget> extends Share {
  readonly rotation: Rotation<T>;
}

/** The key of the one group where no backend has a weight; no name of a backend. */
const EVERYTHING = '*';

/**
 * A picker of two levels: a backend by its weight, free of how many servers it has, then one of its servers by the policy's rule. A backend
 * that has no target left is not among the choices, so its share goes to the others in proportion to their weights.
 */
export class SharedPicker<T extends PickTarget> implements Picker<T> {
  readonly #policy: Policy;
  readonly #random: Random;
  readonly #groups: readonly Group<T>[];
  readonly #turns: Interleave<Group<T>>;
  readonly #total: number;

  constructor(policy: Policy, targets: readonly T[], weights: BackendWeights, random: Random, previous?: SharedPicker<T>) {
    this.#policy = policy;
    this.#random = random;
    const before = previous ? previous.#groups : [];
    this.#groups = [...groupTargets(targets, weights)].map(([key, members]) => ({
      key,
      weight: key === EVERYTHING ? 1 : (weights.get(key) ?? 1),
      rotation: policy.rotation(members, random, before.find((group) => group.key === key)?.rotation),
    }));
    this.#turns = new Interleave(this.#groups, random, previous ? previous.#turns : undefined);
    this.#total = this.#groups.reduce((sum, group) => sum + group.weight, 0);
  }

  pick(avoid?: (target: T) => boolean): T | null {
    const only = this.#groups[0];
    if (!only) return null;
    if (this.#groups.length === 1) return only.rotation.next(avoid);
    return this.#fromGroup((group) => group.rotation.next(avoid));
  }

  pickOther(avoid: (target: T) => boolean): T | null {
    return this.#fromGroup((group) => group.rotation.other(avoid));
  }

  #fromGroup(take: (group: Group<T>) => T | null): T | null {
    if (this.#policy.backends === 'Interleaved') return this.#turns.take(take);
    return this.#draw(this.#groups, this.#total, take);
  }

  #draw(groups: readonly Group<T>[], total: number, take: (group: Group<T>) => T | null): T | null {
    let mark = this.#random() * total;
    const drawn = groups.find((group) => (mark -= group.weight) < 0) ?? groups[groups.length - 1];
    if (!drawn) return null;
    const target = take(drawn);
    if (target) return target;
    // All of its targets are to be avoided: the others share its part.
    return this.#draw(
      groups.filter((group) => group !== drawn),
      total - drawn.weight,
      take,
    );
  }
}

function groupTargets<T extends PickTarget>(targets: readonly T[], weights: BackendWeights): Map<string, T[]> {
  const weighted = [...weights.values()].some((weight) => weight !== null);
  const groups = new Map<string, T[]>();
  for (const target of targets) {
    if (!hasShare(weights, target.backend)) continue;
    const key = weighted ? target.backend : EVERYTHING;
    const members = groups.get(key);
    if (members) members.push(target);
    else groups.set(key, [target]);
  }
  return groups;
}
