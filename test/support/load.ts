import { Agent, request } from 'node:http';

/** A port of this machine, or of another one; null: there is nobody to ask, as a Service without endpoints has nobody. */
export type Destination = number | { readonly host: string; readonly port: number } | null;

/** Requests one after the other on each of some connections, until it is stopped. */
export class Load implements Disposable {
  readonly statuses: (number | string)[] = [];
  readonly #destination: () => Destination;
  readonly #method: string;
  readonly #pauseMs: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #workers: Promise<void>[];
  #stopped = false;

  /** `destination`: where to, or what tells it for each request. `pauseMs`: of each worker, after each answer. */
  constructor(destination: number | (() => Destination), method: string, workers = 6, pauseMs = 0) {
    this.#destination = typeof destination === 'number' ? () => destination : destination;
    this.#method = method;
    this.#pauseMs = pauseMs;
    this.#workers = Array.from({ length: workers }, (_, each) => this.#work(each));
  }

  /** All that was not answered with 200. */
  get failures(): (number | string)[] {
    return this.statuses.filter((status) => status !== 200);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#agent.destroy();
  }

  async #work(worker: number): Promise<void> {
    for (let each = 0; !this.#stopped; each++) {
      this.statuses.push(await this.#one(`${worker}-${each}`));
      if (this.#pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }

  #one(id: string): Promise<number | string> {
    const destination = this.#destination();
    if (destination === null) return Promise.resolve('nobody to ask');
    const { host, port } = typeof destination === 'number' ? { host: '127.0.0.1', port: destination } : destination;
    return new Promise((resolve) => {
      const options = { port, host, method: this.#method, agent: this.#agent, headers: { 'X-Id': id } };
      const sent = request(options);
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sent.on('response', (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => resolve('cut'));
      });
      sent.end();
    });
  }
}
