/**
 * CPU nanoseconds per pick, and CPU microseconds to replace a picker after a change of health: `node bench/pick.ts`. CPU time, not the
 * clock's, so that a busy machine says nearly the same as an idle one.
 */
import type { PickTarget } from '../src/balancing/picker.ts';
import { type CandidateHealth, eligible } from '../src/balancing/pool.ts';
import { createPicker, policies } from '../src/balancing/registry.ts';
import type { StrategyType } from '../src/model/config.ts';

const PICKS = 1_000_000;
const ROUNDS = 5;
const HEALTHY: CandidateHealth = { state: 'Healthy', since: 0, trafficAlone: false };
const SUSPECT: CandidateHealth = { state: 'Suspect', since: 0, trafficAlone: true };

const pools: Record<string, (size: number) => { targets: PickTarget[]; weights: Map<string, number | null> }> = {
  'no weights': (size) => ({ targets: servers(size, () => 1), weights: new Map() }),
  'two backends 9:1, server weights 1-4': (size) => ({
    targets: servers(size, (i) => 1 + (i % 4)),
    weights: new Map([
      ['a', 9],
      ['b', 1],
    ]),
  }),
};

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function servers(size: number, weightOf: (i: number) => number): PickTarget[] {
  return Array.from({ length: size }, (_, i) => ({
    id: `10.0.${i >> 8}.${i & 255}:80`,
    backend: i % 3 === 2 ? 'b' : 'a',
    weight: weightOf(i),
  }));
}

function measure(strategy: StrategyType, { targets, weights }: { targets: PickTarget[]; weights: Map<string, number | null> }): number {
  const picker = createPicker(strategy, targets, weights, Math.random);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = cpuMicroseconds();
    for (let i = 0; i < PICKS; i += 1) picker.pick();
    times.push(((cpuMicroseconds() - start) * 1_000) / PICKS);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

console.log(`ns per pick, median of ${ROUNDS} rounds of ${PICKS}`);
console.log('| strategy | pool | 3 | 100 | 1,000 | 5,000 |\n|---|---|---|---|---|---|');
for (const strategy of Object.keys(policies) as StrategyType[]) {
  for (const [name, pool] of Object.entries(pools)) {
    const row = [3, 100, 1_000, 5_000].map((size) => measure(strategy, pool(size)).toFixed(1));
    console.log(`| ${strategy} | ${name} | ${row.join(' | ')} |`);
  }
}

const REPLACEMENTS = 200;
console.log('\n| replacing a picker, us | 3 | 100 | 1,000 | 5,000 |\n|---|---|---|---|---|');
for (const strategy of Object.keys(policies) as StrategyType[]) {
  const row = [3, 100, 1_000, 5_000].map((size) => {
    const { targets, weights } = pools['two backends 9:1, server weights 1-4']?.(size) ?? { targets: [], weights: new Map() };
    const endpoints = targets.map((target) => ({ ...target, lifecycle: 'Ready' as const, health: HEALTHY }));
    let picker = createPicker(strategy, endpoints, weights, Math.random);
    const start = cpuMicroseconds();
    for (let i = 0; i < REPLACEMENTS; i += 1) {
      Object.assign(endpoints[i % size] ?? {}, { health: i % 2 === 0 ? SUSPECT : HEALTHY });
      picker = createPicker(strategy, eligible(endpoints, weights, 50).targets, weights, Math.random, picker);
    }
    return ((cpuMicroseconds() - start) / REPLACEMENTS).toFixed(1);
  });
  console.log(`| ${strategy} | ${row.join(' | ')} |`);
}
