import type { Random } from '../model/clock.ts';

/** A choice with a share: a backend, or a class of servers of equal weight. */
export interface Share {
  /** What its credit is carried over by. */
  readonly key: string;
  /** A whole number, 1 or more. */
  readonly weight: number;
}

/**
 * Smooth weighted round robin (nginx's): every choice earns its weight at each turn, the one with most credit is taken and pays the sum of
 * all weights. In any window as long as the sum of weights (divided by their greatest common divisor), each choice comes up exactly in
 * proportion, and spread out: for 5:1:1 the turns are a a b a c a a.
 *
 * A turn costs O(choices). Choices are backends (at most 16) or distinct weights, so that the cost does not grow with the servers.
 */
export class Interleave<S extends Share> {
  readonly choices: readonly S[];
  readonly #credits: number[];
  readonly #total: number;

  /** Starts somewhere in its round, or, where it replaces `previous`, with the credit that each choice had there. */
  constructor(choices: readonly S[], random: Random, previous?: Interleave<S>) {
    this.choices = choices;
    this.#total = choices.reduce((sum, choice) => sum + choice.weight, 0);
    if (previous) {
      this.#credits = choices.map((choice) => previous.#creditOf(choice.key, this.#total));
    } else {
      this.#credits = choices.map(() => 0);
      const round = choices.length > 1 ? Math.min(this.#total, 1024) : 0;
      for (let turn = Math.floor(random() * round); turn > 0; turn -= 1) this.take(() => true);
    }
  }

  /** Tries choices, the most deserving first, until `use` accepts one, which pays. Null when none was accepted. */
  take<R>(use: (choice: S) => R | null): R | null {
    const credits = this.#credits;
    for (let i = 0; i < credits.length; i += 1) credits[i] = (credits[i] as number) + (this.choices[i] as S).weight;
    let refused: Set<number> | null = null;
    for (;;) {
      const best = this.#richest(refused);
      if (best < 0) break;
      const result = use(this.choices[best] as S);
      if (result !== null) {
        credits[best] = (credits[best] as number) - this.#total;
        return result;
      }
      refused ??= new Set();
      refused.add(best);
    }
    for (let i = 0; i < credits.length; i += 1) credits[i] = (credits[i] as number) - (this.choices[i] as S).weight;
    return null;
  }

  #richest(refused: ReadonlySet<number> | null): number {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#credits.length; i += 1) {
      const credit = this.#credits[i] as number;
      if (credit > most && !refused?.has(i)) {
        best = i;
        most = credit;
      }
    }
    return best;
  }

  /** In units of `total`: after a change of weights, a choice keeps the part of a round that it was owed or owes. */
  #creditOf(key: string, total: number): number {
    const i = this.choices.findIndex((choice) => choice.key === key);
    if (i < 0) return 0;
    const credit = this.#credits[i] as number;
    return total === this.#total ? credit : Math.round((credit * total) / this.#total);
  }
}
