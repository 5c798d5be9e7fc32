import type { Random } from '../model/clock.ts';
import type { StrategyType } from '../model/config.ts';
import type { Picker, PickTarget, Policy } from './picker.ts';
import { random as randomPolicy } from './policies/random.ts';
import { roundRobin } from './policies/round-robin.ts';
import { weightedRoundRobin } from './policies/weighted-round-robin.ts';
import { type BackendWeights, SharedPicker } from './shares.ts';

/** Every strategy of `spec.strategy.type`. A new one is a file in policies/ and a line here; the conformance suite runs over this table. */
export const policies: Readonly<Record<StrategyType, Policy>> = {
  RoundRobin: roundRobin,
  Random: randomPolicy,
  WeightedRoundRobin: weightedRoundRobin,
};

/**
 * A picker over `targets`: those that may get traffic now (see pool.ts). Where `previous` is the picker that this one replaces, its rotation
 * is carried over by id, so that replacing pickers often favours nobody; after a change of strategy the rotation starts afresh.
 */
export function createPicker<T extends PickTarget>(
  strategy: StrategyType,
  targets: readonly T[],
  backendWeights: BackendWeights,
  random: Random,
  previous?: Picker<T>,
): Picker<T> {
  return new SharedPicker(policies[strategy], targets, backendWeights, random, previous instanceof SharedPicker ? previous : undefined);
}
