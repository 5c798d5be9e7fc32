import type { Socket } from 'node:net';
import { clientFraming, errorText, responseText } from '../http1/response-text.ts';
import type { RequestHead, ResponseHead } from '../http1/types.ts';
import { type PayloadSource, writeResponse } from './body-text.ts';

/** Writes the answers on one HTTP/1.1 client connection, one after the other: a head and what there is of its body in one string where it is small. */
export class Http1Responder {
  readonly #socket: Socket;
  #minor: 0 | 1 = 1;
  #headOnly = false;
  #persistent = false;
  /** An upgrade that is not granted ends the connection: what the client may have sent in the hope of it must never be read as a request. */
  #upgradeAsked = false;
  #chunked = false;
  #keepAlive = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What is written from now on answers `request`. */
  start(request: RequestHead): void {
    this.#minor = request.minor;
    this.#headOnly = request.method === 'HEAD';
    this.#persistent = request.keepAlive;
    this.#upgradeAsked = request.upgrade !== null;
    this.#chunked = false;
  }

  /** The answer leaves the connection open, as its head has told the client. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** The client has said that it sends nothing after the request that is being answered. */
  get clientIsDone(): boolean {
    return !this.#persistent;
  }

  interim(head: ResponseHead): void {
    const options = { framing: head.framing, clientMinor: this.#minor, keepAlive: true, extraFields: '' };
    this.#socket.write(responseText(head, options), 'latin1');
  }

  /** As in ExchangeClient; `mayKeepAlive`: the connection could go on after this answer. */
  respond(
    head: ResponseHead,
    extraFields: string,
    payload: readonly Buffer[],
    done: boolean,
    source: PayloadSource,
    mayKeepAlive: boolean,
  ): boolean {
    const framing = clientFraming(head, this.#minor);
    this.#chunked = framing.type === 'chunked';
    this.#keepAlive = mayKeepAlive && this.#persistent && !this.#upgradeAsked && framing.type !== 'close';
    const text = responseText(head, { framing, clientMinor: this.#minor, keepAlive: this.#keepAlive, extraFields });
    return this.#write(text, payload, done, source);
  }

  payload(payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    return this.#write('', payload, done, source);
  }

  refuse(status: number, message: string, extraFields: string, mayKeepAlive: boolean): void {
    this.#keepAlive = mayKeepAlive && this.#persistent && !this.#upgradeAsked;
    const options = { keepAlive: this.#keepAlive, clientMinor: this.#minor, headOnly: this.#headOnly, extraFields };
    this.#socket.write(errorText(status, message, options), 'latin1');
  }

  /** The head of a 101, after which nobody speaks HTTP on this connection. */
  switchProtocols(head: ResponseHead, extraFields: string): void {
    const options = { framing: head.framing, clientMinor: this.#minor, keepAlive: true, extraFields };
    this.#socket.write(responseText(head, options), 'latin1');
  }

  #write(head: string, payload: readonly Buffer[], done: boolean, source: PayloadSource): boolean {
    writeResponse(this.#socket, head, this.#chunked, payload, done, source);
    return !this.#socket.writableNeedDrain;
  }
}
