import { DEFAULT_WINDOW_BYTES, ErrorCode, MAX_FRAME_BYTES } from './codes.ts';
import type { FieldList } from './field-list.ts';
import type { FrameWriter } from './frame-writer.ts';
import { keepCopy } from './keep-copy.ts';

const NOTHING = Buffer.alloc(0);
/** Half of a window: what was taken is given back in so large portions, not with a frame for each. */
const GIVE_BACK_BYTES = 32_768;

/** Whose request a stream carries. What is called here comes from within `ServerSession.receive`, if nothing else is said. */
export interface StreamUser {
  /**
   * The request has come with the read that is over, or with its first DATA. `list`: names and values in turn, as they came. `ended`: no body
   * follows. `truncated`: the head is larger than we take, and the list is only the beginning of it.
   */
  begin(list: FieldList, ended: boolean, truncated: boolean): void;
  /** Bytes of the body, as a view that is valid during the call only. */
  data(bytes: Buffer): void;
  receivedTrailers(list: FieldList, truncated: boolean): void;
  /** The body, if there was one, is whole. */
  ended(): void;
  /** The client has cut the stream, broken a rule, or gone: nothing of it can be sent any more. */
  cut(): void;
  /** After `send` said false: what it left waiting has left. */
  drained(): void;
}

/** The session of a stream. */
export interface StreamSession<User extends StreamUser> {
  readonly writer: FrameWriter;
  /** Bytes of bodies that the client takes on all streams together. */
  window: number;
  /** `stream` has something that only the connection stops. */
  waits(stream: ServerStream<User>): void;
  /** `stream` is over, in both directions. */
  over(stream: ServerStream<User>): void;
  /** Stream `id` was reset by us: frames that are on their way for it are of no consequence. */
  gaveUp(id: number): void;
}

/** One stream of a client (RFC 9113 §5.1): open until both sides have ended, or one has cut it. */
export class ServerStream<User extends StreamUser = StreamUser> {
  readonly id: number;
  user: User | null = null;
  /** Head that `user` has not been told yet. */
  head: FieldList | null = null;
  truncated = false;
  /** The client has sent all of its request. */
  remoteEnded = false;
  /** Bytes of our body that the client takes; less than none after SETTINGS that made it smaller. */
  sendWindow: number;
  /** Bytes of the client's body that we still take. */
  receiveWindow = DEFAULT_WINDOW_BYTES;
  /** In the line of those that only the connection stops. */
  inLine = false;
  /** Bytes of our body that have left. */
  sentBytes = 0;
  /** Ended in both directions, or cut. */
  gone = false;
  readonly #session: StreamSession<User>;
  #localEnded = false;
  #responded = false;
  /** Of our body, what could not be sent yet; of the first piece, from `#sent` on. */
  #pending: Buffer[] = [];
  #sent = 0;
  #pendingBytes = 0;
  /** What comes behind `#pending`. */
  #endComes = false;
  #trailers: FieldList | null = null;
  /** The user waits for `drained`. */
  #told = false;
  /** The rest of the request is of no use to anybody. */
  #restRefused = false;
  // The client's body.
  #held = false;
  /** What has come while it was held, and whether its end has. */
  #kept: Buffer[] = [];
  #endKept = false;
  /** Bytes that were taken, and for which no window has been given back. */
  #taken = 0;

  constructor(id: number, session: StreamSession<User>, sendWindow: number) {
    this.id = id;
    this.#session = session;
    this.sendWindow = sendWindow;
  }

  /** Bytes of our body that the client does not take yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get writable(): boolean {
    return !this.gone && !this.#localEnded && !this.#endComes;
  }

  // What the user says.

  /** An interim response, before `respond`. */
  interim(list: FieldList): void {
    if (this.writable && !this.#responded) this.#session.writer.headers(this.id, list, false);
  }

  /** The head of the response; `end`: it is all of it. */
  respond(list: FieldList, end: boolean): void {
    if (!this.writable) return;
    this.#responded = true;
    this.#session.writer.headers(this.id, list, end);
    if (end) this.#endLocal();
  }

  /**
   * More of the response's body, copied where it cannot leave at once; `end`: the last of it, with `trailers` behind it, if any. False: no more
   * for now; `drained` will follow.
   */
  send(pieces: readonly Buffer[], end: boolean, trailers: FieldList | null): boolean {
    if (!this.writable) return true;
    this.#endComes = end;
    this.#trailers = trailers;
    for (const piece of pieces) this.#sendOrKeep(piece, end && trailers === null && piece === pieces.at(-1));
    if (this.#pendingBytes > 0) {
      if (this.sendWindow > 0) this.#session.waits(this);
      this.#told = !end;
      return end;
    }
    if (end) this.#finish();
    return true;
  }

  /** Cuts it; one that has gone is left alone. */
  reset(code: number): void {
    if (this.gone) return;
    this.#session.writer.reset(this.id, code);
    this.#session.gaveUp(this.id);
    this.#leave();
  }

  /** The response is handed over whole, and what is still to come of the request is of no use (RFC 9113 §8.1). */
  refuseRest(): void {
    if (this.gone || this.remoteEnded) return;
    if (this.#localEnded) this.reset(ErrorCode.NoError);
    else this.#restRefused = true;
  }

  /** Gives the user no more of the body, and the client no more window, until `take`; a user that has answered whole says `refuseRest` instead. */
  hold(): void {
    this.#held = true;
  }

  take(): void {
    this.#held = false;
    const kept = this.#kept;
    this.#kept = [];
    while (kept.length > 0 && !this.#held && !this.gone) this.#give(kept.shift() as Buffer);
    if (kept.length > 0) this.#kept = kept;
    else if (this.#endKept && !this.gone) this.#end();
    else this.#giveBack();
  }

  // What the session says.

  /** DATA without its padding; `whole`: with it, as flow control counts. */
  received(bytes: Buffer, whole: number): void {
    this.receiveWindow -= whole;
    this.#taken += whole - bytes.length;
    if (this.#restRefused) return;
    if (this.#held) keepCopy(this.#kept, bytes);
    else if (bytes.length > 0) this.#give(bytes);
    else this.#giveBack();
  }

  receivedEnd(): void {
    this.remoteEnded = true;
    if (this.#restRefused) this.#endRemote();
    else if (this.#held) this.#endKept = true;
    else this.#end();
  }

  /** The client, or a rule that it broke, has ended it. */
  cut(): void {
    if (this.gone) return;
    this.#leave();
    this.user?.cut();
  }

  /** Sends of what waits as much as fits, at most `bytes`. True: only the connection stops the rest. */
  flush(bytes: number): boolean {
    let budget = bytes;
    while (this.#pendingBytes > 0 && budget > 0) {
      const piece = this.#pending[0] as Buffer;
      const alone = this.#pending.length === 1 && this.#endComes && this.#trailers === null;
      const sent = this.#push(piece, this.#sent, budget, alone);
      if (sent === 0) break;
      budget -= sent;
      this.#sent += sent;
      this.#pendingBytes -= sent;
      if (this.#sent < piece.length) continue;
      this.#pending.shift();
      this.#sent = 0;
    }
    if (this.#pendingBytes > 0) return this.sendWindow > 0;
    if (this.#endComes) this.#finish();
    else if (this.#told) {
      this.#told = false;
      this.user?.drained();
    }
    return false;
  }

  // Our body.

  #sendOrKeep(piece: Buffer, last: boolean): void {
    let from = 0;
    while (this.#pendingBytes === 0 && from < piece.length) {
      const sent = this.#push(piece, from, piece.length, last);
      if (sent === 0) break;
      from += sent;
    }
    if (from === piece.length) return;
    this.#pending.push(Buffer.from(piece.subarray(from)));
    this.#pendingBytes += piece.length - from;
  }

  /** One frame of `piece` from `from` on, at most `most` bytes of it; how many it has. `last`: the end of `piece` is the end. */
  #push(piece: Buffer, from: number, most: number, last: boolean): number {
    const session = this.#session;
    if (session.writer.full) return 0;
    const bytes = Math.min(piece.length - from, most, this.sendWindow, session.window, MAX_FRAME_BYTES);
    if (bytes <= 0) return 0;
    const end = from + bytes;
    const ends = last && end === piece.length;
    session.writer.data(this.id, piece, from, end, ends);
    this.sentBytes += bytes;
    this.sendWindow -= bytes;
    session.window -= bytes;
    if (ends) this.#localEnded = true;
    return bytes;
  }

  /** Nothing waits any more, and the end is due, if it has not left with the last DATA. */
  #finish(): void {
    const { writer } = this.#session;
    if (!this.#localEnded) {
      if (this.#trailers) writer.headers(this.id, this.#trailers, true);
      else writer.data(this.id, NOTHING, 0, 0, true);
    }
    this.#endLocal();
  }

  #endLocal(): void {
    this.#localEnded = true;
    if (this.remoteEnded) this.#leave();
    else if (this.#restRefused) this.reset(ErrorCode.NoError);
  }

  // The client's body.

  #give(bytes: Buffer): void {
    this.#taken += bytes.length;
    this.user?.data(bytes);
    if (!this.#held) this.#giveBack();
  }

  #giveBack(): void {
    if (this.#taken < GIVE_BACK_BYTES || this.remoteEnded || this.gone) return;
    this.#session.writer.windowUpdate(this.id, this.#taken);
    this.receiveWindow += this.#taken;
    this.#taken = 0;
  }

  #end(): void {
    this.#endKept = false;
    this.user?.ended();
    this.#endRemote();
  }

  #endRemote(): void {
    if (this.#localEnded && !this.gone) this.#leave();
  }

  #leave(): void {
    this.gone = true;
    this.#pending.length = 0;
    this.#pendingBytes = 0;
    this.#kept.length = 0;
    this.#session.over(this);
  }
}
