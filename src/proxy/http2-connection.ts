import type { ServerHttp2Session, ServerHttp2Stream, ServerOptions } from 'node:http2';
import type { Socket } from 'node:net';
import { ForwardingFields } from '../http1/forwarding.ts';
import type { HeadLimits } from '../http1/types.ts';
import { END_STREAM, ErrorCode } from '../http2/codes.ts';
import { Conduct } from '../http2/conduct.ts';
import { type ClientHost, maxAgeOf } from './client-host.ts';
import type { ClientPath } from './client-path.ts';
import { ClientStream, type StreamHost } from './client-stream.ts';
import {
  GOAWAY_MS,
  HTTP2_CONNECTION_WINDOW_BYTES,
  HTTP2_MEMORY_MB,
  HTTP2_STREAM_WINDOW_BYTES,
  LINGER_MS,
  STREAMS_PER_CONNECTION,
} from './limits.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { RequestFailure } from './proxy-metrics.ts';

/** GOAWAY with this as the last stream says that the connection will end, and refuses nothing yet (RFC 9113 §6.8). */
const EVERY_STREAM = 2 ** 31 - 1;
/** `:method`, `:scheme`, `:authority`, `:path`. */
const PSEUDO_FIELDS = 4;
/** node:http2 would end a session for 33 cut streams a second; what is too many is for `Conduct` to say, which counts the finished ones too. */
const CUT_BURST = 10_000;

interface Options extends ServerOptions {
  readonly streamResetBurst: number;
  readonly streamResetRate: number;
}

function sessionOptions(head: HeadLimits): Options {
  return {
    maxHeaderListPairs: head.headerCount + PSEUDO_FIELDS,
    maxSessionMemory: HTTP2_MEMORY_MB,
    strictSingleValueFields: false,
    streamResetBurst: CUT_BURST,
    streamResetRate: CUT_BURST,
    settings: {
      enablePush: false,
      maxConcurrentStreams: STREAMS_PER_CONNECTION,
      maxHeaderListSize: head.headerBytes,
      initialWindowSize: HTTP2_STREAM_WINDOW_BYTES,
    },
  };
}

/** One client's HTTP/2 connection: each of its streams is an exchange of its own. */
export class Http2Connection implements ListenerConnection, StreamHost {
  readonly path: ClientPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  readonly host: ClientHost;
  readonly conduct = new Conduct();
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #streams = new Set<ClientStream>();
  readonly #openedAt: number;
  readonly #maxAgeMs: number;
  /** LoopTime since which no stream is open. */
  #idleSince: number;
  /** LoopTime of the first and of the last GOAWAY; 0: not sent. */
  #announcedAt = 0;
  #closedAt = 0;
  #condemned = false;
  #requests = 0;

  /** Bytes of the client that have been read already must have been given back to `socket`, which must not flow. */
  constructor(socket: Socket, path: ClientPath, host: ClientHost) {
    const { context } = host;
    this.host = host;
    this.path = path;
    this.address = path.source;
    this.forwarding = new ForwardingFields({
      address: this.address,
      scheme: host.scheme,
      httpMajor: 2,
      trusted: host.trusts(this.address),
      pseudonym: context.pseudonym,
    });
    this.#socket = socket;
    this.#openedAt = this.#idleSince = context.time.now();
    this.#maxAgeMs = maxAgeOf(host);
    this.#session = process.getBuiltinModule('node:http2').performServerHandshake(socket, sessionOptions(host.route.limits));
    this.#session.setLocalWindowSize(HTTP2_CONNECTION_WINDOW_BYTES);
    this.#listen();
  }

  /** No stream is open. */
  get idle(): boolean {
    return this.#streams.size === 0;
  }

  tickClient(now: number): void {
    const { limits } = this.host.route;
    for (const stream of this.#streams) stream.tickClient(now);
    if (this.#closedAt > 0) {
      // A client that does not take what is left for it would keep the connection open for ever.
      if (this.idle && now - Math.max(this.#closedAt, this.#idleSince) >= LINGER_MS) this.#socket.destroy();
    } else if (this.#announcedAt > 0) {
      if (now - this.#announcedAt >= GOAWAY_MS) this.#refuseMore(now);
    } else if (this.#mustEnd(now)) {
      this.#announcedAt = now;
      this.#session.goaway(ErrorCode.NoError, EVERY_STREAM);
    } else if (this.idle && now - this.#idleSince >= limits.idleTimeoutMs) {
      this.#refuseMore(now);
    }
  }

  #mustEnd(now: number): boolean {
    const { requestsPerConnection } = this.host.route.limits;
    if (this.host.draining || (requestsPerConnection > 0 && this.#requests >= requestsPerConnection)) return true;
    return this.#maxAgeMs > 0 && now - this.#openedAt >= this.#maxAgeMs;
  }

  closeIfIdle(now: number, idleMs: number): void {
    if (this.#closedAt === 0 && this.idle && now - this.#idleSince >= idleMs) this.#refuseMore(now);
  }

  close(): void {
    this.#end('GoingDown');
  }

  // What streams report.

  forget(stream: ClientStream): void {
    this.#streams.delete(stream);
    if (this.idle) this.#idleSince = this.host.context.time.now();
  }

  cut(): void {
    if (!this.conduct.cut()) this.#endForConduct();
  }

  // The session's events.

  #listen(): void {
    const session = this.#session;
    const control = () => {
      if (!this.conduct.control()) this.#endForConduct();
    };
    session.on('stream', (stream, _headers, flags, list) => this.#opened(stream, (flags & END_STREAM) !== 0, list));
    session.on('ping', control);
    session.on('remoteSettings', control);
    // The session ends by itself after an error, and `close` follows.
    session.on('error', () => {});
    session.on('close', () => this.#gone());
    // A client that has ended its half gets the answers to what it has sent whole.
    this.#socket.on('end', () => this.#refuseMore(this.host.context.time.now()));
  }

  #opened(stream: ServerHttp2Stream, ended: boolean, list: readonly string[]): void {
    if (stream.closed || stream.destroyed || this.#condemned) {
      stream.on('error', () => {});
      this.cut();
      return;
    }
    this.#requests++;
    const client = new ClientStream(stream, this);
    this.#streams.add(client);
    client.begin(list, ended);
  }

  #gone(): void {
    for (const stream of [...this.#streams]) stream.gone();
    this.#streams.clear();
    this.#socket.destroy();
  }

  // Ends.

  #refuseMore(now: number): void {
    if (this.#closedAt > 0) return;
    this.#closedAt = Math.max(now, 1);
    this.#session.close();
  }

  #endForConduct(): void {
    if (this.#session.destroyed || this.#condemned) return;
    this.#condemned = true;
    this.host.metrics.failure('Refused');
    // Not from within nghttp2's reading, which is where this may be called from: it would send no GOAWAY.
    setImmediate(() => this.#end('Refused', new Error('the client asks for too much work'), ErrorCode.EnhanceYourCalm));
  }

  #end(reason: RequestFailure, error?: Error, code?: number): void {
    this.#closedAt ||= Math.max(this.host.context.time.now(), 1);
    for (const stream of [...this.#streams]) stream.close(reason);
    this.#session.destroy(error, code);
  }
}
