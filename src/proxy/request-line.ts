import { PendingQueue } from '../balancing/pending-queue.ts';
import type { Picker } from '../balancing/picker.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import type { Upstream } from './upstream.ts';

/** A server to go to; `Full`: there are some, and each has as many requests as it may have; `None`: there is nobody to ask. */
export type Found = Upstream | 'Full' | 'None';

/** Somebody who wants a server. */
export interface Waiter {
  /** Asks the picker of now, for what it would take. Picks it, so it must be gone to. */
  find(): Found;
  /** What was found is its own; it waits no longer. */
  proceed(found: Upstream | 'None'): void;
  /** It has waited for too long, and waits no longer. */
  pendingTimeout(): void;
}

/**
 * A server that is not to be avoided and has fewer than `limit` requests in flight; 0: no limit. `failed`: how many have failed this request.
 * After the first it goes to the next in turn, so that turns stay even; after a second one chance is over, and it may go to any.
 */
export function findFree(picker: Picker<Upstream>, limit: number, avoid?: (upstream: Upstream) => boolean, failed = 0): Found {
  let full = false;
  const unfit = (each: Upstream): boolean => {
    if (avoid?.(each)) return true;
    if (limit === 0 || each.active < limit) return false;
    full = true;
    return true;
  };
  const upstream = failed > 1 ? picker.pickOther(unfit) : picker.pick(unfit);
  return upstream ?? (full ? 'Full' : 'None');
}

/** The requests of one listener that wait until a server has room for them. */
export class RequestLine {
  readonly #queue = new PendingQueue<Waiter>();
  readonly #metrics: ListenerMetrics;
  readonly #alike: boolean;
  #serving = false;

  /** `alike`: where nothing is free for one that no server has failed, nothing is for the next. */
  constructor(metrics: ListenerMetrics, alike = true) {
    this.#metrics = metrics;
    this.#alike = alike;
  }

  get length(): number {
    return this.#queue.size;
  }

  /** `ahead`: of those that no server has failed. False: the line is full. */
  enter(waiter: Waiter, now: number, ahead: boolean, capacity: number): boolean {
    if (ahead) this.#queue.addAhead(waiter, now);
    else if (!this.#queue.add(waiter, now, capacity)) return false;
    this.#metrics.pending = this.#queue.size;
    this.freed();
    return true;
  }

  leave(waiter: Waiter): void {
    this.#queue.delete(waiter);
    this.#metrics.pending = this.#queue.size;
  }

  /** A server may have room. Served once whoever says so is done, so that the connection which became free is there to be used. */
  freed(): void {
    if (this.#serving || this.#queue.size === 0) return;
    this.#serving = true;
    queueMicrotask(() => {
      this.#serving = false;
      this.#serve();
    });
  }

  /** Looks at the time (LoopTime), and at what has changed otherwise: servers that came or went, another limit. */
  tick(now: number, timeoutMs: number): void {
    for (const waiter of this.#queue.expire(now, timeoutMs)) waiter.pendingTimeout();
    this.#serve();
  }

  #serve(): void {
    this.#queue.serve(findForWaiter, proceed, this.#alike);
    this.#metrics.pending = this.#queue.size;
  }
}

function findForWaiter(waiter: Waiter): Upstream | 'None' | null {
  const found = waiter.find();
  return found === 'Full' ? null : found;
}

function proceed(waiter: Waiter, found: Upstream | 'None'): void {
  waiter.proceed(found);
}
