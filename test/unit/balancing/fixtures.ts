import type { Picker, PickTarget } from '../../../src/balancing/picker.ts';
import type { Random } from '../../../src/model/clock.ts';

/** mulberry32: small, seeded, good enough for spreads. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `a1`, `a2` are servers of backend `a`; `a1*5` has weight 5. */
export function targets(...names: string[]): PickTarget[] {
  return names.map((name) => {
    const [id = '', weight = '1'] = name.split('*');
    return { id, backend: id.replace(/\d+$/, ''), weight: Number(weight) };
  });
}

export function manyTargets(backend: string, count: number, weight = 1): PickTarget[] {
  return Array.from({ length: count }, (_, i) => ({ id: `${backend}${i + 1}`, backend, weight }));
}

export function picks(picker: Picker<PickTarget>, count: number, avoid?: (target: PickTarget) => boolean): string[] {
  return Array.from({ length: count }, () => picker.pick(avoid)?.id ?? 'none');
}

export function tally(names: readonly string[], by: (name: string) => string = (name) => name): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[by(name)] = (counts[by(name)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
}

export function backendOf(id: string): string {
  return id.replace(/\d+$/, '');
}

/** Every stretch of `length` picks in a row. */
export function windows(names: readonly string[], length: number): string[][] {
  return Array.from({ length: Math.max(names.length - length + 1, 0) }, (_, i) => names.slice(i, i + length));
}

/** Pearson's statistic of observed counts against expected ones. */
export function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, i) => sum + (count - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 1), 0);
}

/** Upper 0.1 % point of chi-square (Wilson-Hilferty): a seeded test that passes once passes always. */
export function chiSquareLimit(degrees: number): number {
  return degrees * (1 - 2 / (9 * degrees) + 3.09 * Math.sqrt(2 / (9 * degrees))) ** 3;
}
