import { createServer, type Server, type Socket } from 'node:net';
import { RequestHeadReader } from '../http1/head-reader.ts';
import { errorText } from '../http1/response-text.ts';
import { DEFAULT_HEAD_LIMITS, ProtocolError, type RequestHead } from '../http1/types.ts';

/** What the admin port shows. Read-only: nothing that a request says changes anything. */
export interface AdminView {
  /** Null: in service. Else why not. */
  notReady(): string | null;
  metrics(): string;
}

const CONNECTIONS = 128;
const IDLE_MS = 30_000;
const TEXT = 'text/plain; charset=utf-8';
const METRICS = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * `/healthz` (the process lives), `/readyz` (it is in service) and `/metrics`, for the kubelet and Prometheus. On the project's own codec:
 * node:http would add 17 MB to a process that is to stay under 75.
 */
export class AdminServer {
  readonly #view: AdminView;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(view: AdminView) {
    this.#view = view;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accepted(socket));
    this.#server.maxConnections = CONNECTIONS;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accepted(socket: Socket): void {
    const heads = new RequestHeadReader(DEFAULT_HEAD_LIMITS);
    this.#sockets.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      try {
        const head = heads.feed(chunk);
        if (head) this.#answer(socket, head, heads.end < chunk.length);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        socket.end(errorText(error.status, error.message), 'latin1');
      }
    });
  }

  #answer(socket: Socket, head: RequestHead, more: boolean): void {
    const { status, type, body } = this.#page(head);
    // Nobody sends a body, or a second request before the first is answered: whoever does gets this answer and no other.
    const close = more || !head.keepAlive || head.framing.type !== 'none';
    const length = Buffer.byteLength(body);
    const text =
      `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Error'}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n` +
      `Cache-Control: no-store\r\n${close ? 'Connection: close\r\n' : ''}\r\n${head.method === 'HEAD' ? '' : body}`;
    if (close) socket.end(text);
    else socket.write(text);
  }

  #page(head: RequestHead): { status: number; type: string; body: string } {
    if (head.method !== 'GET' && head.method !== 'HEAD') return { status: 405, type: TEXT, body: 'only GET and HEAD\n' };
    switch (head.target.split('?')[0]) {
      case '/healthz':
        return { status: 200, type: TEXT, body: 'ok\n' };
      case '/readyz': {
        const reason = this.#view.notReady();
        return reason === null ? { status: 200, type: TEXT, body: 'ok\n' } : { status: 503, type: TEXT, body: `${reason}\n` };
      }
      case '/metrics':
        return { status: 200, type: METRICS, body: this.#view.metrics() };
      default:
        return { status: 404, type: TEXT, body: 'there are /healthz, /readyz and /metrics\n' };
    }
  }
}
