import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Credentials, Login } from './credentials.ts';
import { ConnectionError, messageOf } from './errors.ts';
import type { Timers } from './timers.ts';

export interface Exchange {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** For the whole of it, to the last byte; a stream's to the end of its head. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Told of each request that was sent, once: the status that was answered, or null where there was no answer. */
export type AnswerObserver = (method: string, status: number | null) => void;

export interface Answer {
  readonly status: number;
  /** Seconds, as the API server gives them; null: not given. */
  readonly retryAfterSeconds: number | null;
  readonly body: string;
}

/** A dead peer, or a network that drops everything, is found out within about 20 s by the kernel's probes. */
const PROBE_AFTER_MS = 10_000;

/** A stream holds its connection for minutes, so that streams must not count against the requests' limit. */
type Use = 'request' | 'stream';
const MAX_SOCKETS: Record<Use, number> = { request: 16, stream: Number.POSITIVE_INFINITY };
const MAX_IDLE_SOCKETS: Record<Use, number> = { request: 4, stream: 1 };

/** Connections to one API server: shared, kept alive, limited in time and size. Knows nothing of Kubernetes' objects. */
export class Transport {
  readonly #credentials: Credentials;
  readonly #timers: Timers;
  readonly #maxResponseBytes: number;
  readonly #onAnswer: AnswerObserver;
  readonly #agents = new Map<Use, { readonly agent: HttpAgent; readonly key: string }>();

  constructor(credentials: Credentials, timers: Timers, maxResponseBytes: number, onAnswer: AnswerObserver = () => {}) {
    this.#credentials = credentials;
    this.#timers = timers;
    this.#maxResponseBytes = maxResponseBytes;
    this.#onAnswer = onAnswer;
  }

  /** The answer whole, whatever its status. Throws a ConnectionError where there is none, a CredentialsError where nobody may ask. */
  async send(exchange: Exchange): Promise<Answer> {
    return this.#within('request', exchange, async (response) => {
      const body = await readAll(response, this.#maxResponseBytes);
      const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN);
      return { status: response.statusCode ?? 0, retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null, body };
    });
  }

  /** The head of an answer, its body to be read as it comes; from here on the caller ends it, by destroying it. */
  async stream(exchange: Exchange): Promise<IncomingMessage> {
    return this.#within('stream', exchange, (response) => Promise.resolve(response));
  }

  /** Body of a stream that turned out to be an answer: an error, mostly. */
  async readBody(response: IncomingMessage): Promise<string> {
    return readAll(response, this.#maxResponseBytes);
  }

  close(): void {
    for (const { agent } of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  async #within<T>(use: Use, exchange: Exchange, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const login = await this.#credentials.current();
    const request = this.#request(use, exchange, login);
    let ended: ConnectionError | null = null;
    let answered = false;
    const end = (error: ConnectionError): void => {
      ended ??= error;
      request.destroy(error);
    };
    const cancel = this.#timers.after(exchange.timeoutMs, () => end(this.#timedOut(exchange)));
    const abort = (): void => end(new ConnectionError('ApiUnreachable', `${exchange.method} ${exchange.path} was given up`));
    exchange.signal?.addEventListener('abort', abort, { once: true });
    if (exchange.signal?.aborted) abort();
    try {
      const response = await headOf(request, exchange.body);
      answered = true;
      this.#onAnswer(exchange.method, response.statusCode ?? null);
      return await read(response);
    } catch (error) {
      request.destroy();
      if (!answered) this.#onAnswer(exchange.method, null);
      throw ended ?? this.#explain(error, request.reusedSocket);
    } finally {
      cancel();
      exchange.signal?.removeEventListener('abort', abort);
    }
  }

  #request(use: Use, exchange: Exchange, login: Login): ClientRequest {
    const { server } = this.#credentials;
    const secure = server.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)({
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port || (secure ? 443 : 80),
      path: server.pathname.replace(/\/$/, '') + exchange.path,
      method: exchange.method,
      headers: { ...exchange.headers, ...login.headers },
      agent: login.agent ?? this.#agentFor(use, login, secure),
    });
    request.on('socket', (socket) => socket.setKeepAlive(true, PROBE_AFTER_MS));
    return request;
  }

  #agentFor(use: Use, login: Login, secure: boolean): HttpAgent {
    const key = JSON.stringify(login.tls);
    const known = this.#agents.get(use);
    if (known?.key === key) return known.agent;
    // Agent.destroy() would cut the requests on their way: only the idle connections go.
    for (const socket of Object.values(known?.agent.freeSockets ?? {}).flat()) socket?.destroy();
    const settings = { keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS[use], maxSockets: MAX_SOCKETS[use] };
    const agent = secure ? new HttpsAgent({ ...settings, ...login.tls }) : new HttpAgent(settings);
    this.#agents.set(use, { agent, key });
    return agent;
  }

  #timedOut(exchange: Exchange): ConnectionError {
    const { origin } = this.#credentials.server;
    return new ConnectionError(
      'ApiTimeout',
      `the Kubernetes API at ${origin} gave no whole answer to ${exchange.method} ${exchange.path} within ${exchange.timeoutMs} ms`,
    );
  }

  #explain(error: unknown, reusedSocket: boolean): ConnectionError {
    if (error instanceof ConnectionError) return error;
    const systemCode = (error as NodeJS.ErrnoException | null)?.code ?? '';
    const { origin } = this.#credentials.server;
    if (/CERT|SELF_SIGNED|VERIFY|ISSUER|ALTNAME/.test(systemCode)) {
      // The cluster's authority may have been replaced; its new one is where the old one came from.
      this.#credentials.renew();
      return new ConnectionError('ApiUntrusted', `do not trust the Kubernetes API at ${origin}: ${messageOf(error)}`, error);
    }
    // The server closed an idle connection while we took it up: nothing was asked yet, as far as anybody can tell.
    const stale = reusedSocket && (systemCode === 'ECONNRESET' || systemCode === 'EPIPE');
    const code = stale ? 'ApiConnectionStale' : 'ApiUnreachable';
    return new ConnectionError(code, `cannot reach the Kubernetes API at ${origin}: ${messageOf(error) || systemCode}`, error);
  }
}

function headOf(request: ClientRequest, body: Buffer | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    // Stays for the life of the request: an error that comes once the head is here is the body's, and is seen there.
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ConnectionError(
        'ApiResponseTooLarge',
        `an answer of the Kubernetes API is larger than ${maxBytes} bytes; ask for less at once`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}
