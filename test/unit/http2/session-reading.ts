import type { FrameOutput } from '../../../src/http2/frame-writer.ts';
import { HpackDecoder } from '../../../src/http2/hpack-decoder.ts';
import { ServerSession, type SessionOptions } from '../../../src/http2/server-session.ts';
import type { ServerStream, StreamUser } from '../../../src/http2/server-stream.ts';
import { content, END_HEADERS, FrameType, framesIn, PREFACE } from '../../support/http2-frames.ts';

const AMPLE = 1 << 24;

export const OPTIONS: SessionOptions = { streams: 4, windowBytes: 80_000, headBytes: 800, headFields: 8 };

/** Keeps what is written, in a buffer that is small enough to be full now and then. */
export class Output implements FrameOutput {
  readonly buffer = Buffer.alloc(17_000);
  length = 0;
  full = false;
  #left: Buffer[] = [];

  reserve(bytes: number): void {
    if (this.length + bytes > this.buffer.length) this.#leave();
  }

  /** What was written since the last time. */
  taken(): Buffer {
    this.#leave();
    const left = Buffer.concat(this.#left);
    this.#left = [];
    return left;
  }

  #leave(): void {
    this.#left.push(Buffer.from(this.buffer.subarray(0, this.length)));
    this.length = 0;
  }
}

/** What a stream's user was told, a line for each call. */
class Listener implements StreamUser {
  readonly calls: string[] = [];

  begin(list: readonly string[], ended: boolean, truncated: boolean): void {
    this.calls.push(`${ended ? 'whole' : 'begin'} ${JSON.stringify(list)}${truncated ? ' cut off' : ''}`);
  }

  data(bytes: Buffer): void {
    this.calls.push(`data ${bytes.toString('latin1')}`);
  }

  receivedTrailers(list: readonly string[], truncated: boolean): void {
    this.calls.push(`trailers ${JSON.stringify(list)}${truncated ? ' cut off' : ''}`);
  }

  ended(): void {
    this.calls.push('end');
  }

  cut(): void {
    this.calls.push('cut');
  }

  drained(): void {
    this.calls.push('drained');
  }
}

export interface Reading {
  readonly streams: ReadonlyMap<number, readonly string[]>;
  /** Why the connection was ended, or null. */
  readonly failure: string | null;
  readonly output: string;
  readonly open: number;
}

/** As from a socket whose next read comes into the same memory. */
export function readOnce(session: { receive(bytes: Buffer): void }, bytes: Buffer): void {
  const memory = Buffer.from(bytes);
  session.receive(memory);
  memory.fill(0xee);
}

/** What a session makes of the bytes of a client whom nobody answers. */
export function read(chunks: readonly Buffer[]): Reading {
  const streams = new Map<number, readonly string[]>();
  let failure: string | null = null;
  const output = new Output();
  const owner = {
    opened(stream: ServerStream<Listener>): Listener {
      const listener = new Listener();
      streams.set(stream.id, listener.calls);
      return listener;
    },
    cut() {},
    control() {},
    drainedOfStreams() {},
    failed(error: { code: number; message: string }) {
      failure = `${error.code}: ${error.message}`;
    },
  };
  const session = new ServerSession<Listener>(output, owner, OPTIONS);
  for (const chunk of chunks) readOnce(session, chunk);
  return { streams, failure, output: output.taken().toString('hex'), open: session.size };
}

export interface Request {
  /** The head, and the trailers if there are any. */
  readonly lists: string[][];
  body: string;
}

/** What the frames that begin `bytes` say to one who believes them all. */
export function readNaively(bytes: Buffer): Map<number, Request> {
  const requests = new Map<number, Request>();
  const decoder = new HpackDecoder();
  let block: Buffer[] = [];
  for (const each of framesIn(bytes.subarray(PREFACE.length))) {
    const { type, flags, stream } = each;
    const request = requests.get(stream) ?? { lists: [], body: '' };
    if (type === FrameType.Data) request.body += content(each).toString('latin1');
    if (type === FrameType.Headers || type === FrameType.Continuation) {
      requests.set(stream, request);
      block.push(content(each));
      if ((flags & END_HEADERS) === 0) continue;
      const whole = Buffer.concat(block);
      block = [];
      request.lists.push(decoder.decode(whole, 0, whole.length, AMPLE, AMPLE));
    }
  }
  return requests;
}
