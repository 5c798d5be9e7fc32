import type { ConnectionError } from '../../../src/http2/codes.ts';
import type { FieldList } from '../../../src/http2/field-list.ts';
import type { FrameOutput } from '../../../src/http2/frame-writer.ts';
import { ServerSession, type SessionOptions, type SessionOwner } from '../../../src/http2/server-session.ts';
import type { ServerStream, StreamUser } from '../../../src/http2/server-stream.ts';
import { type Frame, FrameType, frame, framesIn, PREFACE } from '../../support/http2-frames.ts';

/** Keeps all that is written. */
class Output implements FrameOutput {
  buffer = Buffer.alloc(1_048_576);
  length = 0;
  full = false;

  reserve(bytes: number): void {
    if (this.length + bytes > this.buffer.length) this.buffer = Buffer.concat([this.buffer, Buffer.alloc(this.buffer.length + bytes)]);
  }

  get frames(): Frame[] {
    return framesIn(this.buffer.subarray(0, this.length));
  }
}

/** Keeps what it is told, as words. */
export class RecordingUser implements StreamUser {
  readonly stream: ServerStream;
  readonly events: string[] = [];

  constructor(stream: ServerStream) {
    this.stream = stream;
  }

  get body(): string {
    return this.events
      .filter((event) => event.startsWith('data '))
      .map((event) => event.slice(5))
      .join('');
  }

  begin(list: FieldList, ended: boolean, truncated: boolean): void {
    this.events.push(`begin ${list.join(' ')}${ended ? ' ended' : ''}${truncated ? ' truncated' : ''}`);
  }

  data(bytes: Buffer): void {
    this.events.push(`data ${bytes.toString('latin1')}`);
  }

  receivedTrailers(list: FieldList, truncated: boolean): void {
    this.events.push(`trailers ${list.join(' ')}${truncated ? ' truncated' : ''}`);
  }

  ended(): void {
    this.events.push('ended');
  }

  cut(): void {
    this.events.push('cut');
  }

  drained(): void {
    this.events.push('drained');
  }
}

/** A session whose client and whose owner are a test. */
export class RecordingSession implements SessionOwner<RecordingUser> {
  readonly output = new Output();
  readonly users: RecordingUser[] = [];
  readonly session: ServerSession<RecordingUser>;
  cuts = 0;
  controls = 0;
  drains = 0;
  error: ConnectionError | null = null;

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new ServerSession(this.output, this, {
      streams: 4,
      windowBytes: 1_048_576,
      headBytes: 1_000,
      headFields: 20,
      ...options,
    });
  }

  /** With preface and SETTINGS received, and what was answered forgotten. */
  static begun(options: Partial<SessionOptions> = {}): RecordingSession {
    const recording = new RecordingSession(options);
    recording.receive(Buffer.from(PREFACE), frame(FrameType.Settings, 0, 0));
    recording.output.length = 0;
    return recording;
  }

  /** All in one read, from a buffer that is read into again. */
  receive(...parts: readonly Buffer[]): this {
    const read = Buffer.concat(parts);
    this.session.receive(read);
    read.fill('?');
    return this;
  }

  /** What was written, of one type and of one stream if given. */
  sent(type: number, stream?: number): Frame[] {
    return this.output.frames.filter((each) => each.type === type && (stream === undefined || each.stream === stream));
  }

  opened(stream: ServerStream<RecordingUser>): RecordingUser {
    const user = new RecordingUser(stream);
    this.users.push(user);
    return user;
  }

  cut(): void {
    this.cuts++;
  }

  control(): void {
    this.controls++;
  }

  drainedOfStreams(): void {
    this.drains++;
  }

  failed(error: ConnectionError): void {
    this.error = error;
  }
}
