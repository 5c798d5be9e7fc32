import { type Endpoint, endpointKey } from '../model/endpoint.ts';
import type { HealthReason } from '../model/health.ts';
import type { FailoverReport } from '../model/report.ts';

/** Outages that are kept, and how many of them are reported in any case: a node's death is told whole, and is not repeated for ever. */
const RECORDS = 100;
const REPORTED = 20;
const NEW_MS = 60_000;
/** Requests that fail on an endpoint that is not out count for its outage if that begins within this time. */
const PRELUDE_MS = 30_000;
/** Endpoints for which such requests are remembered: those of servers that never come back must not add up. */
const PRELUDES = 1_000;

interface Outage {
  readonly id: string;
  /** Of its endpoint. */
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly reason: HealthReason;
  readonly detectionMilliseconds: number;
  readonly startedAt: number;
  endedAt: number | null;
  removed: boolean;
  rescued: number;
  lost: number;
}

/** Requests that failed on an endpoint before it was marked down. */
interface Prelude {
  readonly since: number;
  rescued: number;
  lost: number;
}

/** The outages of endpoints, newest first, and what became of the requests that they held. Pure: it is told the time (Clock ms). */
export class FailoverRecorder {
  readonly #prefix: string;
  #outages: Outage[] = [];
  readonly #open = new Map<string, Outage>();
  readonly #preludes = new Map<string, Prelude>();
  #count = 0;

  /** `prefix`: random, one for each process, so that ids never repeat. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Outages ever. */
  get count(): number {
    return this.#count;
  }

  /** `endpoint` was marked Unhealthy. */
  out(endpoint: Endpoint, reason: HealthReason, detectionMilliseconds: number, at: number): void {
    const key = endpointKey(endpoint);
    if (this.#open.has(key)) return;
    const prelude = this.#preludes.get(key);
    const counts = prelude && at - prelude.since <= PRELUDE_MS ? prelude : { rescued: 0, lost: 0 };
    const { rescued, lost } = counts;
    this.#count++;
    const id = `${this.#prefix}-${this.#count}`;
    const outage: Outage = {
      id,
      key,
      endpoint,
      reason,
      detectionMilliseconds,
      startedAt: at,
      endedAt: null,
      removed: false,
      rescued,
      lost,
    };
    this.#preludes.delete(key);
    this.#open.set(key, outage);
    this.#outages = [outage, ...this.#outages].slice(0, RECORDS);
  }

  /** It is Healthy again. */
  over(endpoint: Endpoint, at: number): void {
    const outage = this.#close(endpointKey(endpoint));
    if (outage) outage.endedAt = at;
  }

  /** It is not listed any more. That is no recovery: most servers that are out leave, as their pods are no longer ready. */
  removed(endpoint: Endpoint): void {
    const outage = this.#close(endpointKey(endpoint));
    if (outage) outage.removed = true;
  }

  /** It is listed, after it was not: where it left while it was out, it is the same server's return that ends the outage. */
  listed(endpoint: Endpoint, at: number): void {
    const outage = this.#outages.find((each) => each.key === endpointKey(endpoint));
    if (!outage?.removed || outage.endpoint.podName !== endpoint.podName) return;
    outage.removed = false;
    outage.endedAt = at;
  }

  /** `key`: of the endpoint (endpointKey), here and below. */
  rescued(key: string, at: number): void {
    this.#counts(key, at).rescued++;
  }

  lost(key: string, at: number): void {
    this.#counts(key, at).lost++;
  }

  /** The newest, and of the last minute all that are kept. */
  reports(at: number): FailoverReport[] {
    const told = this.#outages.filter(({ startedAt }, index) => index < REPORTED || at - startedAt <= NEW_MS);
    return told.map(({ id, endpoint, reason, detectionMilliseconds, startedAt, endedAt, removed, rescued, lost }) => ({
      id,
      address: endpoint.id,
      backend: endpoint.backend,
      ...(endpoint.podName === undefined ? {} : { podName: endpoint.podName }),
      ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }),
      reason,
      detectionMilliseconds: Math.round(detectionMilliseconds),
      rescued,
      lost,
      agoMilliseconds: Math.round(at - startedAt),
      removed,
      outMilliseconds: endedAt === null ? null : Math.round(endedAt - startedAt),
    }));
  }

  #close(key: string): Outage | undefined {
    const outage = this.#open.get(key);
    this.#preludes.delete(key);
    this.#open.delete(key);
    return outage;
  }

  #counts(key: string, at: number): { rescued: number; lost: number } {
    // What an endpoint held may be settled only after it has left.
    const left = () => this.#outages.find((each) => each.removed && each.key === key && at - each.startedAt <= PRELUDE_MS);
    const outage = this.#open.get(key) ?? left();
    if (outage) return outage;
    const known = this.#preludes.get(key);
    if (known && at - known.since <= PRELUDE_MS) return known;
    const prelude: Prelude = { since: at, rescued: 0, lost: 0 };
    if (this.#preludes.size >= PRELUDES) this.#preludes.clear();
    this.#preludes.set(key, prelude);
    return prelude;
  }
}
