import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../src/http2/hpack-decoder.ts';
import { ACK, content, END_HEADERS, END_STREAM, type Frame, FrameType, framesIn, PREFACE } from '../../support/http2-frames.ts';

const DEFAULT_WINDOW = 65_535;
const DEFAULT_TABLE = 4096;
const MAX_FRAME = 16_384;
const AMPLE = 1 << 24;

interface Answer {
  /** The final response has come, and not only interim ones. */
  final: boolean;
  heads: string[][];
  body: string;
  ended: boolean;
  /** Code of the RST_STREAM that the server sent. */
  reset: number | null;
}

/**
 * How a client that knows nothing of ours, and believes nothing, would see what a server writes: each frame is one that may come, where it
 * comes, and no more of a body than was let come.
 */
export class NaiveClient {
  readonly answers = new Map<number, Answer>();
  /** Bytes for which the server gave window back, by stream; 0: the connection. */
  readonly windows = new Map<number, number>();
  goaway: { last: number; code: number } | null = null;
  readonly #decoder = new HpackDecoder();
  #sent: Buffer = Buffer.alloc(0);
  #prefaceSeen = false;
  #settled = false;
  /** The table sizes in each of its SETTINGS that the server has not acknowledged. */
  readonly #unacknowledged: number[][] = [];
  /** Of the server's table: what it was at the last head, the least that it had to be since, and what it has to be. */
  #tableBytes = DEFAULT_TABLE;
  #leastTableBytes = DEFAULT_TABLE;
  #nextTableBytes = DEFAULT_TABLE;
  #pings = 0;
  #lastStream = 0;
  /** Streams that the client has cut, and those that it cut with its last bytes: the server may have written of them before it came to that. */
  readonly #cutBefore = new Set<number>();
  readonly #cutNow: number[] = [];
  /** The first window that its last SETTINGS gave to streams, and the largest that held while the server read what was sent last. */
  #firstWindow = DEFAULT_WINDOW;
  #largestFirstWindow = DEFAULT_WINDOW;
  /** Bytes that the client let come beyond the first windows, by stream; 0: the connection. */
  readonly #granted = new Map<number, number>();
  #bytes = 0;
  /** Head that is not whole yet. */
  #block: { stream: number; end: boolean; parts: Buffer[] } | null = null;

  /** The client sends `bytes`; they may be wrong in any way. */
  sends(bytes: Buffer): void {
    this.#sent = Buffer.concat([this.#sent, bytes]);
    if (!this.#prefaceSeen) {
      if (!this.#sent.toString('latin1').startsWith(PREFACE)) return;
      this.#prefaceSeen = true;
      this.#sent = this.#sent.subarray(PREFACE.length);
    }
    for (const frame of framesIn(this.#sent)) {
      this.#sent = this.#sent.subarray(9 + frame.payload.length);
      this.#sendsFrame(frame);
    }
  }

  /** The server has written `bytes`, after it has read all that was sent. */
  receives(bytes: Buffer): void {
    const frames = framesIn(bytes);
    assert.equal(
      frames.reduce((sum, frame) => sum + 9 + frame.payload.length, 0),
      bytes.length,
      'half a frame was written',
    );
    for (const frame of frames) this.#receivesFrame(frame);
    this.#largestFirstWindow = this.#firstWindow;
    for (const stream of this.#cutNow.splice(0)) this.#cutBefore.add(stream);
  }

  #sendsFrame({ type, flags, stream, payload }: Frame): void {
    if (type === FrameType.Headers) this.#lastStream = Math.max(this.#lastStream, stream);
    if (type === FrameType.Reset) this.#cutNow.push(stream);
    if (type === FrameType.Ping && (flags & ACK) === 0) this.#pings++;
    if (type === FrameType.WindowUpdate && payload.length === 4) {
      const more = payload.readUInt32BE() & 0x7fff_ffff;
      this.#granted.set(stream, this.#grantedTo(stream) + more);
    }
    if (type !== FrameType.Settings || (flags & ACK) !== 0) return;
    const tableSizes: number[] = [];
    this.#unacknowledged.push(tableSizes);
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 1) tableSizes.push(Math.min(payload.readUInt32BE(at + 2), DEFAULT_TABLE));
      if (payload.readUInt16BE(at) !== 4) continue;
      this.#firstWindow = payload.readUInt32BE(at + 2);
      this.#largestFirstWindow = Math.max(this.#largestFirstWindow, this.#firstWindow);
    }
  }

  #grantedTo(stream: number): number {
    return this.#granted.get(stream) ?? 0;
  }

  #answer(stream: number): Answer {
    let answer = this.answers.get(stream);
    if (answer === undefined) {
      answer = { final: false, heads: [], body: '', ended: false, reset: null };
      this.answers.set(stream, answer);
    }
    return answer;
  }

  #receivesFrame(frame: Frame): void {
    const { type, stream, payload } = frame;
    assert.ok(payload.length <= MAX_FRAME, `a frame of ${payload.length} bytes`);
    assert.ok(this.goaway === null || this.goaway.code === 0, 'a frame after the GOAWAY that ended the connection');
    if (!this.#settled) assert.deepEqual([type, frame.flags], [FrameType.Settings, 0], 'the first frame is SETTINGS');
    this.#settled = true;
    if (this.#block !== null) assert.deepEqual([type, stream], [FrameType.Continuation, this.#block.stream], 'a head is in one piece');
    if (stream === 0) this.#receivesControl(frame);
    else this.#receivesOf(this.#answer(stream), frame);
  }

  #receivesControl({ type, flags, payload }: Frame): void {
    if (type === FrameType.Goaway) this.goaway = { last: payload.readUInt32BE(0), code: payload.readUInt32BE(4) };
    else if (type === FrameType.WindowUpdate) this.#opens(0, payload);
    else if (type === FrameType.Ping) assert.ok((flags & ACK) !== 0 && --this.#pings >= 0, 'a PING that answers none');
    else {
      assert.equal(type, FrameType.Settings, `a frame of type ${type} of the connection`);
      if ((flags & ACK) !== 0) this.#receivesAcknowledgement();
    }
  }

  #receivesAcknowledgement(): void {
    const tableSizes = this.#unacknowledged.shift();
    assert.ok(tableSizes !== undefined, 'SETTINGS were acknowledged that were not sent');
    this.#leastTableBytes = Math.min(this.#leastTableBytes, ...tableSizes);
    this.#nextTableBytes = tableSizes.at(-1) ?? this.#nextTableBytes;
  }

  #receivesOf(answer: Answer, frame: Frame): void {
    const { type, flags, stream, payload } = frame;
    assert.ok(stream % 2 === 1 && stream <= this.#lastStream, `a frame of stream ${stream}, which was not opened`);
    assert.ok(!this.#cutBefore.has(stream), `a frame of stream ${stream}, which the client has cut`);
    assert.equal(answer.reset, null, `a frame of stream ${stream} after its RST_STREAM`);
    assert.ok(stream <= (this.goaway?.last ?? stream), `a frame of stream ${stream}, which GOAWAY refused`);
    if (type === FrameType.WindowUpdate) {
      this.#opens(stream, payload);
      return;
    }
    if (type === FrameType.Reset) {
      answer.reset = payload.readUInt32BE();
      return;
    }
    assert.ok(!answer.ended || type === FrameType.Continuation, `a frame of type ${type} of stream ${stream} after its end`);
    if (type === FrameType.Headers) this.#block = { stream, end: (flags & END_STREAM) !== 0, parts: [] };
    if (type === FrameType.Data) this.#receivesData(answer, frame);
    else if (type === FrameType.Headers || type === FrameType.Continuation) this.#receivesBlock(answer, frame);
    else assert.fail(`a frame of type ${type} of a stream`);
    if (type !== FrameType.Continuation && (flags & END_STREAM) !== 0) answer.ended = true;
  }

  #receivesData(answer: Answer, frame: Frame): void {
    assert.ok(answer.final, 'DATA before the head');
    if (frame.payload.length === 0) return;
    answer.body += content(frame).toString('latin1');
    this.#bytes += frame.payload.length;
    assert.ok(
      answer.body.length <= this.#largestFirstWindow + this.#grantedTo(frame.stream),
      `more on stream ${frame.stream} than its window`,
    );
    assert.ok(this.#bytes <= DEFAULT_WINDOW + this.#grantedTo(0), 'more than the window of the connection');
  }

  #receivesBlock(answer: Answer, frame: Frame): void {
    const block = this.#block;
    assert.ok(block !== null, 'CONTINUATION of nothing');
    block.parts.push(content(frame));
    if ((frame.flags & END_HEADERS) === 0) return;
    this.#block = null;
    const whole = Buffer.concat(block.parts);
    if (this.#leastTableBytes < this.#tableBytes)
      assert.equal((whole[0] as number) >> 5, 1, 'a head says nothing of its table, which had to shrink');
    this.#tableBytes = this.#leastTableBytes = this.#nextTableBytes;
    const list = this.#decoder.decode(whole, 0, whole.length, AMPLE, AMPLE);
    assert.ok(!answer.final || block.end, 'trailers that end nothing');
    if (!answer.final && !`${list[1]}`.startsWith('1')) answer.final = true;
    answer.heads.push(list);
  }

  #opens(stream: number, payload: Buffer): void {
    const more = payload.readUInt32BE();
    assert.ok(more > 0 && more < 2 ** 31, `WINDOW_UPDATE of ${more}`);
    this.windows.set(stream, (this.windows.get(stream) ?? 0) + more);
  }
}
