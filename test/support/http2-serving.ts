import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ProxyHeader, readProxyHeader } from '../../src/preamble/proxy-header.ts';

export interface Http2ServingOptions {
  readonly settings?: Settings;
  /** It speaks that, and nothing else; HTTP/1.1 too where that is allowed. */
  readonly tls?: SecureServerOptions;
  /** Each connection begins with a PROXY header. */
  readonly proxied?: boolean;
}

export type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: string) => void;

/** A server of HTTP/2 on a free port of 127.0.0.1 that hands each request to its handler, whole, and records all of them. */
export class Http2Serving implements AsyncDisposable {
  readonly requests: { headers: IncomingHttpHeaders; body: string; trailers: IncomingHttpHeaders }[] = [];
  readonly sessions = new Set<ServerHttp2Session>();
  /** Sessions that have carried a request, ever; heartbeats over TCP open others. */
  readonly used = new Set<unknown>();
  readonly server: Http2Server;
  /** Host that each connection asked for (SNI), where TLS is spoken. */
  readonly askedFor: string[] = [];
  /** PROXY headers that connections began with, where those are taken off. */
  readonly told: ProxyHeader[] = [];
  readonly #listener: Server;

  private constructor(handle: Handler, options: Http2ServingOptions) {
    this.server = options.tls ? createSecureServer(options.tls) : createServer({ settings: options.settings ?? {} });
    this.server.on('secureConnection', (socket: TLSSocket) => this.askedFor.push(String(socket.servername)));
    this.#listener = options.proxied ? createNetServer((socket) => this.#greet(socket)) : this.server;
    this.server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, headers) => {
      if (stream.session) this.used.add(stream.session);
      stream.on('error', () => {});
      const chunks: Buffer[] = [];
      let trailers: IncomingHttpHeaders = {};
      stream.on('trailers', (fields) => {
        trailers = { ...fields };
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        this.requests.push({ headers, body, trailers });
        if (!stream.destroyed) handle(stream, headers, body);
      });
    });
  }

  static async start(handle: Handler, options: Http2ServingOptions = {}): Promise<Http2Serving> {
    const serving = new Http2Serving(handle, options);
    serving.#listener.listen(0, '127.0.0.1');
    await once(serving.#listener, 'listening');
    return serving;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    for (const session of this.sessions) session.destroy();
    await closed;
  }

  #greet(socket: Socket): void {
    socket.once('data', (bytes: Buffer) => {
      const header = readProxyHeader(bytes);
      if (header === null) throw new Error('the PROXY header came in pieces');
      this.told.push(header);
      socket.pause();
      socket.unshift(bytes.subarray(header.size));
      this.server.emit('connection', socket);
    });
  }
}

/** Answers with `text`. */
export const say =
  (text: string): Handler =>
  (stream) => {
    stream.respond({ ':status': 200, 'content-length': text.length });
    stream.end(text);
  };
