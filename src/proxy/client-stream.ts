import type { ForwardingFields } from '../http1/forwarding.ts';
import { ProtocolError, type RequestHead, type ResponseHead } from '../http1/types.ts';
import { ErrorCode } from '../http2/codes.ts';
import type { Conduct } from '../http2/conduct.ts';
import type { FieldList } from '../http2/field-list.ts';
import { requestHead } from '../http2/request-head.ts';
import { errorResponse, RESET_CONTENT, responseFields, trailerFields } from '../http2/response-fields.ts';
import { trailerLines } from '../http2/response-head.ts';
import type { ServerStream, StreamUser } from '../http2/server-stream.ts';
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

/** The connection of a stream. */
export interface StreamHost {
  readonly path: ProxiedPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  readonly host: ClientHost;
  readonly conduct: Conduct;
  /** A stream ended before it was answered, and not by our choice. */
  cut(): void;
}

/** One stream of a client's HTTP/2 connection: one request, one exchange, one answer. */
export class ClientStream implements ExchangeClient, StreamUser {
  readonly #stream: ServerStream;
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
  /** As in ClientConnection. */
  #bodyBytes = 0;
  #bodySince = 0;
  readonly #unsent = new Unsent();

  constructor(stream: ServerStream, connection: StreamHost) {
    this.#stream = stream;
    this.#connection = connection;
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

  // What the stream reports.

  begin(list: FieldList, ended: boolean, truncated: boolean): void {
    const { host } = this.#connection;
    const { context } = host;
    this.#bodyDone = ended;
    this.#bodySince = context.time.now();
    let head: RequestHead;
    try {
      if (truncated) throw new ProtocolError(431, 'HeadTooLarge', 'the request head has too many bytes or field lines');
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
    if (this.#tooLarge(this.#bodyLeft)) this.#refuseBody(this.#exchange);
    else this.#exchange.begin(NOTHING, ended);
  }

  data(bytes: Buffer): void {
    const { context, route } = this.#connection.host;
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#connection.conduct.moved();
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes >= route.limits.bodyProgressBytes) {
      this.#bodyBytes = 0;
      this.#bodySince = context.time.now();
    }
    if (this.#bodyLeft >= 0) {
      this.#bodyLeft -= bytes.length;
      // RFC 9113 §8.1.1. To the server, a byte too many would be another request on an HTTP/1.1 connection.
      if (this.#bodyLeft < 0) {
        this.#breakOff('Refused');
        return;
      }
    }
    this.#payloadBytes += bytes.length;
    if (this.#tooLarge(this.#payloadBytes)) this.#refuseBody(exchange);
    // As large as this, it may be kept as it is, and what it was read into is read into again.
    else exchange.body([bytes.length > ONE_STRING_BYTES ? Buffer.from(bytes) : bytes], false);
  }

  /** They come whole, and nothing behind them. */
  receivedTrailers(list: FieldList, truncated: boolean): void {
    if (this.#exchange === null) return;
    try {
      this.trailers = trailerLines(list);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#breakOff('Refused');
      return;
    }
    if (truncated || this.trailers.length > this.#connection.host.route.limits.headerBytes) this.#breakOff('HeadTooLarge');
  }

  ended(): void {
    this.#bodyDone = true;
    if (this.#bodyLeft > 0) this.#breakOff('Refused');
    else this.#exchange?.body(NOTHING, true);
  }

  cut(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    exchange.clientGone();
    this.#connection.cut();
  }

  drained(): void {
    this.#exchange?.clientDrained();
  }

  // What the exchange asks for.

  holdBody(): void {
    if (this.#bodyDone) return;
    this.#bodyHeld = true;
    this.#stream.hold();
  }

  takeBody(): void {
    if (!this.#bodyHeld) return;
    this.#bodyHeld = false;
    this.#bodyBytes = 0;
    this.#bodySince = this.#connection.host.context.time.now();
    // Whoever asks for more does not expect it before it has done.
    process.nextTick(() => {
      if (!this.#bodyHeld) this.#stream.take();
    });
  }

  interim(head: ResponseHead): void {
    this.#stream.interim(responseFields(head, ''));
  }

  respond(head: ResponseHead, extraFields: string, payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    const trailers = done ? trailerFields(source.trailers) : null;
    const ends = this.#headOnly || head.status === RESET_CONTENT || (done && trailers === null && bytesOf(payload) === 0);
    this.#stream.respond(responseFields(head, extraFields), ends);
    return ends || this.#stream.send(payload, done, trailers);
  }

  payload(payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    this.#connection.conduct.moved();
    return this.#stream.send(payload, done, done ? trailerFields(source.trailers) : null);
  }

  refuse(status: number, message: string, extraFields: string): void {
    const { fields, body } = errorResponse(status, message, extraFields);
    this.#stream.respond(fields, this.#headOnly);
    this.#stream.send([Buffer.from(body, 'latin1')], true, null);
  }

  finished(): void {
    this.#exchange = null;
    this.#connection.conduct.finished();
    this.#stream.refuseRest();
  }

  /** There is no Upgrade in HTTP/2, so no server has been asked to switch. */
  tunnel(_head: ResponseHead, _extraFields: string, connection: UpstreamConnection): void {
    connection.destroy();
    this.abort();
  }

  abort(): void {
    this.#exchange = null;
    this.#stream.reset(ErrorCode.InternalError);
  }

  // Ends.

  /** Ends it now, whatever it is at. */
  close(reason: RequestFailure): void {
    this.#leave(reason, ErrorCode.InternalError);
  }

  /** Looks at the time; `now` is LoopTime. */
  tickClient(now: number): void {
    const { limits } = this.#connection.host.route;
    if (this.#unsent.stuckMs(this.#stream.pendingBytes, this.#stream.sentBytes, now) >= limits.writeTimeoutMs) {
      this.close('WriteTimeout');
    } else if (this.#exchange && !this.#bodyDone && !this.#bodyHeld) {
      const limitMs = this.streams ? limits.tunnelIdleTimeoutMs : limits.bodyTimeoutMs;
      if (now - this.#bodySince >= limitMs) this.#exchange.refuse(408, 'the request body did not come in time', 'BodyTimeout');
    }
  }

  /** What comes is no request, or no body of the length that it has given, or no trailers. */
  #breakOff(reason: RequestFailure): void {
    this.#leave(reason, ErrorCode.ProtocolError);
    this.#connection.cut();
  }

  #leave(reason: RequestFailure, code: number): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.clientGone(reason);
    this.#stream.reset(code);
  }

  /** RFC 9113 §8.1.1: malformed, it ends with an error of its stream; before that, we say why. */
  #refuseMalformed(error: ProtocolError): void {
    const { metrics } = this.#connection.host;
    metrics.failure(refusalReason(error.code));
    metrics.response(error.status);
    if (error.status !== 400) {
      this.refuse(error.status, error.message, '');
      this.#stream.refuseRest();
      return;
    }
    const { fields, body } = errorResponse(error.status, error.message, '');
    this.#stream.respond(fields, false);
    this.#stream.send([Buffer.from(body, 'latin1')], false, null);
    this.#stream.reset(ErrorCode.ProtocolError);
    this.#connection.cut();
  }

  #tooLarge(bytes: number): boolean {
    const { bodyBytes } = this.#connection.host.route.limits;
    return bodyBytes > 0 && bytes > bodyBytes;
  }

  #refuseBody(exchange: Exchange): void {
    exchange.refuse(413, `the request body has more than ${this.#connection.host.route.limits.bodyBytes} bytes`, 'BodyTooLarge');
  }
}
