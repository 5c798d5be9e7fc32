import { Agent, type IncomingMessage, request } from 'node:http';

export interface LoadCounts {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** Of the answered ones. */
  readonly slowestMs: number;
  /** The newest failure, in words; empty: none. */
  readonly lastFailure: string;
}

export interface SteadyLoadOptions {
  readonly url: string;
  readonly perSecond: number;
  /** A client's patience. */
  readonly timeoutMs: number;
}

const TICK_MS = 20;

/** A client that sends GET requests at a steady rate, whether they are answered or not, and counts what becomes of them. */
export class SteadyLoad {
  readonly #options: SteadyLoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #startedAt = performance.now();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null;
  #counts = { sent: 0, answered: 0, failed: 0, slowestMs: 0, lastFailure: '' };

  constructor(options: SteadyLoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  get counts(): LoadCounts {
    return this.#counts;
  }

  /** Sends no more, and resolves when all that was sent has been answered or has failed. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  #sendDue(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) / 1000) * this.#options.perSecond);
    // After a standstill of this process the missed ones are not sent in one burst.
    for (let count = Math.min(due - this.#counts.sent, this.#options.perSecond); count > 0; count -= 1) this.#send();
  }

  #send(): void {
    this.#counts.sent += 1;
    const one = this.#exchange().catch((error: unknown) => {
      this.#counts.failed += 1;
      this.#counts.lastFailure = (error as Error).message;
    });
    this.#underWay.add(one);
    void one.finally(() => this.#underWay.delete(one));
  }

  async #exchange(): Promise<void> {
    const begun = performance.now();
    const { url, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sending = request(url, { agent: this.#agent, signal: AbortSignal.timeout(timeoutMs) }, resolve);
    sending.on('error', reject);
    sending.end();
    const response = await promise;
    for await (const _ of response) {
      // The body has to be read to its end: a response that breaks off in the middle has failed.
    }
    if (response.statusCode !== 200) throw new Error(`answered with ${response.statusCode}`);
    this.#counts.answered += 1;
    this.#counts.slowestMs = Math.max(this.#counts.slowestMs, performance.now() - begun);
  }
}
