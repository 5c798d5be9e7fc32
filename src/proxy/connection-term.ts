import type { ClientHost } from './client-host.ts';

/** How long one client's connection is used: for so many requests, up to such an age, or until its listener goes down. */
export class ConnectionTerm {
  readonly #host: ClientHost;
  readonly #openedAt: number;
  /** Jittered, so that connections opened together do not end together; 0: any age. */
  readonly #maxAgeMs: number;
  #requests = 0;
  #ended = false;

  constructor(host: ClientHost) {
    this.#host = host;
    const { context, route } = host;
    this.#openedAt = context.time.now();
    this.#maxAgeMs = route.listener.maxConnectionAgeMs * (0.9 + 0.2 * context.random());
  }

  request(): void {
    this.#requests++;
  }

  /** Whatever else speaks for another request. */
  end(): void {
    this.#ended = true;
  }

  /** No request may follow those that have begun. */
  get over(): boolean {
    if (this.#ended || this.#host.draining) return true;
    const { requestsPerConnection } = this.#host.route.limits;
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) return true;
    return this.#maxAgeMs > 0 && this.#host.context.time.now() - this.#openedAt >= this.#maxAgeMs;
  }
}
