import { type Interval, intervalOf, MeanResponse, maxDetectionMs } from '../health/interval.ts';
import { standstill } from '../health/lateness.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { HeartbeatConfig, ListenerConfig } from '../model/config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { HeartbeatReport } from '../model/report.ts';
import type { BackendTalk } from '../tls/backend-talk.ts';
import type { CheckResult } from './check-result.ts';
import type { Finding } from './checker.ts';
import { CheckerChoice } from './checker-choice.ts';
import { RecheckQueue } from './recheck-queue.ts';
import { Round } from './round.ts';

export interface HeartbeatsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How the servers of a backend are spoken to. */
  readonly talkOf: (backend: string) => BackendTalk;
  /** Called once for each check that said something of its endpoint; never from inside a call of Heartbeats. */
  readonly onResult: (endpointId: string, result: CheckResult) => void;
}

/** Checks under way at once: each holds a socket. */
const MOST_IN_FLIGHT = 1_024;
/** While checks are under way the loop is looked at this often, so that a standstill within their time is noticed. */
const LOOK_MS = 20;
/** Rechecks a second that are always allowed where no budget was declared. */
const LEAST_RECHECKS = 20;

interface Entry {
  endpoint: Endpoint;
  lastStartedAt: number;
  flight: Flight | null;
}

interface Flight {
  readonly entry: Entry;
  readonly startedAt: number;
  /** All standstills until it began. */
  readonly stalledBefore: number;
  cancel: () => void;
}

/**
 * The heartbeats of all endpoints: one round over them in T = N / R, evenly spread, and a queue for those that must be looked at now. One
 * timer for everything; a check costs O(1) whatever N. At most one check of an endpoint is under way. Draining endpoints are not checked:
 * they may refuse new connections and still finish what they have.
 *
 * A timeout is judged only after pending I/O was heard, and time in which our own loop stood still is added to it.
 */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #onResult: HeartbeatsOptions['onResult'];
  readonly #talkOf: HeartbeatsOptions['talkOf'];
  readonly #entries = new Map<string, Entry>();
  readonly #round: Round<Entry>;
  readonly #queue = new RecheckQueue<Entry>();
  /** In the order in which they began, which is that of their deadlines. */
  readonly #flights = new Set<Flight>();
  readonly #response = new MeanResponse();
  #config: HeartbeatConfig | null = null;
  #checkers: CheckerChoice | null = null;
  #interval: Interval = { intervalMs: 0, overMaxInterval: false };
  #timer: NodeJS.Timeout | null = null;
  #timerDueAt = Number.POSITIVE_INFINITY;
  #immediate: NodeJS.Immediate | null = null;
  #stalled = 0;

  constructor(options: HeartbeatsOptions) {
    this.#clock = options.clock;
    this.#onResult = options.onResult;
    this.#talkOf = options.talkOf;
    this.#round = new Round(options.random);
  }

  /**
   * Takes over a configuration, in place: checks under way are begun again where what they ask has changed. `listeners`: an HTTP check
   * without a port of its own would talk HTTP to a TCP listener's servers, so those are checked by connecting.
   */
  configure(config: HeartbeatConfig, listeners: readonly Pick<ListenerConfig, 'name' | 'protocol'>[]): void {
    const changed = JSON.stringify([config.check, config.timeoutMs]) !== JSON.stringify([this.#config?.check, this.#config?.timeoutMs]);
    this.#config = config;
    this.#checkers = new CheckerChoice(config.check, listeners, this.#talkOf);
    if (changed) for (const flight of [...this.#flights]) this.#restart(flight);
    this.#setPace();
    this.#schedule();
  }

  /** All endpoints there are. New ones are checked at once, within the recheck budget; those that have gone are given up. */
  setEndpoints(endpoints: readonly Endpoint[]): void {
    const now = this.#clock();
    const checked = new Map<string, Endpoint>();
    for (const endpoint of endpoints) if (endpoint.lifecycle === 'Ready') checked.set(endpoint.id, endpoint);
    const removed = new Set<Entry>();
    for (const [id, entry] of this.#entries) {
      if (checked.has(id)) continue;
      this.#remove(id, entry);
      removed.add(entry);
    }
    const added: Entry[] = [];
    for (const [id, endpoint] of checked) {
      const known = this.#entries.get(id);
      if (known === undefined) added.push(this.#add(endpoint, now));
      else if (known.endpoint !== endpoint) this.#renew(known, endpoint);
    }
    if (removed.size > 0 || added.length > 0) this.#round.change(added, removed, now);
    this.#setPace();
    this.#schedule();
  }

  /** Brings the next check of an endpoint forward, within the recheck budget; nothing to do if one is under way. */
  checkNow(endpointId: string): void {
    const entry = this.#entries.get(endpointId);
    if (!entry || entry.flight) return;
    this.#queue.addSuspect(entry);
    this.#schedule();
  }

  report(): HeartbeatReport {
    const { intervalMs, overMaxInterval } = this.#interval;
    const servers = this.#entries.size;
    const answered = this.#response.mean !== null && intervalMs > 0;
    return {
      servers,
      responsesPerSecond: answered ? Math.round((servers / intervalMs) * 1e5) / 100 : 0,
      intervalMilliseconds: Math.round(intervalMs),
      maxDetectionMilliseconds: this.#config ? Math.round(maxDetectionMs(intervalMs, this.#config)) : 0,
      overMaxInterval,
    };
  }

  /** Gives up every check; `onResult` is not called any more. */
  close(): void {
    this.setEndpoints([]);
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#immediate) clearImmediate(this.#immediate);
  }

  #add(endpoint: Endpoint, now: number): Entry {
    const entry: Entry = { endpoint, lastStartedAt: now, flight: null };
    this.#entries.set(endpoint.id, entry);
    this.#queue.addNewcomer(entry);
    return entry;
  }

  /** Another pod at the same address is a new endpoint: what the old one is being asked says nothing of it. */
  #renew(entry: Entry, endpoint: Endpoint): void {
    const another = entry.endpoint.podName !== endpoint.podName;
    entry.endpoint = endpoint;
    if (!another) return;
    if (entry.flight) this.#give(entry.flight);
    this.#queue.addNewcomer(entry);
  }

  #remove(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#queue.delete(entry);
    if (entry.flight) this.#give(entry.flight);
  }

  #restart(flight: Flight): void {
    this.#give(flight);
    this.#queue.addNewcomer(flight.entry);
  }

  #setPace(): void {
    if (!this.#config) return;
    const { schedule, jitterPercent } = this.#config;
    this.#interval = intervalOf(schedule, this.#entries.size, this.#response.mean);
    const { intervalMs } = this.#interval;
    const declared = schedule.type === 'Budget' ? schedule.checksPerSecond : null;
    this.#round.setPace({ intervalMs, jitterPercent, leastSpacingMs: declared === null ? 0 : 1_000 / declared });
    this.#queue.setBudget(declared ?? Math.max((this.#entries.size / intervalMs) * 1_000, LEAST_RECHECKS), this.#clock());
  }

  #run(): void {
    this.#immediate = null;
    const now = this.#clock();
    this.#expire(now);
    while (this.#round.dueAt <= now && this.#flights.size < MOST_IN_FLIGHT) this.#begin(this.#round.take(now), now);
    while (this.#queue.dueAt(now) <= now && this.#flights.size < MOST_IN_FLIGHT) this.#begin(this.#queue.take(now), now);
    this.#schedule();
  }

  #begin(entry: Entry | null, now: number): void {
    if (!entry || entry.flight || !this.#checkers) return;
    this.#queue.delete(entry);
    entry.lastStartedAt = now;
    const flight: Flight = { entry, startedAt: now, stalledBefore: this.#stalled, cancel: () => {} };
    const { checker, target } = this.#checkers.for(entry.endpoint);
    entry.flight = flight;
    this.#flights.add(flight);
    flight.cancel = checker.start(target, (finding) => this.#found(flight, finding));
  }

  #expire(now: number): void {
    for (const flight of this.#flights) {
      if (this.#deadlineOf(flight) > now) return;
      flight.cancel();
      this.#found(flight, 'HeartbeatTimeout');
    }
  }

  #deadlineOf(flight: Flight): number {
    return flight.startedAt + (this.#config?.timeoutMs ?? 0) + (this.#stalled - flight.stalledBefore);
  }

  #found(flight: Flight, finding: Finding): void {
    const { entry, startedAt } = flight;
    this.#forget(flight);
    const endedAt = this.#clock();
    if (finding === 'Void') {
      this.#queue.addNewcomer(entry);
      this.#schedule();
      return;
    }
    const answered = finding === 'HeartbeatAnswered';
    const durationMs = endedAt - startedAt;
    // A standstill that the timer has not revealed yet: sockets may be heard first.
    const unrevealed = standstill(this.#timerDueAt, endedAt);
    if (answered) {
      this.#response.observe(durationMs, this.#entries.size);
      this.#setPace();
    }
    const loopLateMs = this.#stalled - flight.stalledBefore + unrevealed;
    this.#onResult(entry.endpoint.id, { answered, reason: finding, startedAt, endedAt, durationMs, loopLateMs });
  }

  #give(flight: Flight): void {
    flight.cancel();
    this.#forget(flight);
  }

  #forget(flight: Flight): void {
    this.#flights.delete(flight);
    flight.entry.flight = null;
  }

  /** Sets the one timer to whatever comes next. */
  #schedule(): void {
    if (this.#immediate || !this.#config) return;
    const now = this.#clock();
    const next = this.#nextAt(now);
    if (next <= now) {
      this.#immediate = setImmediate(() => this.#run());
      return;
    }
    if (next === this.#timerDueAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerDueAt = next;
    this.#timer = next === Number.POSITIVE_INFINITY ? null : setTimeout(() => this.#wake(), next - now);
  }

  #wake(): void {
    this.#stalled += standstill(this.#timerDueAt, this.#clock());
    this.#timerDueAt = Number.POSITIVE_INFINITY;
    this.#timer = null;
    // Not before what the endpoints have sent meanwhile was heard: setImmediate runs after pending I/O.
    this.#immediate ??= setImmediate(() => this.#run());
  }

  #nextAt(now: number): number {
    const [first] = this.#flights;
    const judged = first ? Math.min(this.#deadlineOf(first), now + LOOK_MS) : Number.POSITIVE_INFINITY;
    if (this.#flights.size >= MOST_IN_FLIGHT) return judged;
    return Math.min(judged, this.#round.dueAt, this.#queue.dueAt(now));
  }
}
