import type { RequestHead } from '../http1/types.ts';
import type { Attempt } from './attempt.ts';
import { type BodyPiece, bodyPieces } from './body-text.ts';
import type { Route } from './context.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { WAITING_BYTES } from './limits.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { methodMayRetry } from './retry-rule.ts';

const NO_PAYLOAD: readonly Buffer[] = [];

/** The body of one request, as far as it has come: what of it can still be sent, and when its client has to wait with the rest. */
export class RequestBody {
  readonly #client: ExchangeClient;
  readonly #head: RequestHead;
  readonly #route: Route;
  readonly #replay: ReplayBuffer;
  /** What has come with the head, until `opened`: of little of it, views that are valid until then only. */
  #fresh: readonly Buffer[] = NO_PAYLOAD;
  #done = false;
  #begun = false;

  constructor(client: ExchangeClient, head: RequestHead, route: Route) {
    this.#client = client;
    this.#head = head;
    this.#route = route;
    this.#replay = new ReplayBuffer(route.failover.replayBufferBytes);
  }

  /** `payload` has come with the head: an attempt that begins before `opened` is given that. */
  open(payload: readonly Buffer[], done: boolean): void {
    this.#fresh = payload;
    this.#begun = payload.length > 0;
    this.#done = done;
  }

  opened(): void {
    this.#fresh = NO_PAYLOAD;
  }

  /** All of it has come. */
  get done(): boolean {
    return this.#done;
  }

  /** Some of it has come. */
  get begun(): boolean {
    return this.#begun;
  }

  /** All that has come can still be sent. */
  get whole(): boolean {
    return this.#replay.whole;
  }

  /** Pieces of it are kept. */
  get holds(): boolean {
    return this.#replay.holds;
  }

  /** What has come, for an attempt that begins. */
  get pieces(): readonly BodyPiece[] {
    return this.#fresh.length > 0 ? this.#fresh : this.#replay.chunks;
  }

  /** Keeps what has come for further attempts; returns it for the one that is under way. */
  keep(payload: readonly Buffer[], done: boolean): readonly BodyPiece[] {
    this.#done = done;
    if (payload.length > 0) this.#begun = true;
    // What has left and may not be sent again needs no copy.
    if (!this.#replay.whole) return payload;
    const pieces = bodyPieces(payload);
    for (const piece of pieces) this.#replay.append(piece);
    return pieces;
  }

  /** Bytes of the request leave by `attempt`: what could not be sent again anyway is not kept. */
  leaves(attempt: Attempt): void {
    const { method, hasIdempotencyKey } = this.#head;
    this.#replay.unpin(attempt.mayBeDisowned || methodMayRetry(method, hasIdempotencyKey, this.#route.failover.retryMethods));
  }

  /** No attempt has it, until there is room for one. */
  waits(): void {
    this.#replay.pin();
    this.holdWhileWaiting();
  }

  /** What waits takes up no more memory than its first bytes. Until then it is read, since a client that leaves is seen by that alone. */
  holdWhileWaiting(): void {
    if (!this.#done && this.#replay.bytes >= WAITING_BYTES) this.#client.holdBody();
  }

  holdWhileConnecting(): void {
    if (!this.#done && this.#replay.full) this.#client.holdBody();
  }

  /** A server that takes no more of it stops the reading from the client. */
  holdFor(attempt: Attempt): void {
    if (!this.#done && attempt.needsDrain) this.#client.holdBody();
  }

  takeFor(attempt: Attempt): void {
    if (!this.#done && !attempt.needsDrain) this.#client.takeBody();
  }
}
