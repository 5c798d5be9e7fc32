import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

/** A client that says exactly what a test says, and keeps all that it hears; latin1. */
export class RawClient {
  heard = '';
  /** How the server ended the connection: not yet, its half politely, or by a reset. */
  ended: 'no' | 'end' | 'reset' = 'no';
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
    });
    socket.on('end', () => {
      if (this.ended === 'no') this.ended = 'end';
    });
    socket.on('error', () => {
      this.ended = 'reset';
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  say(text: string | Buffer): this {
    if (typeof text === 'string') this.socket.write(text, 'latin1');
    else this.socket.write(text);
    return this;
  }

  /** Waits until what was heard matches, and returns the match. */
  async hear(what: RegExp | string): Promise<string> {
    const matches = () => (typeof what === 'string' ? (this.heard.includes(what) ? what : null) : (what.exec(this.heard)?.[0] ?? null));
    await until(() => matches() !== null || this.ended !== 'no', `the client hears ${what}`);
    const match = matches();
    if (match === null)
      throw new Error(`the connection ended (${this.ended}) before ${what}; heard: ${JSON.stringify(this.heard.slice(0, 500))}`);
    return match;
  }

  /** Waits for the end of the connection and returns all that was heard. */
  async all(): Promise<string> {
    await until(() => this.ended !== 'no', 'the connection ends');
    return this.heard;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own; the whole answer, head and body. */
export async function ask(port: number, request: string): Promise<string> {
  using client = await RawClient.connect(port);
  return await client.say(request).all();
}

export const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
export const GET_AND_CLOSE = 'GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n';
/** A POST with the body `x=1`. */
export const POST = 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nx=1';
