/** How the end of a message's body is known (RFC 9112 §6.3). `close`: a response that ends with its connection. */
export type Framing =
  | { readonly type: 'none' }
  | { readonly type: 'length'; readonly length: number }
  | { readonly type: 'chunked' }
  | { readonly type: 'close' };

export interface HeadLimits {
  /** Request line or status line and all fields, in bytes. Over it: 431 (414 where the target alone is too long). */
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly fieldCount: number;
}

/** A request head that was read whole and found unambiguous. Strings are latin1: one character is one byte. */
export interface RequestHead {
  readonly method: string;
  /** Origin-form (or `*` for OPTIONS): an absolute-form target has been split into `host` and this. */
  readonly target: string;
  /** HTTP/1.x minor version of the client. */
  readonly minor: 0 | 1;
  /** The authority to forward; empty only where an HTTP/1.0 client gave none. */
  readonly host: string;
  /**
   * The field lines to forward, each ending in CRLF. Taken out: Host, Connection and all that it names (never Host or framing
   * fields), Keep-Alive, Proxy-Connection, TE, Upgrade, Transfer-Encoding, Content-Length, Expect, Via, Forwarded, X-Forwarded-*.
   * What is added instead is the proxy's business: framing, Via, forwarding fields.
   */
  readonly fields: string;
  readonly framing: Framing;
  /** The client wants the connection kept open after this exchange. */
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  /** Protocol named by Upgrade together with `Connection: upgrade`; null: none, or h2c. */
  readonly upgrade: string | null;
  readonly hasIdempotencyKey: boolean;
  /** What the client said about those in front of it: used only where the peer is a trusted proxy. */
  readonly forwarded: ForwardedFields;
  /** Value of Via, all lines joined; empty: none. */
  readonly via: string;
}

export interface ForwardedFields {
  readonly xForwardedFor: string;
  readonly xForwardedProto: string;
  readonly xForwardedHost: string;
  readonly forwarded: string;
}

/** A response head of an upstream, final or interim, found unambiguous. */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  /** Field lines to forward, as in RequestHead: without Connection and what it names, Keep-Alive, Proxy-Connection, Transfer-Encoding, Content-Length, Upgrade. */
  readonly fields: string;
  /** By the request's method and the status (HEAD, 1xx, 204, 304: none). */
  readonly framing: Framing;
  /** Content-Length as given, to be forwarded where there is no body to frame (HEAD, 304); null: none. */
  readonly contentLength: number | null;
  /** The upstream keeps its connection open after this response. */
  readonly keepAlive: boolean;
  /** Protocol switched to, with status 101. */
  readonly upgrade: string | null;
}

/** Refused input: the status to answer (requests), or a broken upstream (responses). Nothing of it may be forwarded. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly status: number;
  /** Stable, for metrics and tests, such as `ContentLengthWithTransferEncoding`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
