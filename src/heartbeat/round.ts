import type { Random } from '../model/clock.ts';

/** What a round visits. */
export interface Visited {
  /** When its last check began, or when it came in, in Clock milliseconds. */
  lastStartedAt: number;
}

/** How fast a round goes. */
export interface Pace {
  /** T: one whole round. */
  readonly intervalMs: number;
  /** A visit is put off by up to this share of its slot, so that waits lie within T x (1 ± this / 100). */
  readonly jitterPercent: number;
  /** Visits never lie closer together than this, jitter aside: 1 / R where R is a declared budget; 0: no such limit. */
  readonly leastSpacingMs: number;
}

/** Slots that were missed by more than this (a standstill, or too many checks at once) are not made up for at once: no burst. */
const CATCH_UP_MS = 5;
/** A round that fell behind, because members left or T shrank, goes at most this much faster. */
const HURRY = 4;

/**
 * Visits all members one after the other, spread evenly over T: one slot of T / N each. O(1) a visit, whatever N. Pure: it is told the time.
 *
 * Newcomers go to the end of the round. Where slots have become longer (fewer members), those who would wait longer than T x (1 + jitter)
 * are visited earlier.
 */
export class Round<E extends Visited> {
  readonly #random: Random;
  #members: readonly E[] = [];
  #next = 0;
  #pace: Pace = { intervalMs: 1_000, jitterPercent: 0, leastSpacingMs: 0 };
  /** Where the last slot began. */
  #slot = 0;
  /** When the last visit was due. */
  #lastDue = 0;
  #jitter = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#members.length;
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
  }

  /** Members that stay keep their place in the round. `added`: not members yet. */
  change(added: readonly E[], removed: ReadonlySet<E>, now: number): void {
    const upcoming = this.#upcoming();
    const kept = removed.size === 0 ? upcoming : upcoming.filter((member) => !removed.has(member));
    this.#members = kept.concat(shuffled([...added], this.#random));
    this.#next = 0;
    if (kept.length === 0) this.#begin(now);
  }

  /** When the next visit is due; Infinity: there is nobody. */
  get dueAt(): number {
    const member = this.#members[this.#next];
    if (!member) return Number.POSITIVE_INFINITY;
    const slotMs = this.#slotMs;
    const { intervalMs, jitterPercent, leastSpacingMs } = this.#pace;
    const inTurn = this.#slot + slotMs * (1 + (this.#jitter * jitterPercent) / 100);
    const latest = member.lastStartedAt + intervalMs * (1 + jitterPercent / 100);
    return Math.min(inTurn, Math.max(latest, this.#lastDue + Math.max(slotMs / HURRY, leastSpacingMs)));
  }

  /** The member whose visit is due, which it counts as made at `now`. */
  take(now: number): E | null {
    const member = this.#members[this.#next];
    if (!member) return null;
    const due = this.dueAt;
    this.#lastDue = Math.max(due, now - CATCH_UP_MS);
    const slot = Math.min(this.#slot + this.#slotMs, due);
    this.#slot = Math.max(slot, now - Math.max(CATCH_UP_MS, this.#slotMs));
    this.#next = (this.#next + 1) % this.#members.length;
    this.#jitter = this.#random();
    return member;
  }

  get #slotMs(): number {
    return this.#pace.intervalMs / Math.max(this.#members.length, 1);
  }

  /** The first slot begins at random, so that several balancers do not go in step. */
  #begin(now: number): void {
    this.#slot = now - this.#random() * this.#slotMs;
    this.#lastDue = this.#slot;
    this.#jitter = this.#random();
  }

  #upcoming(): E[] {
    return [...this.#members.slice(this.#next), ...this.#members.slice(0, this.#next)];
  }
}

/** Fisher-Yates. */
function shuffled<E>(members: E[], random: Random): E[] {
  for (let i = members.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const kept = members[i] as E;
    members[i] = members[j] as E;
    members[j] = kept;
  }
  return members;
}
