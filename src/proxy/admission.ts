import type { Clock } from '../model/clock.ts';

/** So many requests may be without an answer before further ones have to ask for their turn. */
const UNANSWERED = 64;
/** So many more go in each turn of the event loop, whatever servers do: where they are slow, thousands may wait for them at once. */
const PER_TURN = 32;
/** And so many for each millisecond of it, where a turn is long because of something else, as of handshakes: 8,000 a second always go. */
const PER_MILLISECOND = 8;

/** Somebody with a request for a server. */
export interface Applicant {
  /** Its turn has come. False: it has given up meanwhile. */
  admitted(): boolean;
}

/**
 * Lets requests that come at once go to their servers a few at a time. With a thousand clients one turn of the event loop reads hundreds of
 * requests. Were each sent on at once, each would take a server connection of its own, and by the time of its answer all that belongs to it would be out of the
 * processor's caches; here the next one takes the connection on which an answer has just come. Nobody waits for a server to answer: the
 * worst that slow servers can do is that of many requests read in one turn the last goes some turns later.
 */
export class Admission {
  readonly #afterCall: (run: () => void) => void;
  readonly #afterTurn: (run: () => void) => void;
  readonly #clock: Clock;
  #unanswered = 0;
  /** In the order in which they came; those before `#next` are gone. (A Map would do, but for what roster.ts says.) */
  #waiting: (Applicant | null)[] = [];
  #next = 0;
  #servedSoon = false;
  #servedNextTurn = false;
  /** Of the last serving after a turn, or of when there was first somebody to be served. */
  #servedAt = 0;

  /** How something is run after the call from the event loop that is under way, and after all that is ready in this turn. */
  constructor(afterCall: (run: () => void) => void, afterTurn: (run: () => void) => void, clock: Clock) {
    this.#afterCall = afterCall;
    this.#afterTurn = afterTurn;
    this.#clock = clock;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** True: it may go now, and `answered` is to be called once. False: `admitted` is called later, and then the same holds if that is true. */
  ask(applicant: Applicant): boolean {
    if (this.#unanswered < UNANSWERED && this.waiting === 0) {
      this.#unanswered++;
      return true;
    }
    if (!this.#servedNextTurn) this.#servedAt = this.#clock();
    this.#waiting.push(applicant);
    this.#serveNextTurn();
    return false;
  }

  /** One that was admitted has its answer, or needs none any more. */
  answered(): void {
    this.#unanswered--;
    if (this.#servedSoon || this.waiting === 0) return;
    this.#servedSoon = true;
    // Not at once: the connection that the answer came on is about to be free.
    this.#afterCall(() => {
      this.#servedSoon = false;
      while (this.waiting > 0 && this.#unanswered < UNANSWERED) this.#admitOne();
    });
  }

  #serveNextTurn(): void {
    if (this.#servedNextTurn) return;
    this.#servedNextTurn = true;
    this.#afterTurn(() => {
      this.#servedNextTurn = false;
      const now = this.#clock();
      let left = Math.max(PER_TURN, PER_MILLISECOND * (now - this.#servedAt));
      this.#servedAt = now;
      while (left > 0 && this.waiting > 0) if (this.#admitOne()) left--;
      if (this.waiting > 0) this.#serveNextTurn();
    });
  }

  /** False: the next one had given up. */
  #admitOne(): boolean {
    const applicant = this.#waiting[this.#next] as Applicant;
    this.#waiting[this.#next++] = null;
    if (this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    // First, as it may be answered at once.
    this.#unanswered++;
    const went = applicant.admitted();
    if (!went) this.#unanswered--;
    return went;
  }
}
