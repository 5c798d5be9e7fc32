import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { GrpcCheckConfig } from '../model/config.ts';
import { endpointId } from '../model/endpoint.ts';
import { dial } from '../tls/dial.ts';
import { type Checker, FAREWELL_MS, type Finding, findingOf } from './checker.ts';
import { healthRequest, PREFIX_BYTES, saysServing } from './grpc-health.ts';

/** Of a response no more is read: a message with a status has two bytes. */
const BODY_BYTES = PREFIX_BYTES + 64;
const OK = '0';

/**
 * `grpc.health.v1.Health/Check` over a new connection each time, because that is what tells whether the server still accepts any. Answered: status
 * OK and SERVING. Over TLS by ALPN, else by prior knowledge.
 */
export function grpcChecker(config: GrpcCheckConfig): Checker {
  const request = healthRequest(config.service);
  return {
    start(target, done) {
      const authority = `${target.tls ? 'https' : 'http'}://${endpointId(target.host, target.port)}`;
      return new Check(done).begin(
        authority,
        dial(target, target.tls, () => {}),
        request,
      );
    },
  };
}

class Check {
  #done: ((finding: Finding) => void) | null;
  #socket: Socket | null = null;
  #session: ClientHttp2Session | null = null;
  readonly #body: Buffer[] = [];
  #bytes = 0;
  /** `grpc-status`, of the head where there is nothing else, or of the trailers; null: none came. */
  #status: string | null = null;
  /** It speaks HTTP/2. */
  #received = false;

  constructor(done: (finding: Finding) => void) {
    this.#done = done;
  }

  begin(authority: string, socket: Socket, request: Buffer): () => void {
    this.#socket = socket;
    const http2 = process.getBuiltinModule('node:http2');
    const session = http2.connect(authority, { createConnection: () => socket, settings: { enablePush: false } });
    this.#session = session;
    const failed = (error: NodeJS.ErrnoException) => {
      this.#finish(error.code?.startsWith('ERR_HTTP2') ? 'HeartbeatBadResponse' : findingOf(error));
    };
    // The session says what is wrong with the bytes, the socket what is wrong with the connection.
    session.on('error', failed);
    session.on('remoteSettings', () => {
      this.#received = true;
    });
    socket.on('error', failed);
    // It ended the connection without an answer: as good as a reset where nothing came, no gRPC where something did.
    session.on('close', () => this.#finish(this.#received ? 'HeartbeatBadResponse' : 'HeartbeatRefused'));
    this.#ask(session, request);
    return () => this.#abandon();
  }

  #ask(session: ClientHttp2Session, request: Buffer): void {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'evenkeel-heartbeat',
    });
    stream.on('error', () => {});
    stream.on('response', (headers) => this.#headers(headers));
    stream.on('trailers', (headers) => this.#headers(headers));
    stream.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > BODY_BYTES) this.#finish('HeartbeatBadResponse');
      else this.#body.push(chunk);
    });
    stream.on('close', () => this.#closed(stream));
    stream.end(request);
  }

  #headers(headers: IncomingHttpHeaders): void {
    const status = headers['grpc-status'];
    if (typeof status === 'string') this.#status = status;
  }

  #closed(stream: ClientHttp2Stream): void {
    // Where the connection has failed, that says more than the end of its stream.
    if (!this.#received || (this.#status === null && stream.rstCode === 0 && this.#bytes === 0)) return;
    if (this.#status === null) this.#finish('HeartbeatBadResponse');
    else if (this.#status !== OK) this.#finish('HeartbeatBadStatus');
    else this.#judge(saysServing(Buffer.concat(this.#body)));
  }

  #judge(serving: boolean | null): void {
    if (serving === null) this.#finish('HeartbeatBadResponse');
    else this.#finish(serving ? 'HeartbeatAnswered' : 'HeartbeatBadStatus');
  }

  #finish(finding: Finding): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    if (finding === 'HeartbeatAnswered' || finding === 'HeartbeatBadStatus') {
      this.#session?.close();
      this.#socket?.setTimeout(FAREWELL_MS, () => this.#socket?.destroy());
    } else {
      this.#session?.destroy();
      this.#socket?.destroy();
    }
    done(finding);
  }

  #abandon(): void {
    this.#done = null;
    this.#session?.destroy();
    this.#socket?.destroy();
  }
}
