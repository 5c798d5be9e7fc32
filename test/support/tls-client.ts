import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { until } from './until.ts';

/** A client over TLS that keeps all that it hears; latin1. */
export class TlsClient {
  heard = '';
  /** How the connection ended. `cut`: by a reset, so without a close_notify. */
  ended: 'no' | 'end' | 'cut' = 'no';
  readonly socket: TLSSocket;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
    });
    socket.on('end', () => {
      if (this.ended === 'no') this.ended = 'end';
    });
    socket.on('error', () => {
      this.ended = 'cut';
    });
    socket.on('close', () => {
      if (this.ended === 'no') this.ended = 'cut';
    });
  }

  /** Certificates are not verified unless `options` ask for it. Rejects where the handshake fails. */
  static async connect(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'localhost', ...options });
    await once(socket, 'secureConnect');
    return new TlsClient(socket);
  }

  /** Names of the certificate that it was shown. */
  get shown(): string {
    return this.socket.getPeerX509Certificate()?.subjectAltName ?? '';
  }

  say(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  async hear(what: string): Promise<string> {
    await until(() => this.heard.includes(what) || this.ended !== 'no', `the client hears ${what}`);
    if (!this.heard.includes(what))
      throw new Error(`ended (${this.ended}) before ${what}; heard: ${JSON.stringify(this.heard.slice(0, 500))}`);
    return this.heard;
  }

  async end(): Promise<TlsClient['ended']> {
    await until(() => this.ended !== 'no', 'the connection ends');
    return this.ended;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
