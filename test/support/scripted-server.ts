import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';
import { reset } from '../../src/proxy/reset.ts';

/** A request as a server received it. */
export interface Received {
  readonly method: string;
  readonly target: string;
  /** Request line and field lines. */
  readonly head: string;
  readonly body: string;
}

/** The server's end of the connection that a request came on. */
export interface Reply {
  readonly socket: Socket;
  /** How many requests this connection has carried, this one included. */
  readonly nth: number;
  /** A whole response with a length; `fields`: more lines, each ending in CRLF. */
  send(body: string, status?: number, fields?: string): void;
  /** Bytes as they are. */
  raw(text: string): void;
  reset(): void;
}

export type Script = (request: Received, reply: Reply) => void;

/** Answers with its name. */
export function named(name: string): Script {
  return (_request, reply) => reply.send(name);
}

/**
 * A server on a free port of 127.0.0.1 that does what its script says with each request and records all it received. Heartbeats
 * (`GET /healthz`) are answered beside the script, unless `silent`.
 */
export class ScriptedServer {
  /** Requests, in the order in which they were whole, without heartbeats. */
  readonly requests: Received[] = [];
  /** All bytes of each connection that carried something else than heartbeats, latin1. */
  readonly bytes: string[] = [];
  script: Script;
  /** As if it were frozen: it accepts, and answers nothing, heartbeats included. */
  silent = false;
  /** Heartbeats that came, answered or not. */
  heartbeats = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Host that each connection asked for (SNI), where TLS is spoken. */
  readonly askedFor: string[] = [];

  private constructor(script: Script, tls: TlsOptions | null) {
    this.script = script;
    const secured = (socket: TLSSocket) => {
      this.askedFor.push(String(socket.servername));
      this.#accepted(socket);
    };
    const engine = tls && createTlsServer(tls, secured);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (!engine) {
        this.#accepted(socket);
        return;
      }
      socket.allowHalfOpen = false;
      socket.on('error', () => {});
      engine.emit('connection', socket);
    });
  }

  /** `tls`: it speaks that, and nothing else. */
  static async start(script: Script, port = 0, tls: TlsOptions | null = null): Promise<ScriptedServer> {
    const server = new ScriptedServer(script, tls);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Frees the port and resets every connection, as the death of its process would. */
  async kill(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) cut(socket);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill();
  }

  #accepted(socket: Socket): void {
    let text = '';
    let nth = 0;
    let index = -1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.startsWith('GET /healthz ') && index < 0) index = this.bytes.push('') - 1;
      if (index >= 0) this.bytes[index] += chunk.toString('latin1');
      for (let whole = take(text); whole; whole = take(text)) {
        text = text.slice(whole.size);
        nth++;
        this.#serve(whole.request, {
          socket,
          nth,
          send: sender(socket),
          raw: (bytes) => socket.write(bytes, 'latin1'),
          reset: () => cut(socket),
        });
      }
    });
  }

  #serve(request: Received, reply: Reply): void {
    if (request.target === '/healthz') {
      this.heartbeats += 1;
      if (!this.silent) reply.send('ok');
      return;
    }
    this.requests.push(request);
    if (!this.silent) this.script(request, reply);
  }
}

function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else reset(socket);
}

function sender(socket: Socket): Reply['send'] {
  return (body, status = 200, fields = '') => {
    socket.write(`HTTP/1.1 ${status} Said\r\n${fields}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`, 'latin1');
  };
}

/** The first whole request of `text`. A reader of its own, so that tests do not ask the codec under test. */
function take(text: string): { request: Received; size: number } | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = text.slice(0, end + 2);
  const [method = '', target = ''] = head.split(' ');
  const length = Number(/^content-length: (\d+)\r\n/im.exec(head)?.[1] ?? 0);
  const rest = text.slice(end + 4);
  if (/^transfer-encoding: chunked\r\n/im.test(head)) {
    const chunks = /^(?:[1-9a-f][0-9a-f]*\r\n[\s\S]*?\r\n)*?0\r\n\r\n/i.exec(rest);
    return chunks && { request: { method, target, head, body: chunks[0] }, size: end + 4 + chunks[0].length };
  }
  if (rest.length < length) return null;
  return { request: { method, target, head, body: rest.slice(0, length) }, size: end + 4 + length };
}
