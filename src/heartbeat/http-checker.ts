import type { Socket } from 'node:net';
import { ResponseHeadReader } from '../http1/head-reader.ts';
import { type HeadLimits, ProtocolError, type ResponseHead } from '../http1/types.ts';
import type { HttpCheckConfig } from '../model/config.ts';
import { endpointId } from '../model/endpoint.ts';
import { dial } from '../tls/dial.ts';
import { type Checker, type CheckTarget, type Finding, farewell, findingOf } from './checker.ts';

/** Of the heads of a response, interim ones included, no more is read. */
const LIMITS: HeadLimits = { headerBytes: 16_384, uriBytes: 0, headerCount: 128 };
const INTERIM_HEADS = 8;

/**
 * GET over a new connection each time, because that is what tells whether the server still accepts any. Answered: a head with an expected
 * status; the body is not waited for.
 */
export function httpChecker(config: HttpCheckConfig): Checker {
  const fields = fieldLines(config);
  return {
    start(target, done) {
      const exchange = new Exchange(config, done);
      const host = config.host ?? target.tls?.hostname ?? endpointId(target.host, target.port);
      const hostLine = given(config, 'host') ? '' : `Host: ${host}\r\n`;
      return exchange.begin(target, `GET ${config.path} HTTP/1.1\r\n${hostLine}${fields}\r\n`);
    },
  };
}

class Exchange {
  readonly #config: HttpCheckConfig;
  readonly #reader = new ResponseHeadReader(LIMITS);
  #done: ((finding: Finding) => void) | null;
  #interim = 0;
  /** Bytes of the body that are still to come once the head is there; null: unknown. */
  #left: number | null = null;

  constructor(config: HttpCheckConfig, done: (finding: Finding) => void) {
    this.#config = config;
    this.#done = done;
  }

  begin(target: CheckTarget, request: string): () => void {
    const socket = dial(target, target.tls, () => {});
    socket.write(request, 'latin1');
    const read = (chunk: Buffer): void => {
      const finding = this.#read(chunk);
      if (finding === null) return;
      socket.off('data', read);
      if (finding === 'HeartbeatBadResponse') socket.destroy();
      else farewell(socket, this.#left);
      this.#finish(finding);
    };
    socket.on('data', read);
    socket.on('error', (error) => this.#finish(findingOf(error)));
    // It ended the connection without a whole head: as good as a reset where nothing came, no HTTP where something did.
    socket.on('end', () => this.#finish(this.#reader.pending || this.#interim > 0 ? 'HeartbeatBadResponse' : 'HeartbeatRefused'));
    return () => this.#abandon(socket);
  }

  /** What the bytes so far say; null: more is needed. */
  #read(chunk: Buffer): Finding | null {
    try {
      let offset = 0;
      for (;;) {
        const head = this.#reader.feed(chunk, offset);
        if (head === null) return null;
        if (head.status >= 200) return this.#judge(head, chunk.length - this.#reader.end);
        this.#interim += 1;
        if (head.status === 101 || this.#interim > INTERIM_HEADS) return 'HeartbeatBadResponse';
        offset = this.#reader.end;
      }
    } catch (error) {
      if (error instanceof ProtocolError) return 'HeartbeatBadResponse';
      throw error;
    }
  }

  #judge(head: ResponseHead, received: number): Finding {
    if (head.framing.type === 'none') this.#left = 0;
    if (head.framing.type === 'length') this.#left = Math.max(head.framing.length - received, 0);
    const expected = this.#config.expectedStatuses.some(({ start, end }) => start <= head.status && head.status <= end);
    return expected ? 'HeartbeatAnswered' : 'HeartbeatBadStatus';
  }

  #finish(finding: Finding): void {
    const done = this.#done;
    this.#done = null;
    done?.(finding);
  }

  #abandon(socket: Socket): void {
    this.#done = null;
    socket.destroy();
  }
}

function fieldLines(config: HttpCheckConfig): string {
  const lines = config.headers.map(({ name, value }) => `${name}: ${value}\r\n`);
  if (!given(config, 'user-agent')) lines.push('User-Agent: evenkeel-heartbeat\r\n');
  if (!given(config, 'accept')) lines.push('Accept: */*\r\n');
  return `${lines.join('')}Connection: close\r\n`;
}

function given(config: HttpCheckConfig, name: string): boolean {
  return config.headers.some((header) => header.name.toLowerCase() === name);
}
