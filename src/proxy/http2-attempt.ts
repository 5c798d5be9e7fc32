import type { ClientHttp2Stream } from 'node:http2';
import type { RequestTextOptions } from '../http1/request-text.ts';
import { DEFAULT_HEAD_LIMITS, ProtocolError, type ResponseHead } from '../http1/types.ts';
import { END_STREAM, ErrorCode } from '../http2/codes.ts';
import type { FieldList } from '../http2/field-list.ts';
import { requestFields } from '../http2/request-fields.ts';
import { trailerFields } from '../http2/response-fields.ts';
import { responseHead, trailerLines } from '../http2/response-head.ts';
import { Attempt, type AttemptTerms } from './attempt.ts';
import { type BodyPiece, bodyPieces, type PayloadSource } from './body-text.ts';
import { isOwnError } from './failure.ts';
import { BufferLoan } from './read-buffers.ts';
import type { ConnectionUser } from './upstream-connection.ts';
import type { UpstreamSession } from './upstream-session.ts';

const NOTHING: readonly Buffer[] = [];
/** What is read belongs to whoever gets it, so there is nothing to give back. */
const NO_LOAN = new BufferLoan(Buffer.alloc(0));
/** As in ClientStream: `close` would end the request first, and a server could take what it has of it for the whole. */
const GIVEN_UP = new Error('the attempt is given up');

/** An attempt over HTTP/2: one stream of a connection that it shares with others. */
export class Http2Attempt extends Attempt implements ConnectionUser, PayloadSource {
  trailers = '';
  readonly #session: UpstreamSession;
  readonly #reused: boolean;
  #stream: ClientHttp2Stream | null = null;
  #left: boolean;
  #received = false;
  /** Bytes of the response's body that are still to come; -1: any number. */
  #bodyLeft = -1;
  #ended = false;
  /** The server has said that its response ends here. */
  #endStream = false;

  constructor(terms: AttemptTerms) {
    super(terms);
    this.#session = terms.upstream.session(terms.path, this.lastStepAt);
    this.#reused = this.#session.reused;
    this.#left = this.#session.connected;
    if (this.#left) this.phase = 'Sending';
  }

  get mayBeDisowned(): boolean {
    return true;
  }

  get requestLeft(): boolean {
    return this.#left;
  }

  get source(): PayloadSource {
    return this;
  }

  get needsDrain(): boolean {
    return this.#stream?.writableNeedDrain ?? false;
  }

  begin(options: RequestTextOptions, body: readonly BodyPiece[], done: boolean): void {
    const trailers = this.owner.trailers !== '';
    const ends = done && body.length === 0 && !trailers;
    // Of a body without a length the trailers are yet to come, if any: without them its end costs an empty frame. Calls of gRPC have none.
    const waits = trailers || (!done && this.request.framing.type === 'chunked' && !this.owner.streams);
    try {
      this.#stream = this.#session.request(this, requestFields(this.request, this.#session.scheme, options), ends, waits);
    } catch {
      // The session has ended since it was chosen.
      this.#left = false;
      this.fail('Stale');
      return;
    }
    this.#listen(this.#stream);
    if (ends) this.sentWhole();
    else if (body.length > 0 || done) this.write(body, done);
  }

  write(body: readonly BodyPiece[], done: boolean): void {
    const stream = this.#stream;
    if (stream === null || stream.destroyed || stream.writableEnded) return;
    const pieces = bodyPieces(body);
    const last = done ? pieces.length - 1 : -1;
    for (const [index, piece] of pieces.entries()) {
      if (index === last) stream.end(piece, 'latin1');
      else stream.write(piece, 'latin1');
    }
    if (!done) return;
    if (pieces.length === 0) stream.end();
    this.sentWhole();
  }

  // What the session reports.

  connected(): void {
    if (this.phase !== 'Connecting') return;
    this.#left = true;
    this.nowConnected();
    this.owner.connected(this);
  }

  /** Streams hear their own. */
  received(): void {}

  drained(): void {
    this.lastStepAt = this.time.now();
    this.owner.drained(this);
  }

  ended(): void {}

  closed(error: Error | null): void {
    if (this.isOver) return;
    if (this.#session.connected && this.#stream !== null && this.#session.refused(this.#stream)) this.#notProcessed();
    else if (this.phase === 'Connecting') this.fail(isOwnError(error) ? 'OutOfResources' : 'ConnectFailed');
    else if (this.phase === 'Streaming') this.fail('Cut');
    else this.fail(this.#reused && !this.#received ? 'Stale' : 'Broken');
  }

  // Its chunks are nobody else's.

  lend(): BufferLoan {
    return NO_LOAN;
  }

  lent(): void {}

  protected override drop(): void {
    this.#session.leave(this, this.time.now());
    this.#stream?.destroy(GIVEN_UP);
  }

  protected override holdReading(hold: boolean): void {
    if (hold) this.#stream?.pause();
    else this.#stream?.resume();
  }

  override get hasUnsent(): boolean {
    return (this.#stream?.writableLength ?? 0) > 0;
  }

  // What the stream reports.

  #listen(stream: ClientHttp2Stream): void {
    this.#watchEnd(stream);
    stream.on('headers', (_headers, _flags, list: string[]) => this.#checked(() => this.#interim(list)));
    stream.on('response', (_headers, flags, list) => {
      this.#checked(() => this.#response(list as string[], (flags & END_STREAM) !== 0));
    });
    stream.on('trailers', (_headers, _flags, list: string[]) => this.#checked(() => this.#trailers(list)));
    stream.on('wantTrailers', () => stream.sendTrailers(byName(trailerFields(this.owner.trailers) ?? [])));
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('end', () => this.#end());
    stream.on('drain', () => this.drained());
    stream.on('error', () => {});
    stream.on('close', () => this.#closedBy(stream));
  }

  /**
   * The readable side ends the same way for END_STREAM and for a reset with NO_ERROR, which says nothing of the response being whole. Only the
   * order tells: what ends a stream by its frame does so before the stream is closed, a reset after.
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push;
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null && !stream.closed) this.#endStream = true;
      return push.call(stream, chunk, encoding);
    };
  }

  #checked(read: () => void): void {
    if (this.isOver) return;
    this.bytesCame(this.time.now());
    this.#received = true;
    try {
      read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(this.phase === 'Streaming' ? 'Cut' : 'BadResponse');
    }
  }

  #interim(list: readonly string[]): void {
    this.interimCame(responseHead(list, DEFAULT_HEAD_LIMITS, this.request.method));
  }

  #response(list: readonly string[], ends: boolean): void {
    const head: ResponseHead = responseHead(list, DEFAULT_HEAD_LIMITS, this.request.method);
    const { framing } = head;
    if (framing.type === 'length') this.#bodyLeft = framing.length;
    const done = ends || framing.type === 'none';
    if (ends && this.#bodyLeft > 0) throw new ProtocolError(502, 'BodyCut', 'the response ends before the length that it gives');
    this.finalCame(this.lastStepAt);
    if (done) this.#complete();
    this.owner.respond(this, head, NOTHING, done);
  }

  #trailers(list: readonly string[]): void {
    this.trailers = trailerLines(list);
    this.#ended = true;
  }

  #data(chunk: Buffer): void {
    if (this.isOver) return;
    this.bytesCame(this.time.now());
    if (this.#bodyLeft >= 0) {
      this.#bodyLeft -= chunk.length;
      if (this.#bodyLeft < 0) {
        this.fail('Cut');
        return;
      }
    }
    this.owner.payload(this, [chunk], false);
  }

  /** The end of the readable side comes when a stream is cut, too. */
  #end(): void {
    const stream = this.#stream;
    if (this.isOver || stream === null || this.phase !== 'Streaming') return;
    const whole = this.#bodyLeft === 0 || (this.#bodyLeft < 0 && this.#endStream);
    if (!this.#ended && (stream.aborted || stream.rstCode !== ErrorCode.NoError || !whole)) {
      this.fail('Cut');
      return;
    }
    this.#complete();
    this.owner.payload(this, NOTHING, true);
  }

  #complete(): void {
    this.completed();
    this.#session.reused = true;
    this.#session.leave(this, this.lastStepAt);
    // A request that is not whole is of no use any more.
    if (!this.sent) this.#stream?.destroy(GIVEN_UP);
  }

  #closedBy(stream: ClientHttp2Stream): void {
    // Of a connection that could not be made the session tells, and why.
    if (this.isOver || this.phase === 'Connecting') return;
    if (stream.rstCode === ErrorCode.RefusedStream || this.#session.refused(stream)) this.#notProcessed();
    else this.fail(this.phase === 'Streaming' ? 'Cut' : this.#reused && !this.#received && !this.#session.takesMore ? 'Stale' : 'Broken');
  }

  /** RFC 9113 §8.7: as if nothing of it had left. */
  #notProcessed(): void {
    this.#left = false;
    this.fail('NotProcessed');
  }
}

/** As node:http2 wants trailers. */
function byName(list: FieldList): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < list.length; i += 2) (fields[list[i] as string] ??= []).push(list[i + 1] as string);
  return fields;
}
