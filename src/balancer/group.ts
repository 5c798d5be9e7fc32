import type { Picker } from '../balancing/picker.ts';
import { type Eligible, eligible, mayEject } from '../balancing/pool.ts';
import { createPicker } from '../balancing/registry.ts';
import { slowAmong } from '../health/slowness.ts';
import { FirstByteTime, isOverdue, suspicionThreshold } from '../health/suspicion.ts';
import type { Random } from '../model/clock.ts';
import type { StrategyType } from '../model/config.ts';
import type { Upstream } from '../proxy/upstream.ts';

export interface GroupRules {
  readonly strategy: StrategyType;
  readonly weights: ReadonlyMap<string, number | null>;
  readonly maxEjectedPercent: number;
}

/** The endpoints of one listener, and who of them gets its requests. */
export class Group {
  readonly name: string;
  /** Of all its endpoints together: what a new one is measured by. */
  readonly firstByteTime = new FirstByteTime();
  readonly #random: Random;
  #rules: GroupRules;
  #upstreams: readonly Upstream[] = [];
  #tier: Eligible<Upstream>['tier'] = 'Empty';
  #picker: Picker<Upstream>;
  /** Something has changed since the picker was made. */
  #outdated = false;

  constructor(name: string, rules: GroupRules, random: Random) {
    this.name = name;
    this.#rules = rules;
    this.#random = random;
    this.#picker = createPicker(rules.strategy, [], rules.weights, random);
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams;
  }

  get picker(): Picker<Upstream> {
    this.#bringUpToDate();
    return this.#picker;
  }

  /** No endpoint is left, so all are tried. */
  get failOpen(): boolean {
    this.#bringUpToDate();
    return this.#tier === 'FailOpen';
  }

  /** It has somebody to ask. */
  get serving(): boolean {
    this.#bringUpToDate();
    return this.#tier === 'Healthy' || this.#tier === 'Suspect';
  }

  setRules(rules: GroupRules): void {
    this.#rules = rules;
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams;
  }

  /**
   * After any change of who is there, how they are, or how they are chosen. The choice is made when it is next asked for: a new picker costs
   * O(endpoints), and when a node dies, hundreds change before a request asks.
   */
  choose(): void {
    this.#outdated = true;
  }

  #bringUpToDate(): void {
    if (!this.#outdated) return;
    this.#outdated = false;
    const { strategy, weights, maxEjectedPercent } = this.#rules;
    const { tier, targets } = eligible(this.#upstreams, weights, maxEjectedPercent);
    this.#tier = tier;
    this.#picker = createPicker(strategy, targets, weights, this.#random, this.#picker);
  }

  /** Those that get traffic and are much slower than the others of their backend at `now` (LoopTime). */
  slow(now: number): readonly Upstream[] {
    const backends = new Map<string, Upstream[]>();
    for (const upstream of this.#upstreams) {
      if (upstream.lifecycle === 'Draining' || upstream.health.state !== 'Healthy') continue;
      const peers = backends.get(upstream.backend);
      if (peers) peers.push(upstream);
      else backends.set(upstream.backend, [upstream]);
    }
    return [...backends.values()].flatMap((peers) => slowAmong(peers, now));
  }

  mayEject(upstream: Upstream): boolean {
    return mayEject(this.#upstreams, upstream.backend, this.#rules.maxEjectedPercent);
  }

  /** For how long `upstream` has owed an answer at `now` (LoopTime), where that is too long; else null. */
  overdueMs(upstream: Upstream, now: number): number | null {
    const since = upstream.silence.since;
    if (since === null) return null;
    return isOverdue(since, now, suspicionThreshold(upstream.firstByteTime, this.firstByteTime), 0) ? now - since : null;
  }
}
