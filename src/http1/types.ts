/** How the end of a message's body is known (RFC 9112 §6.3). `close`: a response that ends with its connection. */
export type Framing =
  | { readonly type: 'none' }
  | { readonly type: 'length'; readonly length: number }
  | { readonly type: 'chunked' }
  | { readonly type: 'close' };

export interface HeadLimits {
  /** Request line or status line and all fields with the empty line, in bytes. Over it: 431 (414 where the target alone is too long). */
  readonly headerBytes: number;
  readonly uriBytes: number;
  readonly headerCount: number;
}

/** RFC 9112 §3 asks for at least 8,000 bytes of request line; HAProxy and Node take heads of 16 KiB, nginx and Go of 32 KiB and more. */
export const DEFAULT_HEAD_LIMITS: HeadLimits = { headerBytes: 32_768, uriBytes: 16_384, headerCount: 128 };

/** A request head that was read whole and found unambiguous. Strings are latin1: one character is one byte. */
export interface RequestHead {
  /** Bytes that it took on the wire, with its empty line (and an empty line before it that was skipped). */
  readonly size: number;
  readonly method: string;
  /** Origin-form (or `*` for OPTIONS): an absolute-form target has been split into `host` and this. */
  readonly target: string;
  /** HTTP/1.x minor version of the client. */
  readonly minor: 0 | 1;
  /** The authority to forward; empty only where an HTTP/1.0 client gave none. */
  readonly host: string;
  /**
   * The field lines to forward, each ending in CRLF. Taken out: Host, Connection and all that it names (never Host or framing
   * fields), Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade, HTTP2-Settings, Transfer-Encoding, Content-Length, Expect, Via,
   * Forwarded, X-Forwarded-*. What is added instead is the proxy's business: framing, Via, forwarding fields.
   */
  readonly fields: string;
  /** Never `close`. */
  readonly framing: Framing;
  /** The client wants the connection kept open after this exchange. */
  readonly keepAlive: boolean;
  /** The client waits for a 100 before its body. False where there is no body to wait for, and in HTTP/1.0. */
  readonly expectContinue: boolean;
  /** Protocols named by Upgrade together with `Connection: upgrade`, without HTTP ones (h2c); null: none, or the request has a body. */
  readonly upgrade: string | null;
  readonly hasIdempotencyKey: boolean;
  /** What the client said about those in front of it: used only where the peer is a trusted proxy. */
  readonly forwarded: ForwardedFields;
  /** Value of Via, all lines joined; empty: none. */
  readonly via: string;
}

/** Values of all lines of a name joined by `, `; empty: none. */
export interface ForwardedFields {
  readonly xForwardedFor: string;
  readonly xForwardedProto: string;
  readonly xForwardedHost: string;
  readonly forwarded: string;
  /** Whole lines of any other X-Forwarded-* field (Port, Prefix), each ending in CRLF. */
  readonly others: string;
}

/** A response head of an upstream, final or interim, found unambiguous. */
export interface ResponseHead {
  /** Bytes that it took on the wire, with its empty line. */
  readonly size: number;
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  /**
   * Field lines to forward, as in RequestHead: without Connection and what it names, Keep-Alive, Proxy-Connection, Trailer,
   * Transfer-Encoding, Content-Length, Upgrade.
   */
  readonly fields: string;
  /** By the request's method and the status (HEAD, 1xx, 204, 304: none). */
  readonly framing: Framing;
  /** Content-Length as given, to be forwarded where there is no body to frame (HEAD, 304); null: none. */
  readonly contentLength: number | null;
  /** The upstream keeps its connection open after this response, as far as its head tells. */
  readonly keepAlive: boolean;
  /** Protocol switched to, with status 101; whether it was asked for is for the proxy to check. */
  readonly upgrade: string | null;
}

/** Whose bytes are being read: a client's requests, or an upstream's responses. */
export type Side = 'request' | 'response';

/** Refused input: the status to answer (requests), or 502 for a broken upstream (responses). Nothing of it may be forwarded. */
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
