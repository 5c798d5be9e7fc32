import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';

export interface Http2Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  readonly trailers: Record<string, string | string[] | undefined>;
  readonly interims: readonly number[];
  /** RST_STREAM's code; 0: it ended as it should. */
  readonly resetCode: number;
}

/** A client of HTTP/2 by prior knowledge. Use with `using`. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  /** Code of the GOAWAY that came; null: none. */
  goaway: number | null = null;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('goaway', (code) => {
      this.goaway = code;
    });
    session.on('error', () => {});
  }

  static async connect(port: number): Promise<Http2Client> {
    return await Http2Client.#connected(connect(`http://127.0.0.1:${port}`));
  }

  /** Over TLS, by ALPN; certificates are not verified. */
  static async connectSecurely(port: number): Promise<Http2Client> {
    return await Http2Client.#connected(connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername: 'localhost' }));
  }

  static async #connected(session: ClientHttp2Session): Promise<Http2Client> {
    await once(session, 'connect');
    return new Http2Client(session);
  }

  request(headers: OutgoingHttpHeaders = {}, endStream = true): ClientHttp2Stream {
    const stream = this.session.request({ ':authority': 'shop', ...headers }, { endStream });
    stream.on('error', () => {});
    return stream;
  }

  async ask(headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Http2Answer> {
    const stream = this.request(headers, body === undefined);
    if (body !== undefined) stream.end(body);
    return await answerOf(stream);
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

/** Waits for the end of `stream`, however it ends. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: Record<string, string | string[] | undefined> = {};
  let trailers: Record<string, string | string[] | undefined> = {};
  const interims: number[] = [];
  const chunks: Buffer[] = [];
  stream.on('headers', (each) => interims.push(Number(each[':status'])));
  stream.on('response', (each) => {
    headers = each;
  });
  stream.on('trailers', (each) => {
    trailers = { ...each };
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!stream.closed || !stream.destroyed) await new Promise((resolve) => stream.once('close', resolve));
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    body: Buffer.concat(chunks).toString('latin1'),
    trailers,
    interims,
    resetCode: stream.rstCode ?? 0,
  };
}
