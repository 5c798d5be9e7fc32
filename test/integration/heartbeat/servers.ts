import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server on a free port of 127.0.0.1 that does `serve` with each connection and records what it received. */
export class RawServer {
  readonly connections: Socket[] = [];
  /** All bytes of each connection, in the order of connecting; latin1. */
  readonly received: string[] = [];
  /** Code of a connection's error (`ECONNRESET`: it was not ended politely), by connection. */
  readonly errors: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(serve: (socket: Socket, received: () => string) => void): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: false });
    const raw = new RawServer(server);
    server.on('connection', (socket) => {
      const index = raw.connections.push(socket) - 1;
      raw.received[index] = '';
      socket.on('error', (error: NodeJS.ErrnoException) => raw.errors.push(error.code ?? error.message));
      socket.on('data', (chunk) => {
        raw.received[index] += chunk.toString('latin1');
      });
      serve(socket, () => raw.received[index] ?? '');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return raw;
  }

  /** A port on which nobody listens (any more). */
  static async closedPort(): Promise<number> {
    const raw = await RawServer.start(() => {});
    const { port } = raw;
    await raw.close();
    return port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves once every connection so far has ended. */
  async quiet(): Promise<void> {
    await Promise.all(this.connections.filter((socket) => !socket.closed).map((socket) => once(socket, 'close')));
  }

  async close(): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Calls `then` once a whole request head has been received. */
export function onRequest(socket: Socket, received: () => string, then: () => void): void {
  const look = (): void => {
    if (!received().includes('\r\n\r\n')) return;
    socket.off('data', look);
    then();
  };
  socket.on('data', look);
}
