import type { Socket } from 'node:net';
import { BodyReader } from '../http1/body-reader.ts';
import { ForwardingFields } from '../http1/forwarding.ts';
import { RequestHeadReader } from '../http1/head-reader.ts';
import { errorText } from '../http1/response-text.ts';
import { type Framing, ProtocolError, type RequestHead, type ResponseHead } from '../http1/types.ts';
import { matchPreface } from '../http2/preface.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import { type PayloadSource, stayViews } from './body-text.ts';
import { type ClientHost, maxAgeOf } from './client-host.ts';
import type { ClientPath } from './client-path.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Http1Responder } from './http1-responder.ts';
import { LINGER_BYTES, LINGER_MS, ONE_STRING_BYTES } from './limits.ts';
import { type RequestFailure, refusalReason } from './proxy-metrics.ts';
import type { ReadWindow } from './read-buffers.ts';
import { reset } from './reset.ts';
import { Tunnel } from './tunnel.ts';
import { Unsent } from './unsent.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const NO_BODY: Framing = { type: 'none' };
const NOTHING = Buffer.alloc(0);

/** One client's connection: its requests, one exchange after the other, in order. */
export class ClientConnection implements ExchangeClient {
  readonly socket: Socket;
  readonly path: ClientPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  readonly streams = false;
  /** Readers of HTTP/1.1 differ in what they make of a request's trailers: they end here (RFC 9110 §6.5.1). */
  readonly trailers = '';
  readonly #host: ClientHost;
  readonly #speakHttp2: (received: Buffer) => void;
  /** What the client is read into; null: each chunk has a buffer of its own. */
  readonly #reads: ReadWindow | null;
  readonly #heads: RequestHeadReader;
  readonly #body = new BodyReader('request');
  readonly #responder: Http1Responder;
  readonly #openedAt: number;
  readonly #maxAgeMs: number;
  #exchange: Exchange | null = null;
  /** The first bytes, until they tell HTTP/1.1 from HTTP/2; null: it is HTTP/1.1. */
  #opening: Buffer | null = NOTHING;
  #tunnel: Tunnel | null = null;
  /** What came behind the request under way. Nothing is read while there is any, so it is one read at most. */
  #stash: Buffer | null = null;
  #bodyHeld = false;
  #paused = false;
  /** The last read took all that the client had sent, and reading has not been stopped since. Not known of what comes from a stream. */
  #caughtUp = false;
  #processing = false;
  #inputEnded = false;
  /** LoopTime of the last byte from the client, or of the end of the last exchange; of the first byte of a head under way. */
  #waitingSince: number;
  #headSince = 0;
  /** The exchange under way is the last, whatever else speaks for another one. */
  #last = false;
  /** Requests that have begun. */
  #requests = 0;
  /** Payload of the body under way, counted while there is a limit to it. */
  #payloadBytes = 0;
  /** Bytes of the body under way that have come since `#bodySince`, which moves on with every `bodyProgressBytes` of them. */
  #bodyBytes = 0;
  #bodySince = 0;
  readonly #unsent = new Unsent();
  /** The last answer has been given: what still comes is thrown away. */
  #lingeringSince = 0;
  #lingered = 0;

  /**
   * `reads`: what the client sends comes there; null: from `socket`. `speakHttp2`: the client does, without TLS, and `received` is all that it
   * has said: from now on the socket is that protocol's.
   */
  constructor(socket: Socket, path: ClientPath, host: ClientHost, reads: AcceptedReads | null, speakHttp2: (received: Buffer) => void) {
    const { context } = host;
    // Over TLS, ALPN says which version is spoken.
    if (host.scheme === 'https') this.#opening = null;
    this.socket = socket;
    this.#host = host;
    this.#speakHttp2 = speakHttp2;
    this.path = path;
    this.address = path.source;
    this.forwarding = new ForwardingFields({
      address: this.address,
      scheme: host.scheme,
      httpMajor: 1,
      trusted: host.trusts(this.address),
      pseudonym: context.pseudonym,
    });
    this.#heads = new RequestHeadReader(host.route.limits);
    this.#body.start(NO_BODY);
    this.#responder = new Http1Responder(socket);
    this.#openedAt = this.#waitingSince = context.time.now();
    this.#maxAgeMs = maxAgeOf(host);
    this.#reads = reads?.window ?? null;
    if (reads) reads.passTo((chunk) => this.#received(chunk));
    else socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#drained());
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
  }

  /** No exchange is under way. */
  get idle(): boolean {
    return this.#exchange === null && this.#tunnel === null;
  }

  get #closing(): boolean {
    if (this.#last) return true;
    // Of a client that has ended its half, requests that came before are answered all the same.
    if (this.#host.draining || (this.#inputEnded && this.#stash === null)) return true;
    const { requestsPerConnection } = this.#host.route.limits;
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) return true;
    return this.#maxAgeMs > 0 && this.#host.context.time.now() - this.#openedAt >= this.#maxAgeMs;
  }

  // What the exchange asks for.

  holdBody(): void {
    this.#bodyHeld = true;
    this.#updateFlow();
  }

  takeBody(): void {
    if (!this.#bodyHeld) return;
    this.#bodyHeld = false;
    this.#bodyBytes = 0;
    this.#bodySince = this.#waitingSince = this.#host.context.time.now();
    this.#updateFlow();
  }

  interim(head: ResponseHead): void {
    this.#responder.interim(head);
  }

  respond(head: ResponseHead, extraFields: string, payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    return this.#responder.respond(head, extraFields, payload, done, source, this.#mayKeepAlive);
  }

  payload(payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    return this.#responder.payload(payload, done, source);
  }

  refuse(status: number, message: string, extraFields: string): void {
    this.#responder.refuse(status, message, extraFields, this.#mayKeepAlive);
  }

  finished(): void {
    const keepAlive = this.#responder.keepAlive && this.#body.done;
    this.#exchange = null;
    this.#bodyHeld = false;
    this.#waitingSince = this.#host.context.time.now();
    if (keepAlive) {
      if (!this.#processing) this.#next();
    } else if (this.#nothingComes) {
      this.#endBoth();
    } else {
      this.#endOutput();
    }
  }

  tunnel(head: ResponseHead, extraFields: string, connection: UpstreamConnection, rest: Buffer): void {
    this.#responder.switchProtocols(head, extraFields);
    this.#exchange = null;
    this.#tunnel = new Tunnel(this.socket, connection, this.#host, () => this.socket.destroySoon());
    if (rest.length > 0) this.#tunnel.received(rest);
    if (this.#stash) this.#tunnel.fromClient(this.#stash, null);
    this.#stash = null;
    this.#updateFlow();
    if (this.#inputEnded) this.#tunnel.clientEnded();
  }

  abort(): void {
    this.#exchange = null;
    reset(this.socket);
  }

  /** Ends it now, whatever it is at. */
  close(reason: RequestFailure = 'GoingDown'): void {
    if (this.#exchange) this.#exchange.clientGone(reason);
    else if (this.#tunnel) this.#host.metrics.failure(reason);
    this.#exchange = null;
    this.#tunnel?.close();
    this.socket.destroy();
  }

  /** Ends it if it is between requests and has been for `idleMs`; a request that is on its way just then is lost. */
  closeIfIdle(now: number, idleMs: number): void {
    if (this.idle && !this.#stash && !this.#headBegun && now - this.#waitingSince >= idleMs) this.socket.destroySoon();
  }

  /** Looks at the time; `now` is LoopTime. */
  tickClient(now: number): void {
    const { limits } = this.#host.route;
    const unsent = this.socket.writableLength;
    if (this.#unsent.stuckMs(unsent, now) >= limits.writeTimeoutMs) {
      this.close('WriteTimeout');
    } else if (this.#lingeringSince > 0) {
      if (unsent === 0 && now - this.#lingeringSince >= LINGER_MS) this.socket.destroy();
    } else if (this.#exchange && !this.#body.done) {
      if (!this.#bodyHeld && now - this.#bodySince >= limits.bodyTimeoutMs) {
        this.#exchange.refuse(408, 'the request body did not come in time', 'BodyTimeout');
      }
    } else if (this.idle) {
      this.#tickIdle(now);
    }
  }

  // Bytes.

  #received(chunk: Buffer): void {
    if (this.#tunnel) {
      this.#tunnel.fromClient(chunk, this.#reads);
    } else if (this.#lingeringSince > 0) {
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES) this.socket.destroy();
    } else {
      this.#waitingSince = this.#host.context.time.now();
      this.#caughtUp = this.#reads !== null && chunk.length < ONE_STRING_BYTES;
      if (this.#opening === null) this.#process(chunk, this.#reads);
      else this.#recognise(this.#opening.length === 0 ? chunk : Buffer.concat([this.#opening, chunk]));
    }
  }

  #recognise(opening: Buffer): void {
    const match = matchPreface(opening);
    if (match === 'partly') {
      if (this.#opening === NOTHING) this.#headSince = this.#waitingSince;
      this.#opening = Buffer.from(opening);
      return;
    }
    this.#opening = null;
    if (match === 'no') this.#process(opening, this.#reads);
    else this.#leaveToHttp2(Buffer.from(opening));
  }

  #leaveToHttp2(received: Buffer): void {
    for (const event of ['data', 'drain', 'end']) this.socket.removeAllListeners(event);
    this.#speakHttp2(received);
  }

  /** `reads`: what `chunk` was read into; null: it is nobody else's. */
  #process(chunk: Buffer, reads: ReadWindow | null): void {
    let offset = 0;
    this.#processing = true;
    try {
      while (offset < chunk.length && this.#lingeringSince === 0) {
        if (this.#exchange && !this.#body.done) {
          offset = this.#readBody(chunk, offset, this.#exchange);
        } else if (this.#mayBegin) {
          offset = this.#readHead(chunk, offset);
        } else {
          const rest = offset === 0 ? chunk : chunk.subarray(offset);
          this.#keep(reads ? Buffer.from(rest) : rest);
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    }
    this.#processing = false;
    if (this.#body.done) this.#reads?.share();
    else this.#reads?.stream();
  }

  #readHead(chunk: Buffer, offset: number): number {
    const begun = this.#heads.pending;
    const { limits } = this.#host.route;
    if (!begun && this.#heads.limits !== limits) this.#heads.limits = limits;
    const head = this.#heads.feed(chunk, offset);
    if (head === null) {
      if (!begun) this.#headSince = this.#waitingSince;
      return chunk.length;
    }
    const { context } = this.#host;
    context.sweep.wake();
    context.budget.request(this.#waitingSince);
    this.#body.start(head.framing);
    this.#bodyBytes = 0;
    this.#bodySince = this.#waitingSince;
    const payload: Buffer[] = [];
    const end = this.#body.feed(chunk, this.#heads.end, payload);
    this.#begin(head, payload);
    return end;
  }

  #begin(head: RequestHead, payload: readonly Buffer[]): void {
    const exchange = new Exchange(this, this.#host, head, this.#waitingSince);
    this.#responder.start(head);
    this.#exchange = exchange;
    this.#requests++;
    this.#payloadBytes = 0;
    if (this.#tooLarge(head.framing, payload)) this.#refuseBody(exchange);
    else exchange.begin(payload, this.#body.done);
    this.#leavePayload(exchange, payload);
  }

  #readBody(chunk: Buffer, offset: number, exchange: Exchange): number {
    const payload: Buffer[] = [];
    const end = this.#body.feed(chunk, offset, payload);
    this.#bodyBytes += end - offset;
    if (this.#bodyBytes >= this.#host.route.limits.bodyProgressBytes) {
      this.#bodyBytes = 0;
      this.#bodySince = this.#waitingSince;
    }
    if (this.#tooLarge(NO_BODY, payload)) this.#refuseBody(exchange);
    else exchange.body(payload, this.#body.done);
    this.#leavePayload(exchange, payload);
    return end;
  }

  /** What the exchange still has use for is not read into again. */
  #leavePayload(exchange: Exchange, payload: readonly Buffer[]): void {
    if (stayViews(payload) && exchange.holdsPayload) this.#reads?.leave();
  }

  /** Whether the body is over its limit: by the length that it is to have, or by what has come of it. */
  #tooLarge(framing: Framing, payload: readonly Buffer[]): boolean {
    const { bodyBytes } = this.#host.route.limits;
    if (bodyBytes === 0) return false;
    if (framing.type === 'length' && framing.length > bodyBytes) return true;
    for (const piece of payload) this.#payloadBytes += piece.length;
    return this.#payloadBytes > bodyBytes;
  }

  #refuseBody(exchange: Exchange): void {
    this.#last = true;
    exchange.refuse(413, `the request body has more than ${this.#host.route.limits.bodyBytes} bytes`, 'BodyTooLarge');
  }

  #keep(bytes: Buffer): void {
    this.#stash = this.#stash ? Buffer.concat([this.#stash, bytes]) : bytes;
    this.#updateFlow();
  }

  get #headBegun(): boolean {
    return this.#heads.pending || (this.#opening !== null && this.#opening.length > 0);
  }

  /** Nothing that has come so far, or not come, speaks against another request after the one under way. */
  get #mayKeepAlive(): boolean {
    return this.#body.done && !this.#closing;
  }

  /** None is under way, and the client takes the answers: one that pipelines without reading them is not served ahead of itself. */
  get #mayBegin(): boolean {
    return this.#exchange === null && !this.socket.writableNeedDrain;
  }

  /** The next request, which may have come already. */
  #next(): void {
    while (this.#stash && this.#mayBegin && this.#lingeringSince === 0) {
      const chunk = this.#stash;
      this.#stash = null;
      this.#process(chunk, null);
    }
    if (this.#inputEnded) this.#inputOver();
    this.#updateFlow();
  }

  #updateFlow(): void {
    const pause = this.#bodyHeld || this.#stash !== null;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#caughtUp = false;
    if (pause) this.socket.pause();
    else this.socket.resume();
  }

  // Ends.

  /** What came is no request that could be answered: it is refused, and nothing more is read for one. */
  #refuse(error: ProtocolError): void {
    if (this.#exchange) {
      this.#exchange.refuse(error.status, error.message, 'Refused');
      return;
    }
    const { metrics } = this.#host;
    metrics.failure(refusalReason(error.code));
    metrics.response(error.status);
    this.socket.write(errorText(error.status, error.message), 'latin1');
    this.#endOutput();
  }

  /** The client has said so (RFC 9112 §9.6), and kept to it so far: no reset for unread bytes can destroy the answer. */
  get #nothingComes(): boolean {
    return this.#responder.clientIsDone && this.#body.done && this.#caughtUp && !this.#processing;
  }

  /** Both halves end as soon as the answer has left: waiting for the client's end would make up a quarter of what a connection costs. */
  #endBoth(): void {
    this.#lingeringSince = Math.max(this.#waitingSince, 1);
    if (this.socket.writableLength === 0) this.socket.destroy();
    else this.socket.destroySoon();
  }

  /** Our half ends; for a moment what comes is read on, since a reset for unread bytes could destroy the answer. */
  #endOutput(): void {
    if (this.#lingeringSince > 0) return;
    this.#stash = null;
    this.socket.end();
    if (this.#inputEnded) return;
    this.#lingeringSince = Math.max(this.#host.context.time.now(), 1);
    this.#updateFlow();
  }

  #ended(): void {
    this.#inputEnded = true;
    if (this.#tunnel) this.#tunnel.clientEnded();
    else this.#inputOver();
  }

  /** Nothing more will come: what is under way is finished if it can be, as soon as what has come before is used up. */
  #inputOver(): void {
    if (this.#stash || this.#lingeringSince > 0) return;
    if (this.#exchange === null) this.socket.end();
    else if (!this.#body.done) this.close('ClientGone');
    else this.#exchange.inputEnded();
  }

  #drained(): void {
    if (this.#tunnel) this.#tunnel.clientDrained();
    else if (this.#exchange) this.#exchange.clientDrained();
    else if (this.#stash) {
      // What waits here has waited for the client itself.
      this.#waitingSince = this.#host.context.time.now();
      this.#next();
    }
  }

  #gone(): void {
    const exchange = this.#exchange;
    const tunnel = this.#tunnel;
    this.#exchange = null;
    this.#tunnel = null;
    this.#reads?.close();
    exchange?.clientGone();
    tunnel?.clientGone();
  }

  #tickIdle(now: number): void {
    const { limits } = this.#host.route;
    if (this.#headBegun) {
      if (now - this.#headSince >= limits.headerTimeoutMs)
        this.#refuse(new ProtocolError(408, 'HeadTimeout', 'the request did not come in time'));
    } else if (now - this.#waitingSince >= limits.idleTimeoutMs) {
      this.socket.destroySoon();
    }
  }
}
