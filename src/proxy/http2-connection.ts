import type { Socket } from 'node:net';
import type { ForwardingFields } from '../http1/forwarding.ts';
import { ConnectionError, ErrorCode } from '../http2/codes.ts';
import { Conduct } from '../http2/conduct.ts';
import { ServerSession, type SessionOwner } from '../http2/server-session.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import type { AcceptedReads } from './accepted-reads.ts';
import { type ClientHost, forwardingOf } from './client-host.ts';
import type { ClientPath } from './client-path.ts';
import { ClientStream, type StreamHost } from './client-stream.ts';
import { ConnectionTerm } from './connection-term.ts';
import { Http2Output } from './http2-output.ts';
import { GOAWAY_MS, HTTP2_CONNECTION_WINDOW_BYTES, LINGER_BYTES, LINGER_MS, STREAMS_PER_CONNECTION } from './limits.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { RequestFailure } from './proxy-metrics.ts';
import { Unsent } from './unsent.ts';

/** `:method`, `:scheme`, `:authority`, `:path`. */
const PSEUDO_FIELDS = 4;

/** One client's HTTP/2 connection: each of its streams is an exchange of its own. */
export class Http2Connection implements ListenerConnection, StreamHost, SessionOwner<ClientStream> {
  readonly path: ClientPath;
  readonly address: string;
  readonly forwarding: ForwardingFields;
  readonly host: ClientHost;
  readonly conduct: Conduct;
  readonly #socket: Socket;
  readonly #reads: AcceptedReads | null;
  readonly #output: Http2Output;
  readonly #session: ServerSession<ClientStream>;
  readonly #unsent = new Unsent();
  readonly #term: ConnectionTerm;
  /** LoopTime since which no stream is open. */
  #idleSince: number;
  /** As `unfinished` of the session, and the LoopTime since which it is the same. */
  #unfinished = 0;
  #unfinishedSince: number;
  /** Counted where the connection ends for what the client does, or does not. */
  #failure: RequestFailure = 'Refused';
  /** LoopTime of the GOAWAY that announced the end, and of the one that refuses more; 0: not sent. */
  #announcedAt = 0;
  #closedAt = 0;
  /** LoopTime of the end of our half; 0: it has not ended. What still comes is thrown away. */
  #endedAt = 0;
  #lingered = 0;
  #paused = false;
  #gone = false;

  /** `reads`: what the client sends comes there; null: from `socket`. `received`: what has come already. */
  constructor(socket: Socket, path: ClientPath, host: ClientHost, reads: AcceptedReads | null, received: Buffer | null) {
    const { context, route } = host;
    this.host = host;
    this.path = path;
    this.address = path.source;
    this.forwarding = forwardingOf(path, host, 2);
    this.#socket = socket;
    this.#reads = reads;
    this.#term = new ConnectionTerm(host);
    this.#idleSince = context.time.now();
    this.#unfinishedSince = this.#idleSince;
    this.conduct = new Conduct(this.#idleSince);
    this.#output = new Http2Output(socket, () => this.#room());
    this.#session = new ServerSession(this.#output, this, {
      streams: STREAMS_PER_CONNECTION,
      windowBytes: HTTP2_CONNECTION_WINDOW_BYTES,
      headBytes: route.limits.headerBytes,
      headFields: route.limits.headerCount + PSEUDO_FIELDS,
    });
    this.#listen();
    if (received) this.#received(received);
  }

  /** No stream is open. */
  get idle(): boolean {
    return this.#session.size === 0;
  }

  tickClient(now: number): void {
    const { limits } = this.host.route;
    for (const { user } of this.#session.streams) user?.tickClient(now);
    if (this.#unsent.socketStuckMs(this.#socket, now, this.#output.length) >= limits.writeTimeoutMs) {
      this.#destroy('WriteTimeout');
    } else if (this.#endedAt > 0) {
      if (now - this.#endedAt >= LINGER_MS && this.#output.bytes === 0) this.#socket.destroy();
    } else if (this.#isLate(now)) {
      this.#failure = 'HeadTimeout';
      // No rule is broken by one who is slow, so it is no PROTOCOL_ERROR: it holds what others could have.
      this.#session.fail(new ConnectionError(ErrorCode.EnhanceYourCalm, 'what the client has begun did not come in time'));
    } else if (this.#closedAt === 0) {
      this.#tickOpen(now);
    }
  }

  /** A head, or what else has begun, has taken too long. What we do not read, or can come no more, is not waited for. */
  #isLate(now: number): boolean {
    if (this.#unfinished < 0 || this.#paused || this.#socket.readableEnded) return false;
    return now - this.#unfinishedSince >= this.host.route.limits.headerTimeoutMs;
  }

  #tickOpen(now: number): void {
    if (this.#announcedAt > 0) {
      if (now - this.#announcedAt >= GOAWAY_MS) this.#refuseMore(now);
    } else if (this.#term.over || (this.idle && now - this.#idleSince >= this.host.route.limits.idleTimeoutMs)) {
      this.#announcedAt = now;
      this.#session.announceEnd();
    }
  }

  /** Its GOAWAYs say when it ends, so that what crosses them is served. */
  closeIfIdle(): void {}

  close(): void {
    this.#destroy('GoingDown');
  }

  // What the session and its streams report.

  opened(stream: ServerStream<ClientStream>): ClientStream {
    this.#term.request();
    return new ClientStream(stream, this);
  }

  cut(): void {
    if (!this.conduct.cut(this.#now())) this.#endForConduct();
  }

  control(): void {
    if (!this.conduct.control(this.#now())) this.#endForConduct();
  }

  drainedOfStreams(): void {
    this.#idleSince = this.host.context.time.now();
    if (this.#closedAt > 0) this.#endOutput();
  }

  failed(error: ConnectionError): void {
    if (this.#gone) return;
    this.host.metrics.failure(this.#failure);
    this.host.context.logger.debug('HTTP/2 connection refused', { client: this.address, error: error.message });
    this.#closedAt ||= this.#now();
    this.#endOutput();
  }

  // The socket.

  #listen(): void {
    const socket = this.#socket;
    if (this.#reads) {
      this.#reads.window.share();
      this.#reads.passTo((chunk) => this.#received(chunk));
    } else {
      socket.on('data', (chunk: Buffer) => this.#received(chunk));
    }
    socket.on('end', () => this.#inputOver());
    socket.on('error', () => this.#clientGone());
    socket.on('close', () => this.#clientGone());
  }

  #received(chunk: Buffer): void {
    if (this.#endedAt > 0) {
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    this.#session.receive(chunk);
    this.#watch(this.#session.unfinished);
    if (this.#output.overloaded && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  #watch(unfinished: number): void {
    if (unfinished === this.#unfinished) return;
    this.#unfinished = unfinished;
    if (unfinished >= 0) this.#unfinishedSince = this.host.context.time.now();
  }

  #room(): void {
    this.#session.resume();
    if (!this.#paused || this.#output.overloaded) return;
    this.#paused = false;
    this.#unfinishedSince = this.host.context.time.now();
    this.#socket.resume();
  }

  /** A client that has ended its half gets the answers to what it has sent whole. */
  #inputOver(): void {
    for (const stream of this.#session.streams) if (!stream.remoteEnded) stream.cut();
    this.#refuseMore(this.#now());
  }

  #clientGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#reads?.window.close();
    this.#session.cutAll();
  }

  // Ends.

  #now(): number {
    return Math.max(this.host.context.time.now(), 1);
  }

  #refuseMore(now: number): void {
    if (this.#closedAt > 0) return;
    this.#closedAt = Math.max(now, 1);
    this.#session.refuseMore();
    if (this.idle) this.#endOutput();
  }

  /** Our half ends; for a moment what comes is read on, since a reset for unread bytes could destroy the answers. */
  #endOutput(): void {
    if (this.#endedAt > 0 || this.#gone) return;
    this.#endedAt = this.#now();
    this.#output.end();
    if (this.#paused) this.#socket.resume();
  }

  #endForConduct(): void {
    this.#session.fail(new ConnectionError(ErrorCode.EnhanceYourCalm, 'the client asks for too much work'));
  }

  #destroy(reason: RequestFailure): void {
    for (const { user } of this.#session.streams) user?.close(reason);
    this.#output.flush();
    this.#socket.destroy();
  }
}
