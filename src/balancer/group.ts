import type { Picker } from '../balancing/picker.ts';
import { type Eligible, eligible, mayEject } from '../balancing/pool.ts';
import { createPicker } from '../balancing/registry.ts';
import type { ServerNameRoutes } from '../balancing/server-name-routes.ts';
import { slowAmong } from '../health/slowness.ts';
import { FirstByteTime, isOverdue, suspicionThreshold } from '../health/suspicion.ts';
import type { Random } from '../model/clock.ts';
import type { StrategyType } from '../model/config.ts';
import type { Upstream } from '../proxy/upstream.ts';

export interface GroupRules {
  readonly strategy: StrategyType;
  readonly weights: ReadonlyMap<string, number | null>;
  readonly maxEjectedPercent: number;
  /** Of a listener of TLS: who is for which host; null: all are for all. */
  readonly routes: ServerNameRoutes | null;
}

/** Who among some endpoints gets requests now. */
interface Choice {
  readonly tier: Eligible<Upstream>['tier'];
  readonly picker: Picker<Upstream>;
}

/** The endpoints of one listener, and who of them gets its requests. */
export class Group {
  readonly name: string;
  /** Of all its endpoints together: what a new one is measured by. */
  readonly firstByteTime = new FirstByteTime();
  readonly #random: Random;
  #rules: GroupRules;
  #upstreams: readonly Upstream[] = [];
  /** Of those that are for all; and of those for one host, by its name. */
  #rest: Choice;
  #named: ReadonlyMap<string, Choice> = new Map();
  /** Something has changed since the choices were made. */
  #outdated = false;

  constructor(name: string, rules: GroupRules, random: Random) {
    this.name = name;
    this.#rules = rules;
    this.#random = random;
    this.#rest = this.#among([]);
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams;
  }

  get picker(): Picker<Upstream> {
    this.#bringUpToDate();
    return this.#rest.picker;
  }

  /** For a client of TLS that asks for a host, or (null) for none; null: there is no backend for it. */
  pickerFor(serverName: string | null): Picker<Upstream> | null {
    this.#bringUpToDate();
    const { routes } = this.#rules;
    const name = routes?.match(serverName) ?? null;
    if (name !== null) return this.#named.get(name)?.picker ?? null;
    return routes?.rest.size === 0 ? null : this.#rest.picker;
  }

  /** No endpoint is left (for some host), so all are tried. */
  get failOpen(): boolean {
    this.#bringUpToDate();
    return [this.#rest, ...this.#named.values()].some(({ tier }) => tier === 'FailOpen');
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
    const { routes } = this.#rules;
    if (routes === null) {
      this.#rest = this.#among(this.#upstreams, this.#rest);
      return;
    }
    const of = (backends: ReadonlySet<string>) => this.#upstreams.filter(({ backend }) => backends.has(backend));
    this.#rest = this.#among(of(routes.rest), this.#rest);
    this.#named = new Map([...routes.named].map(([name, backends]) => [name, this.#among(of(backends), this.#named.get(name))]));
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

  #among(upstreams: readonly Upstream[], previous?: Choice): Choice {
    const { strategy, weights, maxEjectedPercent } = this.#rules;
    const { tier, targets } = eligible(upstreams, weights, maxEjectedPercent);
    return { tier, picker: createPicker(strategy, targets, weights, this.#random, previous?.picker) };
  }
}
