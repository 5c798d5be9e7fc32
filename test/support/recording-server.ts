import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One connection to a RecordingServer that has carried bytes. */
export interface Recording {
  /** All that was received, latin1. */
  received: string;
  readonly socket: Socket;
  /** How the other side ended it, if it has. */
  ended: 'no' | 'end' | 'closed';
}

/**
 * A server that understands nothing: it keeps what it receives and leaves it to the test to say something, or to `react`, which is
 * called whenever bytes have come. Connections without a byte (heartbeats over TCP) leave no trace.
 */
export class RecordingServer {
  readonly recordings: Recording[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(react: (recording: Recording) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accepted(socket, react));
  }

  static async start(react: (recording: Recording) => void = () => {}): Promise<RecordingServer> {
    const server = new RecordingServer(react);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All that was received over all connections. */
  get received(): string {
    return this.recordings.map(({ received }) => received).join('');
  }

  /** Says `text` on the newest connection that has carried bytes. */
  say(text: string): void {
    this.recordings.at(-1)?.socket.write(text, 'latin1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accepted(socket: Socket, react: (recording: Recording) => void): void {
    const recording: Recording = { received: '', socket, ended: 'no' };
    this.#sockets.add(socket);
    socket.on('data', (chunk: Buffer) => {
      if (recording.received === '') this.recordings.push(recording);
      recording.received += chunk.toString('latin1');
      react(recording);
    });
    socket.on('end', () => {
      recording.ended = 'end';
      socket.end();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      recording.ended = 'closed';
      this.#sockets.delete(socket);
    });
  }
}
