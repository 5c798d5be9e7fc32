/**
 * A load client that runs as a pod, so that it meets Services as any client in the cluster does. It is told what to do over HTTP, and
 * imports nothing of ours: this one file is mounted into the pod (see agent.ts).
 *   POST /loads        a LoadSpec starts a load; answers {id}
 *   GET /loads/ID      what came of it so far, a LoadResult
 *   DELETE /loads/ID   starts nothing more, waits for what is on its way, and answers the LoadResult
 *   POST /fetch        a FetchSpec: one request; answers a FetchResult
 * On port 8001 it passes bytes on: a line `HOST PORT`, and from there on the connection is one to there. And on port 8002 servers tell it
 * which POSTs they execute (see post-recorder.ts): lines of the X-Id that each POST of a load has, and the server's name.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';

export interface LoadSpec {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  /** POST only. */
  readonly bodyBytes?: number;
  /**
   * `Open`: `rate` requests a second, whether earlier ones are answered or not, and `count` of them or until it is stopped. `Sequential`:
   * `count` requests, each after the answer to the one before.
   */
  readonly pace:
    | { readonly type: 'Open'; readonly rate: number; readonly count?: number }
    | { readonly type: 'Sequential'; readonly count: number };
  /** `Kept` (default): connections are used again. `New`: one for each request. */
  readonly connections?: 'Kept' | 'New';
  /** A request without an answer by then has failed; 2000 unless given. */
  readonly timeoutMs?: number;
  /** Failures that are kept, each by itself; 500 unless given. */
  readonly maxFailures?: number;
}

export interface LoadResult {
  readonly running: boolean;
  readonly sent: number;
  /** Answered with a status of 200 to 299. */
  readonly ok: number;
  readonly failed: number;
  /** Requests by outcome: a status code, an error's code, `Timeout`, `Cut` (closed before the whole response) or `Garbled`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests answered with 2xx by the server that its X-Server header names. */
  readonly servers: Readonly<Record<string, number>>;
  /** The server of each of the first 1,000 requests, in the order in which they were sent; empty where none answered with 2xx. */
  readonly order: readonly string[];
  /** In milliseconds, from when the request was due to be sent. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** POSTs that servers told of (see post-recorder.ts): how many were executed, and which of them more than once. */
  readonly executed: number;
  readonly repeated: readonly string[];
  /** The first `maxFailures`. */
  readonly failures: readonly Failure[];
  /** The first 10,000. */
  readonly connections: readonly Lifetime[];
}

/** Of a connection, as Date.now() tells. */
export interface Lifetime {
  readonly openedAt: number;
  /** Undefined: it is open. */
  readonly closedAt: number | undefined;
}

export interface Failure {
  /** When the request was due, as Date.now() tells. */
  readonly at: number;
  readonly outcome: string;
  readonly latencyMs: number;
  /** When its connection was opened, which other requests may have had before. */
  readonly openedAt: number;
  /** The header X-Endpoint of its answer, where there was one. */
  readonly endpoint: string | undefined;
  /** The server that told of having executed it all the same; POSTs only. */
  readonly executedBy: string | undefined;
}

export interface FetchSpec {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly timeoutMs?: number;
}

export interface FetchResult {
  /** A status code, or why there was none. */
  readonly outcome: string;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** One connection, one request at a time. Any trouble is an outcome; nothing is thrown. */
class Connection implements Lifetime {
  readonly openedAt = Date.now();
  closedAt: number | undefined;
  readonly #socket: Socket;
  #received = '';
  #settle: ((result: FetchResult) => void) | null = null;
  #trouble: string | null = null;
  /** Whether it can take another request. */
  usable = true;

  constructor({ host, port }: Target) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => {
      this.#received += chunk;
      this.#read(false);
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#trouble = error.code ?? error.message;
    });
    this.#socket.on('end', () => this.#read(true));
    this.#socket.on('close', () => this.#finish({ outcome: this.#trouble ?? 'Cut', headers: {}, body: '' }, false));
  }

  send(text: string, timeoutMs: number): Promise<FetchResult> {
    const { promise, resolve } = Promise.withResolvers<FetchResult>();
    const timer = setTimeout(() => {
      this.#trouble = 'Timeout';
      this.#socket.destroy();
    }, timeoutMs);
    this.#settle = (result) => {
      clearTimeout(timer);
      resolve(result);
    };
    if (this.#socket.destroyed) this.#finish({ outcome: this.#trouble ?? 'Cut', headers: {}, body: '' }, false);
    else this.#socket.write(text, 'latin1');
    return promise;
  }

  close(): void {
    this.usable = false;
    this.closedAt ??= Date.now();
    this.#socket.destroy();
  }

  #read(ended: boolean): void {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const [statusLine = '', ...lines] = this.#received.slice(0, headEnd).split('\r\n');
    const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})/.exec(statusLine)?.[1];
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    );
    const body = this.#received.slice(headEnd + 4);
    const length = headers['content-length'];
    if (status === undefined || (length === undefined && headers.connection !== 'close')) {
      this.#finish({ outcome: 'Garbled', headers, body: this.#received }, false);
    } else if (length === undefined ? ended : body.length === Number(length)) {
      this.#finish({ outcome: status, headers, body }, !ended && headers.connection !== 'close');
    } else if (length !== undefined && body.length > Number(length)) {
      this.#finish({ outcome: 'Garbled', headers, body }, false);
    }
  }

  #finish(result: FetchResult, reusable: boolean): void {
    const settle = this.#settle;
    this.#settle = null;
    this.#received = '';
    if (!reusable) this.close();
    settle?.(result);
  }
}

function requestText(
  { host, path = '/', method = 'GET' }: { host: string; path?: string; method?: string },
  bodyBytes: number,
  keep: boolean,
): string {
  const body = method === 'GET' ? '' : 'x'.repeat(bodyBytes);
  const framing = method === 'GET' ? '' : `Content-Length: ${bodyBytes}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${framing}${keep ? '' : 'Connection: close\r\n'}\r\n${body}`;
}

class Load {
  readonly #id: string;
  readonly #spec: LoadSpec;
  readonly #text: string;
  readonly #timeoutMs: number;
  readonly #idle: Connection[] = [];
  readonly #latencies: number[] = [];
  readonly #outcomes: Record<string, number> = {};
  readonly #servers: Record<string, number> = {};
  readonly #order: string[] = [];
  readonly #failures: (Omit<Failure, 'executedBy'> & { readonly request: string })[] = [];
  readonly #executed = new Map<string, string>();
  readonly #repeated = new Set<string>();
  readonly #connections: Connection[] = [];
  readonly #under = new Set<Promise<void>>();
  #running = true;
  #sent = 0;
  #ok = 0;

  constructor(id: string, spec: LoadSpec) {
    this.#id = id;
    this.#spec = spec;
    this.#timeoutMs = spec.timeoutMs ?? 2000;
    this.#text = requestText(spec, spec.bodyBytes ?? 0, spec.connections !== 'New');
    void (spec.pace.type === 'Open' ? this.#keepPace(spec.pace.rate, spec.pace.count ?? Infinity) : this.#oneByOne(spec.pace.count));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#under);
    for (const connection of this.#idle) connection.close();
  }

  /** A server executes the request with this X-Id. */
  execute(request: string, server: string): void {
    if (this.#executed.has(request)) this.#repeated.add(request);
    else this.#executed.set(request, server);
  }

  result(): LoadResult {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return {
      running: this.#running,
      sent: this.#sent,
      ok: this.#ok,
      failed: sorted.length - this.#ok,
      outcomes: this.#outcomes,
      servers: this.#servers,
      order: this.#order,
      latency: { p50: at(0.5), p99: at(0.99), max: at(1) },
      executed: this.#executed.size,
      repeated: [...this.#repeated],
      failures: this.#failures.map(({ request, ...failure }) => ({ ...failure, executedBy: this.#executed.get(request) })),
      connections: this.#connections.map(({ openedAt, closedAt }) => ({ openedAt, closedAt })),
    };
  }

  /** Every request has its time, counted from the start: a stall is made up for at once, and counts in the latency of those it held up. */
  async #keepPace(rate: number, count: number): Promise<void> {
    const start = Date.now();
    while (this.#running && this.#sent < count) {
      const due = Math.min(count, 1 + Math.floor(((Date.now() - start) * rate) / 1000));
      while (this.#sent < due) {
        const request = this.#send(start + (this.#sent * 1000) / rate);
        this.#under.add(request);
        void request.then(() => this.#under.delete(request));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(this.#under);
    this.#running = false;
  }

  async #oneByOne(count: number): Promise<void> {
    while (this.#running && this.#sent < count) await this.#send(Date.now());
    this.#running = false;
  }

  async #send(dueAt: number): Promise<void> {
    const index = this.#sent++;
    if (index < 1000) this.#order.push('');
    let connection = this.#idle.pop();
    while (connection !== undefined && !connection.usable) connection = this.#idle.pop();
    connection ??= this.#connect();
    const request = `${this.#id}.${index}`;
    const text = this.#spec.method === 'POST' ? this.#text.replace('\r\n', `\r\nX-Id: ${request}\r\n`) : this.#text;
    const { outcome, headers } = await connection.send(text, this.#timeoutMs);
    if (connection.usable && this.#spec.connections !== 'New') this.#idle.push(connection);
    else connection.close();
    if (index < 1000 && /^2/.test(outcome)) this.#order[index] = headers['x-server'] ?? '';
    this.#count(request, outcome, headers, dueAt, connection.openedAt);
  }

  #connect(): Connection {
    const connection = new Connection(this.#spec);
    if (this.#connections.length < 10_000) this.#connections.push(connection);
    return connection;
  }

  #count(request: string, outcome: string, headers: FetchResult['headers'], dueAt: number, openedAt: number): void {
    const server = headers['x-server'];
    const latencyMs = Date.now() - dueAt;
    this.#latencies.push(latencyMs);
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    if (/^2[0-9]{2}$/.test(outcome)) {
      this.#ok += 1;
      if (server !== undefined) this.#servers[server] = (this.#servers[server] ?? 0) + 1;
    } else if (this.#failures.length < (this.#spec.maxFailures ?? 500)) {
      this.#failures.push({ request, at: dueAt, outcome, latencyMs, openedAt, endpoint: headers['x-endpoint'] });
    }
  }
}

const loads = new Map<string, Load>();

async function handle(request: IncomingMessage): Promise<unknown> {
  const [, kind = '', id = ''] = (request.url ?? '').split('/');
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (kind === 'fetch') {
    const spec = JSON.parse(text) as FetchSpec;
    const connection = new Connection(spec);
    const result = await connection.send(requestText(spec, 0, false), spec.timeoutMs ?? 5000);
    connection.close();
    return result;
  }
  if (request.method === 'POST') {
    const name = String(loads.size + 1);
    loads.set(name, new Load(name, JSON.parse(text) as LoadSpec));
    return { id: name };
  }
  const load = loads.get(id);
  if (load === undefined) throw new Error(`no load ${id}`);
  if (request.method === 'DELETE') await load.stop();
  return load.result();
}

createServer((request, response) => {
  handle(request).then(
    (result) => response.end(JSON.stringify(result)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(8000);

/** However the other end leaves, it is told politely: a reset would end the port-forward that the connection comes by. */
function passOn(client: Socket): void {
  client.on('error', () => client.destroy());
  client.once('data', (first: Buffer) => {
    const lineEnd = first.indexOf('\n');
    const [host = '', port = ''] = first.toString('latin1', 0, lineEnd).split(' ');
    const server = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    server.on('error', () => client.end());
    client.on('close', () => server.destroy());
    server.write(first.subarray(lineEnd + 1));
    client.pipe(server);
    server.pipe(client);
  });
}

createTcpServer({ noDelay: true, allowHalfOpen: true }, passOn).listen(8001);

/** A server that is killed may break off in the middle of a line: that one is not counted. */
function record(server: Socket): void {
  server.on('error', () => server.destroy());
  server.setEncoding('latin1');
  let rest = '';
  server.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [request = '', name = ''] = line.split(' ');
      loads.get(request.split('.', 1)[0] ?? '')?.execute(request, name);
    }
  });
}

createTcpServer(record).listen(8002);
