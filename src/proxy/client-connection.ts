import type { Socket } from 'node:net';
import type { ForwardingFields } from '../http1/forwarding.ts';
import { RequestHeadReader } from '../http1/head-reader.ts';
import { errorText } from '../http1/response-text.ts';
import { ProtocolError, type RequestHead, type ResponseHead } from '../http1/types.ts';
import { matchPreface } from '../http2/preface.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import { type PayloadSource, stayViews } from './body-text.ts';
import { ClientFlow } from './client-flow.ts';
import { type ClientHost, forwardingOf } from './client-host.ts';
import type { ClientPath } from './client-path.ts';
import { ConnectionTerm } from './connection-term.ts';
import { Ending } from './ending.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Http1Responder } from './http1-responder.ts';
import { IncomingBody } from './incoming-body.ts';
import { type RequestFailure, refusalReason } from './proxy-metrics.ts';
import type { ReadWindow } from './read-buffers.ts';
import { reset } from './reset.ts';
import { Tunnel } from './tunnel.ts';
import { Unsent } from './unsent.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

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
  readonly #body: IncomingBody;
  readonly #responder: Http1Responder;
  readonly #flow: ClientFlow;
  readonly #ending: Ending;
  readonly #term: ConnectionTerm;
  #exchange: Exchange | null = null;
  /** The first bytes, until they tell HTTP/1.1 from HTTP/2; null: it is HTTP/1.1. */
  #opening: Buffer | null = NOTHING;
  #tunnel: Tunnel | null = null;
  #processing = false;
  /** LoopTime of the last byte from the client, or of the end of the last exchange; of the first byte of a head under way. */
  #waitingSince: number;
  #headSince = 0;
  readonly #unsent = new Unsent();

  /**
   * `reads`: what the client sends comes there; null: from `socket`. `speakHttp2`: the client does, without TLS, and `received` is all that it
   * has said: from now on the socket is that protocol's.
   */
  constructor(socket: Socket, path: ClientPath, host: ClientHost, reads: AcceptedReads | null, speakHttp2: (received: Buffer) => void) {
    // Over TLS, ALPN says which version is spoken.
    if (host.scheme === 'https') this.#opening = null;
    this.socket = socket;
    this.#host = host;
    this.#speakHttp2 = speakHttp2;
    this.path = path;
    this.address = path.source;
    this.forwarding = forwardingOf(path, host, 1);
    this.#heads = new RequestHeadReader(host.route.limits);
    this.#body = new IncomingBody(host.route);
    this.#flow = new ClientFlow(socket, reads?.takesAll ?? false);
    this.#ending = new Ending(socket, this.#flow);
    this.#responder = new Http1Responder(socket);
    this.#term = new ConnectionTerm(host);
    this.#waitingSince = host.context.time.now();
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

  // What the exchange asks for.

  holdBody(): void {
    this.#flow.holdBody();
  }

  takeBody(): void {
    if (!this.#flow.bodyHeld) return;
    this.#waitingSince = this.#host.context.time.now();
    this.#body.waited(this.#waitingSince);
    this.#flow.releaseBody();
    this.#flow.update();
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
    this.#flow.releaseBody();
    this.#waitingSince = this.#host.context.time.now();
    if (keepAlive) {
      if (!this.#processing) this.#next();
    } else if (this.#nothingComes) {
      this.#ending.endBoth(this.#waitingSince);
    } else {
      this.#endOutput();
    }
  }

  tunnel(head: ResponseHead, extraFields: string, connection: UpstreamConnection, rest: Buffer): void {
    this.#responder.switchProtocols(head, extraFields);
    this.#exchange = null;
    this.#tunnel = new Tunnel(this.socket, connection, this.#host, () => this.socket.destroySoon());
    if (rest.length > 0) this.#tunnel.received(rest);
    const stash = this.#flow.unstash();
    if (stash) this.#tunnel.fromClient(stash, null);
    this.#flow.update();
    if (this.#flow.ended) this.#tunnel.clientEnded();
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
    if (this.idle && !this.#flow.stashed && !this.#headBegun && now - this.#waitingSince >= idleMs) this.socket.destroySoon();
  }

  /** Looks at the time; `now` is LoopTime. */
  tickClient(now: number): void {
    const { limits } = this.#host.route;
    if (this.#unsent.socketStuckMs(this.socket, now) >= limits.writeTimeoutMs) {
      this.close('WriteTimeout');
    } else if (this.#ending.begun) {
      this.#ending.tick(now);
    } else if (this.#exchange && !this.#body.done) {
      if (!this.#flow.bodyHeld && this.#body.isLate(now)) {
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
    } else if (this.#ending.begun) {
      this.#ending.received(chunk.length);
    } else {
      this.#waitingSince = this.#host.context.time.now();
      this.#flow.received(chunk.length);
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
      while (offset < chunk.length && !this.#ending.begun) {
        if (this.#exchange && !this.#body.done) {
          offset = this.#readBody(chunk, offset, this.#exchange);
        } else if (this.#mayBegin) {
          offset = this.#readHead(chunk, offset);
        } else {
          const rest = offset === 0 ? chunk : chunk.subarray(offset);
          this.#flow.stash(reads ? Buffer.from(rest) : rest);
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
    const payload: Buffer[] = [];
    const end = this.#body.begin(head.framing, chunk, this.#heads.end, payload, this.#waitingSince);
    this.#begin(head, payload);
    return end;
  }

  #begin(head: RequestHead, payload: readonly Buffer[]): void {
    const exchange = new Exchange(this, this.#host, head, this.#waitingSince);
    this.#responder.start(head);
    this.#exchange = exchange;
    this.#term.request();
    if (this.#body.tooLarge) this.#refuseBody(exchange);
    else exchange.begin(payload, this.#body.done);
    this.#leavePayload(exchange, payload);
  }

  #readBody(chunk: Buffer, offset: number, exchange: Exchange): number {
    const payload: Buffer[] = [];
    const end = this.#body.take(chunk, offset, payload, this.#waitingSince);
    if (this.#body.tooLarge) this.#refuseBody(exchange);
    else exchange.body(payload, this.#body.done);
    this.#leavePayload(exchange, payload);
    return end;
  }

  /** What the exchange still has use for is not read into again. */
  #leavePayload(exchange: Exchange, payload: readonly Buffer[]): void {
    if (stayViews(payload) && exchange.holdsPayload) this.#reads?.leave();
  }

  #refuseBody(exchange: Exchange): void {
    this.#term.end();
    exchange.refuse(413, `the request body has more than ${this.#host.route.limits.bodyBytes} bytes`, 'BodyTooLarge');
  }

  get #headBegun(): boolean {
    return this.#heads.pending || (this.#opening !== null && this.#opening.length > 0);
  }

  /** Nothing that has come so far, or not come, speaks against another request after the one under way. */
  get #mayKeepAlive(): boolean {
    if (!this.#body.done || this.#term.over) return false;
    // Of a client that has ended its half, requests that came before are answered all the same.
    return !this.#flow.ended || this.#flow.stashed;
  }

  /** None is under way, and the client takes the answers: one that pipelines without reading them is not served ahead of itself. */
  get #mayBegin(): boolean {
    return this.#exchange === null && !this.socket.writableNeedDrain;
  }

  /** The next request, which may have come already. */
  #next(): void {
    while (this.#flow.stashed && this.#mayBegin && !this.#ending.begun) {
      const chunk = this.#flow.unstash();
      if (chunk) this.#process(chunk, null);
    }
    if (this.#flow.ended) this.#inputOver();
    this.#flow.update();
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
    return this.#responder.clientIsDone && this.#body.done && this.#flow.caughtUp && !this.#processing;
  }

  #endOutput(): void {
    this.#ending.endOutput(this.#host.context.time.now());
  }

  #ended(): void {
    this.#flow.end();
    if (this.#tunnel) this.#tunnel.clientEnded();
    else this.#inputOver();
  }

  /** Nothing more will come: what is under way is finished if it can be, as soon as what has come before is used up. */
  #inputOver(): void {
    if (this.#flow.stashed || this.#ending.begun) return;
    if (this.#exchange === null) this.socket.end();
    else if (!this.#body.done) this.close('ClientGone');
    else this.#exchange.inputEnded();
  }

  #drained(): void {
    if (this.#tunnel) this.#tunnel.clientDrained();
    else if (this.#exchange) this.#exchange.clientDrained();
    else if (this.#flow.stashed) {
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
