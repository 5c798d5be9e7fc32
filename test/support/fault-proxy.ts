import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Agent as HttpsAgent, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Certificate, createCertificate } from './certificate.ts';
import { statusOf } from './fake-api-server.ts';

/** The API server behind the proxy; clients' own credentials are passed on to it. */
export interface Upstream {
  readonly url: URL;
  /** PEM. */
  readonly ca: string;
}

/** A request on its way, and what became of it. */
export interface Passage {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly body: string;
  /** Status of the answer that the client got; null: none, or not yet. */
  answered: number | null;
}

/** What the proxy does to a request instead of passing it on. */
export type Reaction =
  | { readonly type: 'Answer'; readonly code: number; readonly reason: string; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks before the API server hears of it. */
  | { readonly type: 'Cut' }
  /** The API server does it, and the connection breaks before the answer. */
  | { readonly type: 'CutAnswer' }
  /** Passed on when the promise resolves, if the client is still there. */
  | { readonly type: 'Hold'; readonly until: Promise<unknown> };

export type Fault = (passage: Passage) => Reaction | null;

export const isWatch = ({ query }: Passage): boolean => query.has('watch');
export const isWrite = ({ method }: Passage): boolean => method !== 'GET';
/** A write of an object or a status: neither an election's nor an Event. */
export const isObjectWrite = (passage: Passage): boolean => isWrite(passage) && !/\/(leases|events)(\/|$)/.test(passage.path);

interface OpenWatch {
  readonly passage: Passage;
  readonly response: ServerResponse;
  silent: boolean;
}

/**
 * A TLS proxy in front of a real API server, which breaks what passes through it on demand. It tells nobody that it is there: it has
 * the API server's address and its own certificate, and passes on whatever it is not told to break.
 */
export class FaultProxy {
  /** All that came through, oldest first. */
  readonly passages: Passage[] = [];
  readonly #upstream: Upstream;
  readonly #agent: HttpsAgent;
  readonly #faults: Fault[] = [];
  readonly #watches = new Set<OpenWatch>();
  readonly #sockets = new Set<Duplex>();
  #certificate: Certificate;
  #server: Server;
  #port = 0;

  private constructor(upstream: Upstream) {
    this.#upstream = upstream;
    this.#agent = new HttpsAgent({ keepAlive: true, ca: upstream.ca });
    this.#certificate = createCertificate();
    this.#server = this.#createServer();
  }

  static async start(upstream: Upstream): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    await proxy.comeBack();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** What its clients have to trust. */
  get ca(): string {
    return this.#certificate.cert;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  async stop(): Promise<void> {
    await this.goAway();
    this.#agent.destroy();
  }

  /** Each request is shown to the faults, the newest first, until one reacts; returns how to take this one away. */
  addFault(fault: Fault): () => void {
    this.#faults.unshift(fault);
    return () => {
      const index = this.#faults.indexOf(fault);
      if (index >= 0) this.#faults.splice(index, 1);
    };
  }

  /** Of the watches that are open now, those for which `which` holds say nothing any more, and stay open. */
  silenceWatches(which: (passage: Passage) => boolean = () => true): number {
    const silenced = [...this.#watches].filter((watch) => !watch.silent && which(watch.passage));
    for (const watch of silenced) watch.silent = true;
    return silenced.length;
  }

  /** As an API server ends a watch whose time is over (`end`), or as a network does (`cut`). */
  endWatches(how: 'end' | 'cut' = 'end'): void {
    for (const { response } of this.#watches) {
      if (how === 'end') response.end();
      else response.destroy();
    }
  }

  /** Says this into every open watch, as an event of its own. */
  sayToWatches(event: unknown): void {
    for (const { response } of this.#watches) if (!response.writableEnded) response.write(`${JSON.stringify(event)}\n`);
  }

  /** Nobody listens, and what is open breaks. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** At the same port. */
  async comeBack(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#createServer();
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Another certificate, of another authority; connections that stand go on. Returns what clients have to trust from now on. */
  renewCertificate(): string {
    this.#certificate = createCertificate();
    this.#server.setSecureContext(this.#certificate);
    return this.#certificate.cert;
  }

  #createServer(): Server {
    const server = createServer(this.#certificate, (request, response) => void this.#handle(request, response));
    server.on('connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.#upstream.url);
    const body = await textOf(request).catch(() => null);
    if (body === null) return;
    const passage: Passage = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization ?? '',
      body,
      answered: null,
    };
    this.passages.push(passage);
    const reaction = this.#reactionTo(passage);
    switch (reaction?.type) {
      case 'Answer':
        passage.answered = reaction.code;
        response.writeHead(reaction.code, { 'content-type': 'application/json', ...reaction.headers });
        response.end(JSON.stringify(statusOf(reaction.code, reaction.reason, `a fault of the test: ${reaction.reason}`)));
        return;
      case 'Cut':
        response.socket?.destroy();
        return;
      case 'Hold':
        await reaction.until;
        if (response.destroyed) return;
    }
    this.#passOn(request, passage, response, reaction?.type === 'CutAnswer');
  }

  #reactionTo(passage: Passage): Reaction | null {
    for (const fault of this.#faults) {
      const reaction = fault(passage);
      if (reaction !== null) return reaction;
    }
    return null;
  }

  #passOn(request: IncomingMessage, passage: Passage, response: ServerResponse, cutAnswer: boolean): void {
    const { url } = this.#upstream;
    const { host: _host, ...headers } = request.headers;
    const onward = httpsRequest({
      host: url.hostname,
      port: url.port,
      path: request.url,
      method: passage.method,
      headers,
      agent: this.#agent,
    });
    onward.on('error', () => response.socket?.destroy());
    onward.on('response', (answer) => {
      if (cutAnswer) {
        answer.resume();
        response.socket?.destroy();
        return;
      }
      passage.answered = answer.statusCode ?? 0;
      response.writeHead(passage.answered, answer.headers);
      this.#relay(answer, passage, response);
    });
    response.on('close', () => onward.destroy());
    onward.end(passage.body);
  }

  #relay(answer: IncomingMessage, passage: Passage, response: ServerResponse): void {
    const watch: OpenWatch = { passage, response, silent: false };
    if (isWatch(passage)) {
      response.flushHeaders();
      this.#watches.add(watch);
      response.on('close', () => this.#watches.delete(watch));
    }
    answer.on('data', (chunk: Buffer) => watch.silent || response.writableEnded || response.write(chunk));
    answer.on('end', () => watch.silent || response.end());
    answer.on('error', () => watch.silent || response.destroy());
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
