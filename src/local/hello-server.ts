import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { behaviourFrom, type HelloBehaviour, HelloBehaviourError, WELL_BEHAVED } from './hello-behaviour.ts';

export interface HelloOptions {
  /** Told in the `X-Server` header of every response. */
  readonly name: string;
  readonly behaviour: HelloBehaviour;
}

/**
 * The Hello World microservice. Every path answers `Hello, World!`, `/healthz` answers `ok`; a query such as
 * `?delay=200ms&status=500&hang=1` changes that one request, `POST /control/...` changes all that follow, health checks included.
 */
export class HelloServer {
  readonly #name: string;
  #behaviour: HelloBehaviour;
  readonly #server: Server;
  readonly #hung = new Set<ServerResponse>();
  #closing = false;

  constructor({ name, behaviour }: HelloOptions) {
    this.#name = name;
    this.#behaviour = behaviour;
    this.#server = createServer((request, response) => this.#receive(request, response));
    // Longer than a balancer keeps an idle connection, so that it is never this side that closes one just as a request is sent on it.
    this.#server.keepAliveTimeout = 120_000;
  }

  /** Resolves to the address that is listened on; rejects with the system's error where that cannot be had. */
  listen(port: number, address: string): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
    this.#server.once('error', reject);
    this.#server.listen({ port, host: address }, () => {
      this.#server.off('error', reject);
      resolve(this.#server.address() as AddressInfo);
    });
    return promise;
  }

  /**
   * Ends politely. For `lingerMs` it goes on as before, except that each response closes its connection: those who still think that
   * this server is there are served. Then nothing new is accepted, idle connections are closed and what is being answered is finished,
   * for `graceMs` at most.
   */
  async close({ lingerMs, graceMs }: { lingerMs: number; graceMs: number }): Promise<void> {
    this.#closing = true;
    await new Promise((resolve) => setTimeout(resolve, lingerMs));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const response of this.#hung) response.destroy();
    const tooLong = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await promise;
    clearTimeout(tooLong);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => this.#hung.delete(response));
    request.on('error', () => response.destroy());
    request.resume();
    // As an ordinary service does: what the request carries is read before it is answered.
    request.once('end', () => this.#handle(request, response));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const [path = '/', search = ''] = splitTarget(request.url ?? '/');
    try {
      const query = new URLSearchParams(search);
      if (path === '/control' || path.startsWith('/control/')) this.#control(request.method ?? 'GET', path, query, response);
      else this.#serve(path, behaviourFrom(query, this.#behaviour), response);
    } catch (error) {
      if (!(error instanceof HelloBehaviourError)) throw error;
      this.#answer(response, 400, `${error.message}\n`);
    }
  }

  #serve(path: string, behaviour: HelloBehaviour, response: ServerResponse): void {
    if (behaviour.hang) {
      this.#hung.add(response);
      if (this.#closing) response.destroy();
      return;
    }
    const text = behaviour.status >= 400 ? `told to answer ${behaviour.status}\n` : path === '/healthz' ? 'ok\n' : 'Hello, World!\n';
    if (behaviour.delayMs === 0) {
      this.#answer(response, behaviour.status, text);
      return;
    }
    const wait = setTimeout(() => this.#answer(response, behaviour.status, text), behaviour.delayMs);
    response.once('close', () => clearTimeout(wait));
  }

  #control(method: string, path: string, query: URLSearchParams, response: ServerResponse): void {
    if (path !== '/control') {
      const change = CONTROLS.get(path.slice('/control/'.length));
      if (change === undefined) {
        this.#answer(response, 404, `no such control: ${[...CONTROLS.keys()].map((name) => `/control/${name}`).join(', ')}\n`);
        return;
      }
      if (method !== 'POST') {
        this.#answer(response, 405, `use POST ${path}\n`);
        return;
      }
      this.#behaviour = change(query, this.#behaviour);
    }
    this.#answer(response, 200, `${JSON.stringify({ server: this.#name, ...this.#behaviour })}\n`);
  }

  #answer(response: ServerResponse, status: number, text: string): void {
    if (this.#closing) response.setHeader('Connection', 'close');
    response.setHeader('X-Server', this.#name);
    if (status === 204 || status === 304) {
      response.writeHead(status).end();
      return;
    }
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text);
  }
}

type Control = (query: URLSearchParams, now: HelloBehaviour) => HelloBehaviour;

/** `POST /control/<name>`; the query gives the numbers. */
const CONTROLS: ReadonlyMap<string, Control> = new Map<string, Control>([
  ['slow', (query, now) => behaviourFrom(query, { ...now, delayMs: 1000 })],
  ['fail', (query, now) => behaviourFrom(query, { ...now, status: 500 })],
  ['hang', (query, now) => behaviourFrom(query, { ...now, hang: true })],
  ['recover', () => WELL_BEHAVED],
]);

function splitTarget(target: string): [string, string] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}
