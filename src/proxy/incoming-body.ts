import { BodyReader } from '../http1/body-reader.ts';
import type { Framing } from '../http1/types.ts';
import type { Route } from './context.ts';

/** The body of the request that is being read from one client: its bytes, and whether they are too many or come too slowly. */
export class IncomingBody {
  readonly #reader = new BodyReader('request');
  readonly #route: Route;
  #tooLarge = false;
  /** Of its payload, counted while there is a limit to it. */
  #payloadBytes = 0;
  /** Bytes that have come since `#since`, which moves on with every `bodyProgressBytes` of them. */
  #bytes = 0;
  #since = 0;

  constructor(route: Route) {
    this.#route = route;
  }

  /** Begins the next one with what follows its head in `chunk`; else as `feed`. */
  start(framing: Framing, chunk: Buffer, offset: number, payload: Buffer[], now: number): number {
    this.#reader.start(framing);
    this.#payloadBytes = 0;
    this.waited(now);
    const end = this.#reader.feed(chunk, offset, payload);
    this.#tooLarge = this.#isTooLarge(framing, payload);
    return end;
  }

  /** As BodyReader has it, at `now` (LoopTime). */
  feed(chunk: Buffer, offset: number, payload: Buffer[], now: number): number {
    const end = this.#reader.feed(chunk, offset, payload);
    this.#bytes += end - offset;
    if (this.#bytes >= this.#route.limits.bodyProgressBytes) this.waited(now);
    this.#tooLarge = this.#isTooLarge(null, payload);
    return end;
  }

  /** It is whole. */
  get done(): boolean {
    return this.#reader.done;
  }

  /** Over its limit by the length that it is to have, or by what has come of it. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** Until now the client was not to blame for its pace. */
  waited(now: number): void {
    this.#bytes = 0;
    this.#since = now;
  }

  isLate(now: number): boolean {
    return now - this.#since >= this.#route.limits.bodyTimeoutMs;
  }

  #isTooLarge(framing: Framing | null, payload: readonly Buffer[]): boolean {
    const { bodyBytes } = this.#route.limits;
    if (bodyBytes === 0) return false;
    if (framing?.type === 'length' && framing.length > bodyBytes) return true;
    for (const piece of payload) this.#payloadBytes += piece.length;
    return this.#payloadBytes > bodyBytes;
  }
}
