import { BodyReader } from '../http1/body-reader.ts';
import type { Framing } from '../http1/types.ts';
import type { Route } from './context.ts';

/** The body of the request that is being read from one client, and whether its bytes are too many or come too slowly. */
export class IncomingBody extends BodyReader {
  readonly #route: Route;
  #tooLarge = false;
  /** Of its payload, counted while there is a limit to it. */
  #payloadBytes = 0;
  /** Bytes that have come since `#since`, which moves on with every `bodyProgressBytes` of them. */
  #bytes = 0;
  #since = 0;

  constructor(route: Route) {
    super('request');
    this.#route = route;
  }

  /** Begins the next one with what follows its head in `chunk`; else as `take`. */
  begin(framing: Framing, chunk: Buffer, offset: number, payload: Buffer[], now: number): number {
    this.start(framing);
    this.#payloadBytes = 0;
    this.waited(now);
    const end = this.feed(chunk, offset, payload);
    this.#tooLarge = this.#isTooLarge(framing, payload);
    return end;
  }

  /** More of it at `now` (LoopTime); else as `feed`. */
  take(chunk: Buffer, offset: number, payload: Buffer[], now: number): number {
    const end = this.feed(chunk, offset, payload);
    this.#bytes += end - offset;
    if (this.#bytes >= this.#route.limits.bodyProgressBytes) this.waited(now);
    this.#tooLarge = this.#isTooLarge(null, payload);
    return end;
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
