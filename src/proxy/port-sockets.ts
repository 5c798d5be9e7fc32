import { createServer, type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { AcceptedReads } from './accepted-reads.ts';

const BACKLOG = 4_096;
const KEEP_ALIVE_PROBE_MS = 30_000;
/**
 * Node takes one new connection for each listening socket and turn of its event loop. With one socket a turn that serves hundreds of
 * requests lets hundreds of new connections wait; with several, among which the system spreads what comes (SO_REUSEPORT), as many are taken at once.
 */
const SOCKETS = 16;

export interface PortSocketsOptions {
  /** `reads`: what is read of `socket` comes there; null: `socket` is an ordinary stream. */
  readonly onConnection: (socket: Socket, reads: AcceptedReads | null) => void;
  /** Of a socket that listens already. */
  readonly onError: (error: Error) => void;
  /** Whether the next connection is to be read without a stream. */
  readonly direct: () => boolean;
}

/** A handle of Node's, of a socket that listens. What `net.Server` has put there makes a stream of a connection. */
interface ListeningHandle {
  onconnection?: (this: ListeningHandle, error: number, connection: object) => void;
  setNoDelay?: (on: boolean) => number;
  setKeepAlive?: (on: boolean, seconds: number) => number;
}

/** The sockets that listen on one port. */
export class PortSockets {
  readonly #options: PortSocketsOptions;
  #servers: Server[] = [];
  #closed = false;

  constructor(options: PortSocketsOptions) {
    this.#options = options;
  }

  /** The port that they are bound to; 0 before they are. */
  get port(): number {
    const address = this.#servers[0]?.address() ?? null;
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /**
   * `port` 0: any free one. Rejects with the system's error where the address cannot be listened on. `shared`: with other processes, one of
   * which has seen to it that nobody else has the port.
   */
  async listen(host: string, port: number, shared = false): Promise<void> {
    let bound = port;
    if (!shared) {
      // The first does not share its port, so that one that is in use is found out, whoever uses it.
      await this.#open(host, port, false);
      if (process.platform !== 'linux') return;
      bound = this.port;
      await closed(this.#servers.pop());
    }
    for (let each = 0; each < SOCKETS && !this.#closed; each++) await this.#open(host, bound, true);
  }

  /** Takes no more connections. */
  close(): void {
    this.#closed = true;
    for (const server of this.#servers) server.close();
  }

  async #open(host: string, port: number, reusePort: boolean): Promise<void> {
    const { onConnection, onError } = this.#options;
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
      (socket) => onConnection(socket, null),
    );
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG, reusePort }, () => {
        server.off('error', reject);
        server.on('error', onError);
        resolve();
      });
    });
    this.#readDirectly(server);
  }

  /**
   * A connection that we make (`net.connect`) may read into buffers of ours (`onread`); for one that is accepted Node has no such option,
   * and each read of it costs a buffer of 64 KiB and the collection of that. So we make the socket of such a connection ourselves, with
   * the constructor that has the option. On a Node whose server does not let us, connections stay ordinary streams.
   */
  #readDirectly(server: Server): void {
    const { onConnection, direct } = this.#options;
    const { _handle: listening } = server as { readonly _handle?: ListeningHandle | null };
    const ordinary = listening?.onconnection;
    if (process.platform !== 'linux' || !listening || ordinary === undefined) return;
    // Linux gives them on to what is accepted: five system calls less for each connection.
    listening.setNoDelay?.(true);
    listening.setKeepAlive?.(true, KEEP_ALIVE_PROBE_MS / 1000);
    listening.onconnection = function (error, connection) {
      if (error !== 0 || !direct()) ordinary.call(this, error, connection);
      else {
        const reads = new AcceptedReads();
        onConnection(socketOf(connection, reads), reads);
      }
    };
  }
}

/** Node's own servers give the constructor the handle in the same way; its documents tell of `onread` only. */
function socketOf(handle: object, onread: OnReadOpts): Socket {
  return new Socket({ handle, onread, allowHalfOpen: true } as SocketConstructorOpts);
}

async function closed(server: Server | undefined): Promise<void> {
  await new Promise((resolve) => server?.close(resolve));
}
