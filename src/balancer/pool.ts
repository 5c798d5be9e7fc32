import type { ServerNameRoutes } from '../balancing/server-name-routes.ts';
import { type HealthThresholds, heedsAnswers, nextHealth, type Outcome } from '../health/machine.ts';
import type { HealthEvent, HealthRecord } from '../health/record.ts';
import type { CheckResult } from '../heartbeat/check-result.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { FailoverConfig, ServerProtocol } from '../model/config.ts';
import { type Endpoint, endpointKey } from '../model/endpoint.ts';
import type { HealthReason } from '../model/health.ts';
import type { LoopTime } from '../proxy/loop-time.ts';
import type { TrafficObserver } from '../proxy/traffic-observer.ts';
import { Upstream } from '../proxy/upstream.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import { Group, type GroupRules } from './group.ts';

export interface PoolOptions {
  readonly clock: Clock;
  readonly time: LoopTime;
  readonly random: Random;
  /** How the servers of a backend are spoken to. */
  readonly talkOf: (backend: string) => BackendTalk;
  /** Bring the next check of this endpoint forward. */
  readonly checkNow: (endpointId: string) => void;
  /** An endpoint came into another state; its group has chosen anew already, its requests have not been told yet. */
  readonly onChange: (upstream: Upstream, outcome: Outcome) => void;
  readonly onRescued: (upstream: Upstream) => void;
  readonly onLost: (upstream: Upstream) => void;
  /** Something of what is believed of an endpoint has changed: after `onChange`, where that was its state. */
  readonly onBelief?: (upstream: Upstream) => void;
  /** Given, somebody else judges what happens to endpoints, and tells by `believe`. */
  readonly report?: (upstream: Upstream, event: HealthEvent) => void;
}

export interface PoolConfig extends Omit<GroupRules, 'routes'> {
  /** Names of the listeners. */
  readonly listeners: readonly string[];
  /** By listener, of those of TLS. */
  readonly routes: ReadonlyMap<string, ServerNameRoutes>;
  /** By backend. */
  readonly protocols: ReadonlyMap<string, ServerProtocol>;
  readonly thresholds: HealthThresholds;
  readonly failover: FailoverConfig;
}

/** Before the first configuration: no listener, so none of it is asked for. */
const NOTHING: PoolConfig = {
  strategy: 'RoundRobin',
  weights: new Map(),
  maxEjectedPercent: 0,
  listeners: [],
  routes: new Map(),
  protocols: new Map(),
  thresholds: { failureThreshold: 1, successThreshold: 1, timeoutMs: 0 },
  failover: {
    retryMethods: 'None',
    retryBudgetPercent: 0,
    replayBufferBytes: 0,
    maxEjectedPercent: 0,
    connectTimeoutMs: 0,
    responseTimeoutMs: 0,
    drainTimeoutMs: 0,
  },
};

/** Reasons that speak of a server which breaks or refuses connections, and so has a word to say about each that it holds. */
const REFUSALS: ReadonlySet<HealthReason> = new Set(['AddressRefused', 'HeartbeatRefused', 'TrafficFailed']);

/** All endpoints at run time: what is known of each, kept through changes of configuration, and what follows from it. */
export class Pool implements TrafficObserver {
  readonly #options: PoolOptions;
  readonly #groups = new Map<string, Group>();
  /** By port name and id: two ports may lead to one address. */
  readonly #upstreams = new Map<string, Upstream>();
  readonly #byId = new Map<string, Upstream[]>();
  /** Draining, or not listed any more: when that began, in LoopTime. They finish what they have. */
  readonly #leaving = new Map<Upstream, number>();
  #listed: ReadonlySet<Upstream> = new Set();
  /** Who an endpoint of the last list became: with thousands, looking for those that are the same as before is most of a change. */
  #recorded: ReadonlyMap<Endpoint, Upstream> = new Map();
  #config: PoolConfig = NOTHING;
  #stale = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get groups(): Iterable<Group> {
    return this.#groups.values();
  }

  /** Undefined where it is not known any more. */
  find(key: string): Upstream | undefined {
    return this.#upstreams.get(key);
  }

  group(listener: string): Group | undefined {
    return this.#groups.get(listener);
  }

  /** Every endpoint that is listed now. */
  get upstreams(): readonly Upstream[] {
    return [...this.#groups.values()].flatMap((group) => group.upstreams);
  }

  configure(config: PoolConfig): void {
    this.#config = config;
    for (const name of this.#groups.keys()) if (!config.listeners.includes(name)) this.#groups.delete(name);
    for (const name of config.listeners) {
      const rules = { ...config, routes: config.routes.get(name) ?? null };
      const group = this.#groups.get(name);
      if (group) group.setRules(rules);
      else this.#groups.set(name, new Group(name, rules, this.#options.random));
    }
    for (const upstream of this.#listed) this.#configure(upstream);
    this.#regroup([...this.#listed]);
  }

  /** `stale`: who follows the endpoints has lost touch, so what answers at an old address may be somebody else. */
  setEndpoints(endpoints: readonly Endpoint[], stale: boolean): void {
    this.#stale = stale;
    const now = this.#options.time.now();
    const recorded = new Map<Endpoint, Upstream>();
    for (const endpoint of endpoints) recorded.set(endpoint, this.#record(endpoint));
    this.#recorded = recorded;
    const listed = [...recorded.values()];
    const still = new Set(listed);
    for (const upstream of this.#upstreams.values()) {
      if (!still.has(upstream) || upstream.lifecycle === 'Draining') this.#leave(upstream, now);
      else this.#stay(upstream);
    }
    this.#listed = still;
    this.#regroup(listed);
  }

  /** Looks at the time: who has gone silent (every call), and every connection's deadlines (`deadlines`). */
  tick(now: number, deadlines: boolean): void {
    for (const upstream of this.#upstreams.values()) {
      const overdueMs = this.#groups.get(upstream.endpoint.portName)?.overdueMs(upstream, now) ?? null;
      if (overdueMs !== null) this.overdue(upstream, overdueMs);
    }
    if (!deadlines) return;
    for (const group of this.#groups.values()) for (const upstream of group.slow(now)) this.#slow(upstream);
    const { failover } = this.#config;
    for (const upstream of this.#upstreams.values()) upstream.tick(now, failover);
    for (const [upstream, since] of this.#leaving) this.#seeOff(upstream, now - since >= failover.drainTimeoutMs);
  }

  checked(endpointId: string, result: CheckResult): void {
    if (result.answered) this.hasBeenChecked(endpointId);
    for (const upstream of this.#byId.get(endpointId) ?? []) {
      if (result.answered) {
        this.#apply(upstream, { type: 'CheckAnswered', at: result.endedAt, stale: this.#stale });
      } else {
        const { endedAt, startedAt, reason, loopLateMs } = result;
        this.#apply(upstream, { type: 'CheckMissed', at: endedAt, startedAt, reason, loopLateMs });
      }
    }
  }

  /** It has answered a heartbeat, so it is there. */
  hasBeenChecked(endpointId: string): void {
    for (const upstream of this.#byId.get(endpointId) ?? []) upstream.checked(this.#options.time.now());
  }

  /** What another process has seen of an endpoint's traffic. */
  heard(upstream: Upstream, event: HealthEvent): void {
    this.#apply(upstream, 'mayEject' in event ? { ...event, mayEject: this.#mayEject(upstream) } : event);
  }

  /** What another process believes of an endpoint. */
  believe(upstream: Upstream, record: HealthRecord): void {
    const { state, heldUntil } = upstream.health;
    upstream.health = record;
    // When it gets another chance it is not to be judged by what it was.
    if (record.heldUntil !== heldUntil) upstream.pace.restart();
    if (record.state === state) return;
    this.#groups.get(upstream.endpoint.portName)?.choose();
    this.#tellRequests(upstream);
  }

  /** Ends every connection to a server. */
  close(): void {
    for (const upstream of this.#upstreams.values()) upstream.expel();
  }

  // What the proxy tells.

  answered(upstream: Upstream, firstByteMs: number): void {
    upstream.answered(firstByteMs);
    this.#groups.get(upstream.endpoint.portName)?.firstByteTime.observe(firstByteMs);
    if (heedsAnswers(upstream.health)) this.#apply(upstream, { type: 'TrafficAnswered', at: this.#options.clock() });
  }

  completed(upstream: Upstream): void {
    if (heedsAnswers(upstream.health)) this.#apply(upstream, { type: 'TrafficCompleted', at: this.#options.clock() });
  }

  failed(upstream: Upstream): void {
    this.#apply(upstream, { type: 'TrafficFailed', at: this.#options.clock(), mayEject: this.#mayEject(upstream) });
  }

  cut(upstream: Upstream): void {
    this.#apply(upstream, { type: 'ResponseCut', at: this.#options.clock(), mayEject: this.#mayEject(upstream) });
  }

  overdue(upstream: Upstream, unansweredMs: number): void {
    const at = this.#options.clock();
    if (upstream.health.state === 'Healthy' && this.#listed.has(upstream))
      this.#apply(upstream, { type: 'TrafficUnanswered', at, unansweredSince: at - unansweredMs });
    else upstream.suspect();
  }

  rescued(upstream: Upstream): void {
    this.#options.onRescued(upstream);
  }

  lost(upstream: Upstream): void {
    this.#options.onLost(upstream);
  }

  #slow(upstream: Upstream): void {
    this.#apply(upstream, { type: 'TrafficSlow', at: this.#options.clock() });
    // When it gets another chance it is not to be judged by what it was.
    upstream.pace.restart();
  }

  #apply(upstream: Upstream, event: HealthEvent): void {
    if (!this.#listed.has(upstream)) return;
    if (this.#options.report) {
      this.#options.report(upstream, event);
      return;
    }
    const before = upstream.health;
    const outcome = nextHealth(before, event, this.#config.thresholds);
    upstream.health = outcome.record;
    if (outcome.checkNow) this.#options.checkNow(upstream.id);
    if (outcome.changed) {
      this.#groups.get(upstream.endpoint.portName)?.choose();
      this.#options.onChange(upstream, outcome);
    }
    if (this.#options.onBelief && differ(before, outcome.record)) this.#options.onBelief(upstream);
    if (outcome.changed) this.#tellRequests(upstream);
  }

  /** Its requests learn of the state that it has just come into. */
  #tellRequests(upstream: Upstream): void {
    const { state, reason } = upstream.health;
    if (state === 'Unhealthy') upstream.condemn(REFUSALS.has(reason));
    else if (state === 'Suspect') upstream.suspect();
  }

  #mayEject(upstream: Upstream): boolean {
    return this.#groups.get(upstream.endpoint.portName)?.mayEject(upstream) ?? false;
  }

  #record(endpoint: Endpoint): Upstream {
    const same = this.#recorded.get(endpoint);
    if (same !== undefined && same.endpoint === endpoint) return same;
    const key = endpointKey(endpoint);
    let upstream = this.#upstreams.get(key);
    if (upstream && upstream.endpoint.podName !== endpoint.podName) {
      // Another server has the address now: nothing that is known of the one before holds for it.
      upstream.expel();
      this.#forget(upstream);
      this.#options.checkNow(endpoint.id);
      upstream = undefined;
    }
    if (!upstream) {
      upstream = new Upstream(endpoint, this.#options.clock(), this.#options.talkOf);
      this.#upstreams.set(key, upstream);
      this.#byId.set(endpoint.id, [...(this.#byId.get(endpoint.id) ?? []), upstream]);
    }
    upstream.endpoint = endpoint;
    this.#configure(upstream);
    return upstream;
  }

  #configure(upstream: Upstream): void {
    const { backend, portName } = upstream.endpoint;
    upstream.protocol = this.#config.protocols.get(backend) ?? 'HTTP1';
    upstream.bringsTls = this.#config.routes.has(portName);
  }

  #regroup(listed: readonly Upstream[]): void {
    for (const group of this.#groups.values()) {
      group.setUpstreams(listed.filter((upstream) => upstream.endpoint.portName === group.name));
      group.choose();
    }
  }

  #leave(upstream: Upstream, now: number): void {
    if (!this.#leaving.has(upstream)) this.#leaving.set(upstream, now);
    upstream.retire(true);
  }

  #stay(upstream: Upstream): void {
    if (this.#leaving.delete(upstream)) upstream.retire(false);
  }

  /** One that is leaving: gone when it has nothing left, or when its time is over. */
  #seeOff(upstream: Upstream, late: boolean): void {
    if (late) upstream.expel();
    if (upstream.connections > 0 || this.#listed.has(upstream)) return;
    this.#forget(upstream);
  }

  #forget(upstream: Upstream): void {
    this.#leaving.delete(upstream);
    this.#upstreams.delete(upstream.key);
    const others = (this.#byId.get(upstream.id) ?? []).filter((each) => each !== upstream);
    if (others.length > 0) this.#byId.set(upstream.id, others);
    else this.#byId.delete(upstream.id);
  }
}

/** Whether somebody who only needs to know whom to send requests to, and what of their fate to tell, sees a difference. */
function differ(a: HealthRecord, b: HealthRecord): boolean {
  const alike = a.state === b.state && a.reason === b.reason && a.trafficAlone === b.trafficAlone && a.heldUntil === b.heldUntil;
  return !alike || heedsAnswers(a) !== heedsAnswers(b);
}
