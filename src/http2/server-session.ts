import {
  ACK,
  ConnectionError,
  DEFAULT_WINDOW_BYTES,
  END_HEADERS,
  END_STREAM,
  ErrorCode,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  Setting,
} from './codes.ts';
import { CompressionError } from './compression-error.ts';
import type { FieldList } from './field-list.ts';
import { FrameReader, uint32 } from './frame-reader.ts';
import * as syntax from './frame-syntax.ts';
import { type FrameOutput, FrameWriter } from './frame-writer.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { matchPreface, PREFACE } from './preface.ts';
import { ServerStream, type StreamSession, type StreamUser } from './server-stream.ts';

/** Sent by one stream before another one's turn. */
const TURN_BYTES = MAX_FRAME_BYTES;
/** Streams cut by us that are remembered, so that what is on its way for them is told from what breaks a rule. */
const REMEMBERED = 1_024;
/** GOAWAY with this as the last stream says that the connection will end, and refuses nothing yet (RFC 9113 §6.8). */
const EVERY_STREAM = MAX_WINDOW_BYTES;

export interface SessionOptions {
  /** Streams that the client may have open. */
  readonly streams: number;
  /** Bytes of bodies on their way on all streams together. */
  readonly windowBytes: number;
  /** Of one head: bytes, and field lines with pseudo-header fields among them. What is larger is told to the user as cut off. */
  readonly headBytes: number;
  readonly headFields: number;
}

/** The connection of a session. */
export interface SessionOwner<User extends StreamUser> {
  /** A request begins. */
  opened(stream: ServerStream<User>): User;
  /** A stream ended before it was answered, and not by our choice. */
  cut(): void;
  /** A frame has come that asks for nothing but work. */
  control(): void;
  /** The last stream that was open is over. */
  drainedOfStreams(): void;
  /** A rule was broken, and GOAWAY with its code written: nothing of what comes is read any more. */
  failed(error: ConnectionError): void;
}

/**
 * The server's side of one HTTP/2 connection (RFC 9113): what comes in makes requests of it, and what they are answered with becomes frames. It
 * knows no socket and no time. It is strict: what a client can do only by breaking a rule ends the connection, wherever RFC 9113 §5.4 leaves the choice.
 */
export class ServerSession<User extends StreamUser> implements StreamSession<User> {
  readonly writer: FrameWriter;
  window = DEFAULT_WINDOW_BYTES;
  readonly #owner: SessionOwner<User>;
  readonly #options: SessionOptions;
  readonly #frames = new FrameReader((type, flags, id, bytes, start, end) => this.#frame(type, flags, id, bytes, start, end));
  readonly #decoder = new HpackDecoder();
  readonly #block: HeaderBlock;
  /** Those that are open, in no order. No Map: its tables would outlive their streams (see Roster). */
  readonly #streams: ServerStream<User>[] = [];
  /** Those that only the connection stops, in the order of their turns. */
  readonly #line: ServerStream<User>[] = [];
  /** Opened by the read under way, and not begun yet: one that is cut in the same read costs nobody anything. */
  #fresh: ServerStream<User>[] = [];
  readonly #givenUp = new Set<number>();
  /** Bytes of the preface that have come. */
  #prefaceBytes = 0;
  #settled = false;
  /** Frames that have come whole, a head with all of its frames counted as one. */
  #whole = 0;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  #taken = 0;
  #lastStream = 0;
  /** The last stream that is served; those behind it are not so much as looked at. */
  #lastServed = EVERY_STREAM;
  #failed = false;

  constructor(output: FrameOutput, owner: SessionOwner<User>, options: SessionOptions) {
    this.writer = new FrameWriter(output);
    this.#owner = owner;
    this.#options = options;
    this.#block = new HeaderBlock(2 * options.headBytes + MAX_FRAME_BYTES);
    const { streams, headBytes, windowBytes } = options;
    this.writer.settings([Setting.MaxConcurrentStreams, streams, Setting.MaxHeaderListSize, headBytes]);
    this.writer.windowUpdate(0, windowBytes - DEFAULT_WINDOW_BYTES);
  }

  /** Those that are open, as they are now. */
  get streams(): readonly ServerStream<User>[] {
    return this.#streams.slice();
  }

  get size(): number {
    return this.#streams.length;
  }

  /**
   * What has begun and is not whole: the preface with the first SETTINGS, a head, or another frame than DATA; -1: nothing. While it is the same number,
   * it is the same one.
   */
  get unfinished(): number {
    return !this.#settled || this.#block.stream > 0 || this.#frames.controlBegun ? this.#whole : -1;
  }

  /** Reads what the client sends, from its preface on. */
  receive(bytes: Buffer): void {
    if (this.#failed) return;
    try {
      const at = this.#prefaceBytes < PREFACE.length ? this.#preface(bytes) : 0;
      this.#frames.feed(bytes, at);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.fail(error);
    }
    if (this.#fresh.length > 0) this.#beginFresh();
  }

  /** Says that the connection will end, and serves what comes all the same. */
  announceEnd(): void {
    if (!this.#failed) this.writer.goaway(EVERY_STREAM, ErrorCode.NoError);
  }

  /** Serves what has come, and no stream that comes from now on. */
  refuseMore(): void {
    if (this.#failed || this.#lastServed !== EVERY_STREAM) return;
    this.#lastServed = this.#lastStream;
    this.writer.goaway(this.#lastServed, ErrorCode.NoError);
  }

  /** Ends the connection for what the client has done: all of its streams are cut. */
  fail(error: ConnectionError): void {
    if (this.#failed) return;
    this.#failed = true;
    this.writer.goaway(this.#lastStream, error.code);
    this.cutAll();
    this.#owner.failed(error);
  }

  /** The client is gone, with all of its streams. */
  cutAll(): void {
    for (const stream of this.streams) stream.cut();
  }

  /** The client takes more of what there is. */
  resume(): void {
    while (this.#line.length > 0 && this.window > 0 && !this.writer.full) {
      const stream = this.#line.shift() as ServerStream<User>;
      stream.inLine = false;
      if (stream.flush(TURN_BYTES)) this.waits(stream);
    }
  }

  // What streams say.

  waits(stream: ServerStream<User>): void {
    if (stream.inLine) return;
    stream.inLine = true;
    this.#line.push(stream);
  }

  over(stream: ServerStream<User>): void {
    const streams = this.#streams;
    const last = streams.pop() as ServerStream<User>;
    if (last !== stream) streams[streams.lastIndexOf(stream)] = last;
    if (stream.inLine) this.#line.splice(this.#line.indexOf(stream), 1);
    if (streams.length === 0) this.#owner.drainedOfStreams();
  }

  gaveUp(id: number): void {
    const ids = this.#givenUp;
    if (ids.size >= REMEMBERED) ids.delete(ids.values().next().value as number);
    ids.add(id);
  }

  // What comes.

  /** How many of `bytes` belong to the preface. */
  #preface(bytes: Buffer): number {
    const rest = PREFACE.subarray(this.#prefaceBytes);
    if (matchPreface(bytes, rest) === 'no')
      throw new ConnectionError(ErrorCode.ProtocolError, 'the connection does not begin as HTTP/2 does');
    const count = Math.min(rest.length, bytes.length);
    this.#prefaceBytes += count;
    return count;
  }

  #frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#failed) return;
    if (this.#block.stream > 0 && (type !== FrameType.Continuation || id !== this.#block.stream)) {
      throw syntax.broken('a frame between those of one head');
    }
    if (!this.#settled && (type !== FrameType.Settings || (flags & ACK) !== 0)) throw syntax.broken('the first frame is no SETTINGS');
    if (type === FrameType.Data) this.#data(flags, id, bytes, start, end);
    else if (type === FrameType.Headers) this.#headers(flags, id, bytes, start, end);
    else if (type === FrameType.WindowUpdate) this.#windowUpdate(id, bytes, start, end);
    else this.#rare(type, flags, id, bytes, start, end);
    if (this.#block.stream === 0) this.#whole++;
  }

  #rare(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (type === FrameType.Reset) {
      this.#reset(id, end - start);
      return;
    }
    this.#owner.control();
    if (this.#failed) return;
    if (type === FrameType.Settings) this.#settings(flags, id, bytes, start, end);
    else if (type === FrameType.Ping) this.#ping(flags, id, bytes, start, end);
    else if (type === FrameType.Continuation) this.#continuation(flags, bytes, start, end);
    else if (type === FrameType.Priority) syntax.checkPriority(id, bytes, start, end);
    // The client opens no more streams; it ends the connection itself when it has what it wants.
    else if (type === FrameType.Goaway) syntax.checkGoaway(id, end - start);
    else if (type === FrameType.PushPromise) throw syntax.broken('a client promises nothing');
    // What is not known is passed over (RFC 9113 §4.1).
  }

  // Bodies.

  #data(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const from = syntax.unpaddedStart(flags, start, end);
    const to = syntax.unpaddedEnd(flags, bytes, start, end);
    const whole = end - start;
    this.#giveBack(whole);
    const stream = this.#openFor(id, 'DATA');
    if (stream === null) return;
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.StreamClosed, 'DATA after the end of its stream');
    if (whole > stream.receiveWindow) throw new ConnectionError(ErrorCode.FlowControlError, 'more than the window of the stream');
    const ends = (flags & END_STREAM) !== 0;
    if (from === to && !ends) this.#owner.control();
    if (stream.head !== null) this.#begin(stream);
    if (!stream.gone) stream.received(bytes.subarray(from, to), whole);
    if (ends && !stream.gone) stream.receivedEnd();
  }

  /** The window of the connection opens as soon as bytes have come, so nobody can be over it: what is held is bounded by those of its streams. */
  #giveBack(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < this.#options.windowBytes / 2) return;
    this.writer.windowUpdate(0, this.#taken);
    this.#taken = 0;
  }

  // Heads.

  #headers(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id % 2 === 0) throw syntax.broken('HEADERS of a stream that no client opens');
    const to = syntax.unpaddedEnd(flags, bytes, start, end);
    const from = syntax.blockStart(flags, id, bytes, syntax.unpaddedStart(flags, start, end), to);
    const ends = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) this.#head(id, ends, bytes, from, to);
    else this.#block.begin(id, ends, bytes, from, to);
  }

  #continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block;
    if (block.stream === 0) throw syntax.broken('CONTINUATION of nothing');
    block.add(bytes, start, end);
    if ((flags & END_HEADERS) === 0) return;
    const { stream, ends } = block;
    const whole = block.take();
    this.#head(stream, ends, whole, 0, whole.length);
  }

  /** A whole head. It is decoded whatever becomes of it, as all later ones rest on what it adds to the table. */
  #head(id: number, ends: boolean, bytes: Buffer, from: number, to: number): void {
    const list = this.#decode(bytes, from, to);
    const { truncated } = this.#decoder;
    if (id > this.#lastStream) this.#open(id, ends, list, truncated);
    else this.#trailers(id, ends, list, truncated);
  }

  #decode(bytes: Buffer, from: number, to: number): FieldList {
    try {
      return this.#decoder.decode(bytes, from, to, this.#options.headBytes, this.#options.headFields);
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error;
      throw new ConnectionError(ErrorCode.CompressionError, error.message);
    }
  }

  #open(id: number, ends: boolean, list: FieldList, truncated: boolean): void {
    this.#lastStream = id;
    if (id > this.#lastServed) return;
    if (this.#streams.length >= this.#options.streams) {
      this.writer.reset(id, ErrorCode.RefusedStream);
      this.gaveUp(id);
      this.#owner.cut();
      return;
    }
    const stream = new ServerStream<User>(id, this, this.#initialWindow);
    stream.remoteEnded = ends;
    stream.head = list;
    stream.truncated = truncated;
    this.#streams.push(stream);
    this.#fresh.push(stream);
  }

  #trailers(id: number, ends: boolean, list: FieldList, truncated: boolean): void {
    const stream = this.#openFor(id, 'HEADERS');
    if (stream === null) return;
    if (stream.remoteEnded) throw new ConnectionError(ErrorCode.StreamClosed, 'HEADERS after the end of their stream');
    if (!ends) throw syntax.broken('trailers that do not end their stream');
    if (stream.head !== null) this.#begin(stream);
    if (!stream.gone) stream.user?.receivedTrailers(list, truncated);
    if (!stream.gone) stream.receivedEnd();
  }

  #beginFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const stream of fresh) if (stream.head !== null) this.#begin(stream);
  }

  #begin(stream: ServerStream<User>): void {
    const { head, truncated } = stream;
    if (stream.gone) return;
    stream.head = null;
    stream.user = this.#owner.opened(stream);
    stream.user.begin(head as FieldList, stream.remoteEnded, truncated);
  }

  // Control.

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    syntax.checkSettings(flags, id, end - start);
    if ((flags & ACK) !== 0) return;
    this.#settled = true;
    for (let at = start; at < end; at += 6) this.#setting(((bytes[at] as number) << 8) | (bytes[at + 1] as number), uint32(bytes, at + 2));
    this.writer.acknowledgeSettings();
    this.resume();
  }

  #setting(name: number, value: number): void {
    syntax.checkSetting(name, value);
    if (name === Setting.InitialWindowSize) this.#resizeWindows(value);
    else if (name === Setting.HeaderTableSize) this.writer.resizeTable(value);
  }

  /** RFC 9113 §6.9.2: of all streams that are open, too. */
  #resizeWindows(bytes: number): void {
    const more = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const stream of this.#streams) this.#widen(stream, more);
  }

  #windowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    const more = syntax.windowIncrement(bytes, start, end);
    if (id === 0) {
      this.window += more;
      syntax.checkWindow(this.window);
      this.resume();
      return;
    }
    const stream = this.#find(id);
    if (stream) {
      // RFC 9113 §6.9.1: of a stream, this is an error of the stream alone.
      if (stream.sendWindow + more > MAX_WINDOW_BYTES) {
        stream.reset(ErrorCode.FlowControlError);
        if (stream.user === null) this.#owner.cut();
        else stream.user.cut();
      } else {
        this.#widen(stream, more);
        this.resume();
      }
    } else if (id > this.#lastStream || id % 2 === 0) {
      throw syntax.broken('WINDOW_UPDATE of a stream that is not open');
    }
  }

  #widen(stream: ServerStream<User>, more: number): void {
    stream.sendWindow += more;
    syntax.checkWindow(stream.sendWindow);
    if (stream.pendingBytes > 0 && stream.sendWindow > 0) this.waits(stream);
  }

  #reset(id: number, size: number): void {
    syntax.checkReset(size);
    const stream = this.#find(id);
    if (stream === null) {
      if (id === 0 || id > this.#lastStream) throw syntax.broken('RST_STREAM of a stream that is not open');
      this.#owner.control();
      return;
    }
    stream.cut();
    if (stream.user === null) this.#owner.cut();
  }

  #ping(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    syntax.checkPing(id, end - start);
    if ((flags & ACK) === 0) this.writer.acknowledgePing(bytes, start);
  }

  // Streams.

  #find(id: number): ServerStream<User> | null {
    const streams = this.#streams;
    for (let i = streams.length - 1; i >= 0; i--) if ((streams[i] as ServerStream<User>).id === id) return streams[i] as ServerStream<User>;
    return null;
  }

  /** The stream that a frame is for; null: it is one that has been cut, or is not served, and the frame was on its way. Throws for all others. */
  #openFor(id: number, what: string): ServerStream<User> | null {
    const stream = this.#find(id);
    if (stream !== null || this.#givenUp.has(id) || (id > this.#lastServed && id <= this.#lastStream)) return stream;
    if (id === 0 || id > this.#lastStream || id % 2 === 0) throw syntax.broken(`${what} of a stream that is not open`);
    throw new ConnectionError(ErrorCode.StreamClosed, `${what} after the end of its stream`);
  }
}
