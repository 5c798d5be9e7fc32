import { type RequestTextOptions, requestText } from '../http1/request-text.ts';
import { ProtocolError, type ResponseHead } from '../http1/types.ts';
import { Attempt, type AttemptTerms } from './attempt.ts';
import { around, type BodyPiece, bytesOf, type PayloadSource, writeCopy, writeUncopied } from './body-text.ts';
import { isOwnError } from './failure.ts';
import { ONE_STRING_BYTES } from './limits.ts';
import type { ConnectionUser, UpstreamConnection } from './upstream-connection.ts';

const NOTHING: readonly Buffer[] = [];

/** An attempt over HTTP/1.1: it has a connection to itself, and leaves it to the next one where it is fit for that. */
export class Http1Attempt extends Attempt implements ConnectionUser {
  readonly #connection: UpstreamConnection;
  readonly #reused: boolean;
  readonly #chunked: boolean;
  #left: boolean;
  #keepAlive = false;
  #received = false;
  #ended = false;

  constructor(terms: AttemptTerms) {
    super(terms);
    const { upstream, request, path } = terms;
    this.#connection = upstream.acquire(this, path);
    this.#reused = this.#connection.reused;
    this.#connection.heads.expect(request.method);
    this.#chunked = request.framing.type === 'chunked';
    this.#left = this.#connection.connected;
    if (this.#left) this.phase = 'Sending';
  }

  /** A byte that has left may have been acted upon. */
  get mayBeDisowned(): boolean {
    return false;
  }

  get requestLeft(): boolean {
    return this.#left;
  }

  get source(): PayloadSource {
    return this.#connection;
  }

  get needsDrain(): boolean {
    return this.#connection.socket.writableNeedDrain;
  }

  begin(options: RequestTextOptions, body: readonly BodyPiece[], done: boolean): void {
    this.#write(requestText(this.request, options), body, done);
  }

  write(body: readonly BodyPiece[], done: boolean): void {
    this.#write('', body, done);
  }

  connected(): void {
    if (this.phase !== 'Connecting') return;
    this.#left = true;
    this.nowConnected();
    this.owner.connected(this);
  }

  drained(): void {
    this.lastStepAt = this.time.now();
    this.owner.drained(this);
  }

  received(chunk: Buffer): void {
    const now = this.time.now();
    this.bytesCame(now);
    this.#received = true;
    try {
      if (this.phase === 'Streaming') this.#bodyBytes(chunk);
      else this.#headBytes(chunk, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(this.phase === 'Streaming' ? 'Cut' : 'BadResponse');
    }
  }

  ended(): void {
    this.#ended = true;
    this.closed(null);
  }

  closed(error: Error | null): void {
    if (this.isOver) return;
    if (this.phase === 'Connecting') {
      this.fail(isOwnError(error) ? 'OutOfResources' : 'ConnectFailed');
    } else if (this.phase !== 'Streaming') {
      this.fail(this.#reused && !this.#received ? 'Stale' : 'Broken');
    } else if (this.#ended && error === null) {
      this.#endBody();
    } else {
      this.fail('Cut');
    }
  }

  protected override drop(): void {
    this.#connection.destroy();
  }

  protected override holdReading(hold: boolean): void {
    if (hold) this.#connection.socket.pause();
    else this.#connection.socket.resume();
  }

  override get hasUnsent(): boolean {
    return this.#connection.socket.writableLength > 0;
  }

  #write(head: string, body: readonly BodyPiece[], done: boolean): void {
    const { socket } = this.#connection;
    const bytes = bytesOf(body);
    const text = around(head, this.#chunked, bytes, done);
    if (bytes <= ONE_STRING_BYTES) writeCopy(socket, text, body, bytes);
    else writeUncopied(socket, text, body);
    if (done) this.sentWhole();
  }

  #headBytes(chunk: Buffer, now: number): void {
    const { heads, body } = this.#connection;
    let offset = 0;
    while (offset < chunk.length) {
      const head = heads.feed(chunk, offset);
      if (head === null) return;
      offset = heads.end;
      if (head.status === 101) {
        this.#switch(head, chunk.subarray(offset), now);
        return;
      }
      if (head.status >= 200) {
        this.finalCame(now);
        this.#keepAlive = head.keepAlive;
        body.start(head.framing);
        this.#firstBytes(head, chunk, offset);
        return;
      }
      this.interimCame(head);
      if (this.isOver) return;
    }
  }

  #firstBytes(head: ResponseHead, chunk: Buffer, offset: number): void {
    const payload: Buffer[] = [];
    const done = this.#feed(chunk, offset, payload);
    // Before the answer is passed on, so that a pipelined request behind this one finds the connection free.
    if (done) this.#leaveConnection();
    this.owner.respond(this, head, payload, done);
    if (!this.isOver) this.#connection.reads.stream();
  }

  #bodyBytes(chunk: Buffer): void {
    const payload: Buffer[] = [];
    const done = this.#feed(chunk, 0, payload);
    if (done || payload.length > 0) this.owner.payload(this, payload, done);
    if (done) this.#leaveConnection();
  }

  /** True when the body is whole, and the attempt with it. */
  #feed(chunk: Buffer, offset: number, payload: Buffer[]): boolean {
    const { body } = this.#connection;
    // Bytes after the body answer nothing that was asked: the connection is not to be trusted any more.
    if (body.feed(chunk, offset, payload) < chunk.length) this.#keepAlive = false;
    if (!body.done) return false;
    this.completed();
    return true;
  }

  #endBody(): void {
    try {
      this.#connection.body.finish();
    } catch {
      this.fail('Cut');
      return;
    }
    this.completed();
    this.owner.payload(this, NOTHING, true);
    this.#connection.destroy();
  }

  #switch(head: ResponseHead, rest: Buffer, now: number): void {
    if (this.request.upgrade === null || head.upgrade === null) {
      throw new ProtocolError(502, 'UnaskedSwitch', 'the server switches to a protocol that nobody asked for');
    }
    this.finalCame(now);
    this.completed();
    this.owner.switched(this, head, this.#connection, rest);
  }

  /** For the next attempt, where it is fit for one: a request that was not sent whole leaves it in nobody knows what state. */
  #leaveConnection(): void {
    if (this.#keepAlive && this.sent && !this.#ended) this.#connection.release(this.lastStepAt);
    else this.#connection.destroy();
  }
}
