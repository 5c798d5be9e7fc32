import type { Applicant } from './admission.ts';
import type { ExchangeSurroundings } from './exchange-client.ts';
import type { RequestFailure } from './proxy-metrics.ts';
import type { Found, Waiter } from './request-line.ts';
import type { Upstream } from './upstream.ts';

/** Whose turn it is. */
export interface TurnOwner {
  /** Asks the picker of now, as a Waiter does. */
  find(): Found;
  /** It has to wait. */
  waits(): void;
  proceed(found: Upstream | 'None'): void;
  refuse(status: number, message: string, failure: RequestFailure): void;
}

/** How one request comes to a server: among those that come at once it asks for admission; where servers have a limit of requests, it stands in line. */
export class Turn implements Applicant, Waiter {
  readonly #owner: TurnOwner;
  readonly #in: ExchangeSurroundings;
  #waitsFor: 'Nothing' | 'Admission' | 'Server' = 'Nothing';
  /** Among those without an answer that admission counts. */
  #counted = false;
  #over = false;

  constructor(owner: TurnOwner, surroundings: ExchangeSurroundings) {
    this.#owner = owner;
    this.#in = surroundings;
  }

  get waits(): boolean {
    return this.#waitsFor !== 'Nothing';
  }

  get waitsInLine(): boolean {
    return this.#waitsFor === 'Server';
  }

  begin(): void {
    const { route, line, context } = this.#in;
    if (route.limits.requestsPerServer > 0) {
      const found = line.length > 0 ? 'Full' : this.find();
      if (found === 'Full') this.stand(false);
      else this.proceed(found);
    } else if (context.admission.ask(this)) {
      this.admitted();
    } else {
      this.#waitsFor = 'Admission';
      this.#owner.waits();
    }
  }

  /** In line. `ahead`: a server has failed it. */
  stand(ahead: boolean): void {
    const { line, route, context } = this.#in;
    if (!line.enter(this, context.time.now(), ahead, route.limits.pendingRequests)) {
      this.#owner.refuse(503, 'too many requests are waiting for a server', 'TooManyPending');
      return;
    }
    this.#waitsFor = 'Server';
    this.#owner.waits();
  }

  /** An answer to it has begun. */
  answered(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#in.context.admission.answered();
  }

  /** It needs no server any more. */
  end(): void {
    this.#over = true;
    if (this.#waitsFor === 'Server') this.#in.line.leave(this);
    this.#waitsFor = 'Nothing';
    this.answered();
  }

  // What admission and the line ask for.

  admitted(): boolean {
    if (this.#over) return false;
    this.#counted = true;
    this.proceed(this.#in.route.picker.pick() ?? 'None');
    return true;
  }

  find(): Found {
    return this.#owner.find();
  }

  proceed(found: Upstream | 'None'): void {
    this.#waitsFor = 'Nothing';
    this.#owner.proceed(found);
  }

  pendingTimeout(): void {
    this.#waitsFor = 'Nothing';
    this.#owner.refuse(503, 'no server had room in time', 'PendingTimeout');
  }
}
