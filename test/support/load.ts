import { Agent, request } from 'node:http';

/** Requests one after the other on each of some connections, until it is stopped. */
export class Load implements Disposable {
  readonly statuses: (number | string)[] = [];
  readonly #port: () => number;
  readonly #method: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #workers: Promise<void>[];
  #stopped = false;

  /** `port`: where to, or what tells it for each request. */
  constructor(port: number | (() => number), method: string, workers = 6) {
    this.#port = typeof port === 'number' ? () => port : port;
    this.#method = method;
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
    for (let each = 0; !this.#stopped; each++) this.statuses.push(await this.#one(`${worker}-${each}`));
  }

  #one(id: string): Promise<number | string> {
    return new Promise((resolve) => {
      const options = { port: this.#port(), host: '127.0.0.1', method: this.#method, agent: this.#agent, headers: { 'X-Id': id } };
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
