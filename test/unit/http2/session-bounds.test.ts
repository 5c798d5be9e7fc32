/** What a session of HTTP/2 holds for a client, and what it does for one that it has given up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, ErrorCode, MAX_FRAME_BYTES } from '../../../src/http2/codes.ts';
import type { FrameOutput } from '../../../src/http2/frame-writer.ts';
import { ServerSession } from '../../../src/http2/server-session.ts';
import type { ServerStream, StreamUser } from '../../../src/http2/server-stream.ts';
import { block, END_HEADERS, END_STREAM, FrameType, frame, GET_FIELDS, headers, PREFACE, uint32 } from '../../support/http2-frames.ts';
import { heapBytes } from './heap.ts';

const MEGABYTE = 1_048_576;
/** The window of a stream, and of the connection, before anybody says otherwise. */
const WINDOW_BYTES = 65_535;

/** Throws away what is sent. */
class Nowhere implements FrameOutput {
  readonly buffer = Buffer.alloc(2 * MAX_FRAME_BYTES);
  length = 0;
  readonly full = false;

  reserve(): void {
    this.length = 0;
  }
}

class User implements StreamUser {
  readonly stream: ServerStream<User>;
  body = '';
  begun = false;

  constructor(stream: ServerStream<User>) {
    this.stream = stream;
  }

  begin(): void {
    this.begun = true;
  }

  data(bytes: Buffer): void {
    this.body += bytes.toString('latin1');
  }

  receivedTrailers(): void {}
  ended(): void {}
  cut(): void {}
  drained(): void {}
}

class Client {
  readonly users: User[] = [];
  failedWith: number | null = null;
  onControl = (): void => {};
  readonly session: ServerSession<User>;

  constructor() {
    this.session = new ServerSession<User>(
      new Nowhere(),
      {
        opened: (stream) => {
          const user = new User(stream);
          this.users.push(user);
          return user;
        },
        cut: () => {},
        control: () => this.onControl(),
        drainedOfStreams: () => {},
        failed: ({ code }) => {
          this.failedWith = code;
        },
      },
      { streams: 128, windowBytes: MEGABYTE, headBytes: 32_768, headFields: 132 },
    );
    this.session.receive(Buffer.concat([Buffer.from(PREFACE), frame(FrameType.Settings, 0, 0)]));
  }

  send(...frames: readonly Buffer[]): void {
    this.session.receive(Buffer.concat(frames));
  }

  /** The newest. */
  get user(): User {
    return this.users.at(-1) as User;
  }
}

const POST = headers(1, [[':method', 'POST'], ...GET_FIELDS.slice(1)], END_HEADERS);

test('a stream that was opened in the read in which the connection is given up is not begun', () => {
  const client = new Client();
  client.onControl = () => client.session.fail(new ConnectionError(ErrorCode.EnhanceYourCalm, 'enough'));
  client.send(POST, frame(FrameType.Data, 0, 1));
  assert.equal(client.failedWith, ErrorCode.EnhanceYourCalm);
  assert.deepEqual(client.users, []);
});

test('streams that are cut while they wait for the window of the connection leave nothing behind', () => {
  const client = new Client();
  client.send(headers(1));
  client.user.stream.respond([':status', '200'], false);
  client.user.stream.send([Buffer.alloc(WINDOW_BYTES)], true, null);
  const before = heapBytes();
  for (let stream = 3; stream < 20_003; stream += 2) {
    client.send(headers(stream));
    client.user.stream.respond([':status', '200'], false);
    client.user.stream.send([Buffer.from('no window for this')], true, null);
    client.send(frame(FrameType.Reset, 0, stream, uint32(ErrorCode.NoError)));
    client.users.length = 0;
  }
  const more = heapBytes() - before;
  assert.equal(client.session.size, 0);
  assert.ok(more < MEGABYTE, `${more} bytes`);
});

test('a body that comes byte by byte and is held takes up little more than its bytes', () => {
  const client = new Client();
  client.send(POST);
  client.user.stream.hold();
  const before = heapBytes();
  for (let sent = 0; sent < WINDOW_BYTES; sent++) client.send(frame(FrameType.Data, 0, 1, String.fromCharCode(sent & 0xff)));
  const more = heapBytes() - before;
  assert.ok(more < MEGABYTE, `${more} bytes`);
  client.user.stream.take();
  const { body } = client.user;
  assert.equal(body.length, WINDOW_BYTES);
  assert.ok(Array.from(body).every((each, at) => each.charCodeAt(0) === (at & 0xff)));
});

test('a head in empty pieces takes up nothing', () => {
  const client = new Client();
  const fields = block(GET_FIELDS);
  client.send(frame(FrameType.Headers, END_STREAM, 1, fields.subarray(0, 5)));
  const before = heapBytes();
  const pieces = Buffer.concat(Array<Buffer>(1_000).fill(frame(FrameType.Continuation, 0, 1)));
  for (let sent = 0; sent < 50; sent++) client.send(pieces);
  const more = heapBytes() - before;
  assert.ok(more < MEGABYTE, `${more} bytes`);
  for (const byte of fields.subarray(5)) client.send(frame(FrameType.Continuation, 0, 1, Buffer.from([byte])));
  client.send(frame(FrameType.Continuation, END_HEADERS, 1));
  assert.ok(client.user.begun);
});

test('the window for nothing but padding is given back, too', () => {
  const client = new Client();
  client.send(POST);
  const padding = frame(FrameType.Data, 0x8, 1, Buffer.alloc(256, Buffer.from([255, ...Array<number>(255).fill(0)])));
  for (let sent = 0; sent < 1_000; sent++) client.send(padding);
  client.send(frame(FrameType.Data, END_STREAM, 1, 'all'));
  assert.equal(client.failedWith, null);
  assert.equal(client.user.body, 'all');
});
