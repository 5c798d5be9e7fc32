import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AdminServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Null: alive; else why not. */
  readonly dead: () => string | null;
  /** Null: ready; else why not. */
  readonly unready: () => string | null;
  readonly metrics: () => string;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** /healthz, /readyz and /metrics of the operator. Nothing on it changes anything. */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      const { status, type, body } = this.#answer(request.method ?? '', (request.url ?? '').split('?', 1)[0] ?? '');
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
    });
    this.#server.requestTimeout = 10_000;
    this.#server.maxConnections = 100;
  }

  /** The port that it listens on. Rejects with the system's error where it cannot. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, this.#options.address, () => resolve());
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(method: string, path: string): { status: number; type: string; body: string } {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET');
    switch (path) {
      case '/healthz':
        return verdict(this.#options.dead());
      case '/readyz':
        return verdict(this.#options.unready());
      case '/metrics':
        return { status: 200, type: METRICS_TYPE, body: this.#options.metrics() };
      default:
        return text(404, 'there are /healthz, /readyz and /metrics');
    }
  }
}

function verdict(problem: string | null): { status: number; type: string; body: string } {
  return problem === null ? text(200, 'ok') : text(503, problem);
}

function text(status: number, body: string): { status: number; type: string; body: string } {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}
