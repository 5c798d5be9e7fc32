import type { ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2';
import { latin1 } from '../http1/bytes.ts';
import type { ForwardingFields } from '../http1/forwarding.ts';
import { ProtocolError, type RequestHead, type ResponseHead } from '../http1/types.ts';
import { ErrorCode } from '../http2/codes.ts';
import type { Conduct } from '../http2/conduct.ts';
import { requestHead } from '../http2/request-head.ts';
import { errorResponse, responseFields, trailerFields } from '../http2/response-fields.ts';
import { trailerLines } from '../http2/response-head.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import { bytesOf, type PayloadSource } from './body-text.ts';
import type { ClientHost } from './client-host.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { ONE_STRING_BYTES } from './limits.ts';
import { type RequestFailure, refusalReason } from './proxy-metrics.ts';
import { Unsent } from './unsent.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const NOTHING: readonly Buffer[] = [];
const GRPC = /^content-type: application\/grpc/m;
/** Only `destroy` with an error resets a stream at once: `close` ends its writable side first, which looks like the end of a whole answer. */
const CUT = new Error('the stream is cut');
/** `sendDate` is missing in the types: whether there is a Date is the server's business. */
type ResponseOptions = ServerStreamResponseOptions & { readonly sendDate: boolean };
const WITH_BODY: ResponseOptions = { sendDate: false };
const WITHOUT_BODY: ResponseOptions = { sendDate: false, endStream: true };
const WITH_TRAILERS: ResponseOptions = { sendDate: false, waitForTrailers: true };

/** The connection of a stream. */
export interface StreamHost {
  readonly path: ProxiedPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  readonly host: ClientHost;
  readonly conduct: Conduct;
  /** `stream` is gone. */
  forget(stream: ClientStream): void;
  /** A stream ended before it was answered, and not by our choice. */
  cut(): void;
}

/** One stream of a client's HTTP/2 connection: one request, one exchange, one answer. */
export class ClientStream implements ExchangeClient {
  readonly #stream: ServerHttp2Stream;
  readonly #connection: StreamHost;
  #exchange: Exchange | null = null;
  /** Bytes of the body that may still come; -1: any number. */
  #bodyLeft = -1;
  #payloadBytes = 0;
  #bodyDone = false;
  #bodyHeld = false;
  #headOnly = false;
  /** Messages come when there are any, as in gRPC: a body that pauses is no client that stalls. */
  trailers = '';
  streams = false;
  #awaitingDrain = false;
  /** As in ClientConnection. */
  #bodyBytes = 0;
  #bodySince = 0;
  readonly #unsent = new Unsent();

  constructor(stream: ServerHttp2Stream, connection: StreamHost) {
    this.#stream = stream;
    this.#connection = connection;
    stream.on('error', () => {});
    stream.on('aborted', () => this.#cut());
    stream.on('close', () => this.gone());
  }

  get path(): ProxiedPath {
    return this.#connection.path;
  }

  get address(): string {
    return this.#connection.address;
  }

  get forwarding(): ForwardingFields {
    return this.#connection.forwarding;
  }

  /** Starts the exchange for the request whose fields `list` has. `ended`: no body follows. */
  begin(list: readonly string[], ended: boolean): void {
    const { host } = this.#connection;
    const { context } = host;
    this.#bodyDone = ended;
    this.#bodySince = context.time.now();
    let head: RequestHead;
    try {
      head = requestHead(list, ended, host.route.limits);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuseMalformed(error);
      return;
    }
    context.sweep.wake();
    context.budget.request(this.#bodySince);
    this.#headOnly = head.method === 'HEAD';
    this.streams = GRPC.test(head.fields);
    if (head.framing.type === 'length') this.#bodyLeft = head.framing.length;
    this.#exchange = new Exchange(this, host, head, this.#bodySince);
    if (!ended) {
      this.#stream.on('data', (chunk: Buffer) => this.#received(chunk));
      this.#stream.on('trailers', (_headers, _flags, list: string[]) => this.#trailers(list));
      this.#stream.on('end', () => this.#ended());
    }
    if (this.#tooLarge(this.#bodyLeft)) this.#refuseBody(this.#exchange);
    else this.#exchange.begin(NOTHING, ended);
  }

  // What the exchange asks for.

  holdBody(): void {
    if (this.#bodyDone || this.#bodyHeld) return;
    this.#bodyHeld = true;
    this.#stream.pause();
  }

  takeBody(): void {
    if (!this.#bodyHeld) return;
    this.#bodyHeld = false;
    this.#bodyBytes = 0;
    this.#bodySince = this.#connection.host.context.time.now();
    this.#stream.resume();
  }

  interim(head: ResponseHead): void {
    if (!this.#writable) return;
    const fields: Record<string, string | string[]> = {};
    const list = responseFields(head, '');
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] as string;
      const before = fields[name];
      fields[name] = before === undefined ? (list[i + 1] as string) : [before, list[i + 1] as string].flat();
    }
    this.#stream.additionalHeaders(fields);
  }

  respond(head: ResponseHead, extraFields: string, payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    if (!this.#writable) return true;
    const fields = responseFields(head, extraFields);
    const trailers = done ? trailerFields(source.trailers) : null;
    const ends = done && trailers === null && bytesOf(payload) === 0;
    const mayHaveTrailers = head.framing.type === 'chunked' && (!done || trailers !== null);
    this.#stream.respond(fields, ends || this.#headOnly ? WITHOUT_BODY : mayHaveTrailers ? WITH_TRAILERS : WITH_BODY);
    return ends || this.#write(payload, done, source, trailers);
  }

  payload(payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    this.#connection.conduct.moved();
    return !this.#writable || this.#write(payload, done, source, done ? trailerFields(source.trailers) : null);
  }

  refuse(status: number, message: string, extraFields: string): void {
    if (!this.#writable) return;
    const { fields, body } = errorResponse(status, message, extraFields);
    this.#stream.respond(fields, this.#headOnly ? WITHOUT_BODY : WITH_BODY);
    if (!this.#headOnly) this.#stream.end(body, 'latin1');
  }

  finished(): void {
    this.#exchange = null;
    this.#connection.conduct.finished();
    // RFC 9113 §8.1: the answer is whole, and what is still to come of the request is of no use to anybody.
    if (!this.#bodyDone) this.#stream.close(ErrorCode.NoError);
  }

  /** There is no Upgrade in HTTP/2, so no server has been asked to switch. */
  tunnel(_head: ResponseHead, _extraFields: string, connection: UpstreamConnection): void {
    connection.destroy();
    this.abort();
  }

  abort(): void {
    this.#exchange = null;
    this.#stream.destroy(CUT);
  }

  // Ends.

  /** Ends it now, whatever it is at. */
  close(reason: RequestFailure): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.clientGone(reason);
    this.#stream.destroy(CUT);
  }

  gone(): void {
    this.#connection.forget(this);
    this.#cut();
  }

  /** Looks at the time; `now` is LoopTime. */
  tickClient(now: number): void {
    const { limits } = this.#connection.host.route;
    if (this.#stream.destroyed) {
      this.gone();
    } else if (this.#unsent.stuckMs(this.#stream.writableLength, now) >= limits.writeTimeoutMs) {
      this.close('WriteTimeout');
    } else if (this.#exchange && !this.#bodyDone && !this.#bodyHeld) {
      const limitMs = this.streams ? limits.tunnelIdleTimeoutMs : limits.bodyTimeoutMs;
      if (now - this.#bodySince >= limitMs) this.#exchange.refuse(408, 'the request body did not come in time', 'BodyTimeout');
    }
  }

  /** The client has cut the stream, or is gone with all of its streams. */
  #cut(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    exchange.clientGone();
    this.#connection.cut();
  }

  #refuseMalformed(error: ProtocolError): void {
    const { metrics } = this.#connection.host;
    metrics.failure(refusalReason(error.code));
    metrics.response(error.status);
    this.refuse(error.status, error.message, '');
    if (!this.#bodyDone) this.#stream.close(ErrorCode.NoError);
  }

  // Bytes.

  #received(chunk: Buffer): void {
    const { context, route } = this.#connection.host;
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#connection.conduct.moved();
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes >= route.limits.bodyProgressBytes) {
      this.#bodyBytes = 0;
      this.#bodySince = context.time.now();
    }
    if (this.#bodyLeft >= 0) {
      this.#bodyLeft -= chunk.length;
      // nghttp2 has checked it too; a byte too many would be another request on an HTTP/1.1 connection.
      if (this.#bodyLeft < 0) {
        this.close('Refused');
        return;
      }
    }
    this.#payloadBytes += chunk.length;
    if (this.#tooLarge(this.#payloadBytes)) this.#refuseBody(exchange);
    else exchange.body([chunk], false);
  }

  #tooLarge(bytes: number): boolean {
    const { bodyBytes } = this.#connection.host.route.limits;
    return bodyBytes > 0 && bytes > bodyBytes;
  }

  #refuseBody(exchange: Exchange): void {
    exchange.refuse(413, `the request body has more than ${this.#connection.host.route.limits.bodyBytes} bytes`, 'BodyTooLarge');
  }

  #trailers(list: readonly string[]): void {
    const { limits } = this.#connection.host.route;
    try {
      this.trailers = trailerLines(list);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#exchange?.refuse(400, error.message, 'Refused');
    }
    if (this.trailers.length > limits.headerBytes) {
      this.#exchange?.refuse(431, `the trailers have more than ${limits.headerBytes} bytes`, 'HeadTooLarge');
    }
  }

  /** The end of the readable side comes when a stream is cut, too. */
  #ended(): void {
    if (this.#stream.closed || this.#stream.aborted || this.#bodyLeft > 0) {
      this.#cut();
      return;
    }
    this.#bodyDone = true;
    this.#exchange?.body(NOTHING, true);
  }

  get #writable(): boolean {
    return !this.#stream.closed && !this.#stream.destroyed;
  }

  #write(payload: readonly Buffer[], done: boolean, source: PayloadSource, trailers: Record<string, string[]> | null): boolean {
    const stream = this.#stream;
    if (stream.writableEnded) return true;
    if (trailers) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    if (bytesOf(payload) > ONE_STRING_BYTES) {
      this.#writeBuffers(payload, source);
      if (done) stream.end();
    } else {
      let text = '';
      for (const piece of payload) text += latin1(piece, 0, piece.length);
      if (done) stream.end(text, 'latin1');
      else if (text !== '') stream.write(text, 'latin1');
    }
    if (done || !stream.writableNeedDrain) return true;
    if (!this.#awaitingDrain) {
      this.#awaitingDrain = true;
      stream.once('drain', () => {
        this.#awaitingDrain = false;
        this.#exchange?.clientDrained();
      });
    }
    return false;
  }

  #writeBuffers(payload: readonly Buffer[], source: PayloadSource): void {
    const loan = source.lend();
    for (const piece of payload) this.#stream.write(loan ? piece : Buffer.from(piece));
    // Never given back: of a stream that is cut nobody says when nghttp2 has done with its bytes, and another's must not take their place.
    if (loan) source.lent(loan, true);
  }
}
