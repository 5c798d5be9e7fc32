import type { ForwardingFields } from '../http1/forwarding.ts';
import type { ResponseHead } from '../http1/types.ts';
import type { ProxiedPath } from '../preamble/proxied-path.ts';
import type { PayloadSource } from './body-text.ts';
import type { ProxyContext, Route } from './context.ts';
import type { ListenerMetrics } from './proxy-metrics.ts';
import type { RequestDeadlines } from './request-deadlines.ts';
import type { RequestLine } from './request-line.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** The client of an exchange: an HTTP/1.1 connection, or one stream of an HTTP/2 connection. How a message looks there is its own business. */
export interface ExchangeClient {
  /** Between whom the connection is. */
  readonly path: ProxiedPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  /** Trailer lines of the request, each ending in CRLF, once its body is whole; empty: none, or none that may be passed on. */
  readonly trailers: string;
  /** The call of a protocol whose streams stand still for as long as they like. */
  readonly streams: boolean;
  /** Reads no more of the request's body until `takeBody`. */
  holdBody(): void;
  takeBody(): void;
  interim(head: ResponseHead): void;
  /**
   * The head of the final response with `extraFields` (lines, each ending in CRLF), and what of the body came with it, as views of what
   * `source` has just received. False: the client takes no more for now, and `clientDrained` will follow.
   */
  respond(head: ResponseHead, extraFields: string, payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean;
  /** More of the response's body, as above. */
  payload(payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean;
  /** A whole response of the proxy's own. */
  refuse(status: number, message: string, extraFields: string): void;
  /** The exchange is over, and its answer has been handed over whole. */
  finished(): void;
  /** The server has switched protocols: after this head the client is at the other end of a tunnel to `connection`. `rest`: the first that came through it. */
  tunnel(head: ResponseHead, extraFields: string, connection: UpstreamConnection, rest: Buffer): void;
  /** Cuts the answer, so that the client cannot take what it has for a whole one. */
  abort(): void;
}

/** What the listener of an exchange lends it. */
export interface ExchangeSurroundings {
  readonly context: ProxyContext;
  readonly route: Route;
  readonly metrics: ListenerMetrics;
  readonly line: RequestLine;
  readonly deadlines: RequestDeadlines;
}
