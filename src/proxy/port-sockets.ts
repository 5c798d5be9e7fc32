import { createServer, type Server, type Socket } from 'node:net';

const BACKLOG = 4_096;
const KEEP_ALIVE_PROBE_MS = 30_000;
/**
 * Node takes one new connection for each listening socket and turn of its event loop. With one socket a turn that serves hundreds of
 * requests lets hundreds of new connections wait; with several, among which the system spreads what comes (SO_REUSEPORT), as many are taken at once.
 */
const SOCKETS = 16;

/** The sockets that listen on one port. */
export class PortSockets {
  readonly #onConnection: (socket: Socket) => void;
  readonly #onError: (error: Error) => void;
  #servers: Server[] = [];
  #closed = false;

  /** `onError`: of a socket that listens already. */
  constructor(onConnection: (socket: Socket) => void, onError: (error: Error) => void) {
    this.#onConnection = onConnection;
    this.#onError = onError;
  }

  /** The port that they are bound to; 0 before they are. */
  get port(): number {
    const address = this.#servers[0]?.address() ?? null;
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** `port` 0: any free one. Rejects with the system's error where the address cannot be listened on. */
  async listen(host: string, port: number): Promise<void> {
    // The first does not share its port, so that one that is in use is found out, whoever uses it.
    await this.#open(host, port, false);
    if (process.platform !== 'linux') return;
    const bound = this.port;
    await closed(this.#servers.pop());
    for (let each = 0; each < SOCKETS && !this.#closed; each++) await this.#open(host, bound, true);
  }

  /** Takes no more connections. */
  close(): void {
    this.#closed = true;
    for (const server of this.#servers) server.close();
  }

  async #open(host: string, port: number, reusePort: boolean): Promise<void> {
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
      this.#onConnection,
    );
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG, reusePort }, () => {
        server.off('error', reject);
        server.on('error', this.#onError);
        resolve();
      });
    });
  }
}

async function closed(server: Server | undefined): Promise<void> {
  await new Promise((resolve) => server?.close(resolve));
}
