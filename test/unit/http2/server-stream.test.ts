/** Windows, either way (RFC 9113 §5.2, 6.9), and the ends of a stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/http2/codes.ts';
import { END_HEADERS, END_STREAM, FrameType, frame, GET_FIELDS, headers, PREFACE, uint32 } from '../../support/http2-frames.ts';
import { RecordingSession } from './recording-session.ts';

const POST_FIELDS = [[':method', 'POST'], ...GET_FIELDS.slice(1)] as const;
const post = (stream: number) => headers(stream, POST_FIELDS, END_HEADERS);
const data = (stream: number, text: string | Buffer, flags = 0) => frame(FrameType.Data, flags, stream, text);
const window = (stream: number, bytes: number) => frame(FrameType.WindowUpdate, 0, stream, uint32(bytes));
const initialWindow = (bytes: number) => frame(FrameType.Settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(bytes)]));
const bytesOf = (recording: RecordingSession, stream: number) =>
  recording.sent(FrameType.Data, stream).reduce((sum, { payload }) => sum + payload.length, 0);
const textOf = (recording: RecordingSession, stream: number) =>
  recording
    .sent(FrameType.Data, stream)
    .map(({ payload }) => payload.toString('latin1'))
    .join('');

function answering(streams: number, initial = 65_535): RecordingSession {
  const recording = new RecordingSession();
  recording.receive(Buffer.from(PREFACE), initialWindow(initial));
  for (let n = 0; n < streams; n++) recording.receive(headers(2 * n + 1));
  for (const { stream } of recording.users) stream.respond([':status', '200'], false);
  return recording;
}

test('a body goes as far as the window of its stream, and on as that opens, to its end', () => {
  const recording = answering(1, 10);
  const { stream, events } = recording.users[0]!;
  const piece = Buffer.from('0123456789abc');
  assert.equal(stream.send([piece], false, null), false);
  piece.fill('?');
  assert.equal(textOf(recording, 1), '0123456789');
  assert.equal(stream.pendingBytes, 3);
  recording.receive(window(1, 2));
  assert.equal(textOf(recording, 1), '0123456789ab');
  assert.deepEqual(events.slice(1), []);
  recording.receive(window(1, 5));
  assert.deepEqual(events.slice(1), ['drained']);
  // The end is none of what windows are for.
  assert.equal(stream.send([Buffer.from('defg'), Buffer.from('hi')], true, null), true);
  assert.equal(textOf(recording, 1), '0123456789abcdefg');
  assert.equal(recording.session.size, 1);
  recording.receive(window(1, 2));
  assert.equal(textOf(recording, 1), '0123456789abcdefghi');
  assert.equal(recording.sent(FrameType.Data, 1).at(-1)?.flags, END_STREAM);
  assert.equal(recording.sent(FrameType.Data, 1).filter(({ flags }) => flags === END_STREAM).length, 1);
  assert.equal(recording.session.size, 0);
});

test('trailers wait for the body before them', () => {
  const recording = answering(1, 2);
  const { stream } = recording.users[0]!;
  stream.send([Buffer.from('abc')], true, ['grpc-status', '0']);
  assert.equal(recording.sent(FrameType.Headers, 1).length, 1);
  recording.receive(window(1, 1));
  assert.deepEqual(
    recording.output.frames.slice(-2).map(({ type, flags }) => [type, flags]),
    [
      [FrameType.Data, 0],
      [FrameType.Headers, END_HEADERS | END_STREAM],
    ],
  );
});

test('SETTINGS may take a window below nothing, from where it has to come back', () => {
  const recording = answering(1, 100);
  const { stream } = recording.users[0]!;
  stream.send([Buffer.alloc(80)], false, null);
  recording.receive(initialWindow(30));
  assert.equal(stream.sendWindow, -50);
  assert.equal(stream.send([Buffer.alloc(1)], false, null), false);
  recording.receive(window(1, 50));
  assert.equal(bytesOf(recording, 1), 80);
  recording.receive(window(1, 1));
  assert.equal(bytesOf(recording, 1), 81);
});

test('streams that the connection stops get their turns when it opens, none of them all of it', () => {
  const recording = answering(3, 1_000_000);
  for (const { stream } of recording.users) stream.send([Buffer.alloc(60_000)], true, null);
  assert.deepEqual(
    [1, 3, 5].map((id) => bytesOf(recording, id)),
    [60_000, 5_535, 0],
  );
  recording.receive(window(0, 40_000));
  assert.deepEqual(
    [3, 5].map((id) => bytesOf(recording, id)),
    [5_535 + 16_384 + 7_232, 16_384],
  );
  recording.receive(window(0, 1_000_000));
  assert.equal(recording.session.size, 0);
  assert.deepEqual(
    [3, 5].map((id) => bytesOf(recording, id)),
    [60_000, 60_000],
  );
});

test('a client that takes nothing stops bodies, and heads and answers to PING go on', () => {
  const recording = answering(2);
  recording.output.full = true;
  const [first, second] = recording.users;
  assert.equal(first!.stream.send([Buffer.from('abc')], false, null), false);
  recording.receive(frame(FrameType.Ping, 0, 0, '12345678'));
  assert.equal(recording.sent(FrameType.Ping).length, 1);
  second!.stream.send([], true, ['a', 'b']);
  assert.equal(bytesOf(recording, 1), 0);
  recording.output.full = false;
  recording.session.resume();
  assert.equal(textOf(recording, 1), 'abc');
  assert.equal(first!.events.at(-1), 'drained');
});

test('one that waits for its turn and is cut meanwhile takes no turn', () => {
  const recording = answering(2);
  recording.output.full = true;
  for (const { stream } of recording.users) stream.send([Buffer.from('abc')], true, null);
  recording.receive(frame(FrameType.Reset, 0, 1, uint32(8)));
  recording.output.full = false;
  recording.session.resume();
  assert.deepEqual([recording.sent(FrameType.Data, 1).length, bytesOf(recording, 3)], [0, 3]);
  assert.equal(recording.session.size, 0);
});

test('the window of a stream opens again when half of it has been taken', () => {
  const recording = RecordingSession.begun().receive(post(1));
  const given = () => recording.sent(FrameType.WindowUpdate, 1).map(({ payload }) => payload.readUInt32BE());
  recording.receive(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)));
  assert.deepEqual(given(), []);
  // Padding counts, and so does its length.
  recording.receive(data(1, Buffer.concat([Buffer.from([100]), Buffer.alloc(700)]), 8));
  assert.deepEqual(given(), []);
  recording.receive(data(1, Buffer.alloc(67)));
  assert.deepEqual(given(), [32_768]);
});

test('while its body is held no window is given back, and what has come is kept, its end too', () => {
  const recording = RecordingSession.begun().receive(post(1));
  const { stream, events } = recording.users[0]!;
  stream.hold();
  const body = Buffer.alloc(16_000, 'x');
  recording.receive(data(1, body), data(1, body), data(1, body), data(1, body, END_STREAM));
  assert.deepEqual(events.slice(1), []);
  assert.deepEqual(recording.sent(FrameType.WindowUpdate, 1), []);
  stream.take();
  assert.equal(recording.users[0]!.body, 'x'.repeat(64_000));
  assert.equal(events.at(-1), 'ended');
});

test('a user that holds its body again while it is given gets the rest later', () => {
  const recording = RecordingSession.begun().receive(post(1));
  const user = recording.users[0]!;
  user.stream.hold();
  recording.receive(data(1, 'a'), data(1, 'b'), data(1, 'c', END_STREAM));
  const { data: told } = user;
  user.data = (bytes) => {
    told.call(user, bytes);
    user.stream.hold();
  };
  for (const expected of ['a', 'ab', 'abc']) {
    user.stream.take();
    assert.equal(user.body, expected);
  }
  user.stream.take();
  assert.equal(user.events.at(-1), 'ended');
});

test('an answer that is whole before its request ends it with NO_ERROR, once it has left', () => {
  const recording = new RecordingSession();
  recording.receive(Buffer.from(PREFACE), initialWindow(2), post(1), post(3));
  for (const { stream } of recording.users) {
    stream.respond([':status', '403'], false);
    stream.send([Buffer.from('no!')], true, null);
    stream.refuseRest();
  }
  assert.equal(recording.sent(FrameType.Reset).length, 0);
  recording.receive(data(1, 'more'), data(3, 'more', END_STREAM), window(1, 1), window(3, 1));
  assert.deepEqual(
    recording.sent(FrameType.Reset).map(({ stream, payload }) => [stream, payload.readUInt32BE()]),
    [[1, ErrorCode.NoError]],
  );
  assert.deepEqual(
    recording.users.map(({ body }) => body),
    ['', ''],
  );
  assert.equal(recording.session.size, 0);
  recording.receive(data(1, 'still more'));
  assert.equal(recording.error, null);
});

test('of a stream that has gone nothing is sent, whoever says what', () => {
  const recording = RecordingSession.begun().receive(post(1));
  const { stream } = recording.users[0]!;
  recording.receive(frame(FrameType.Reset, 0, 1, uint32(8)));
  recording.output.length = 0;
  stream.interim([':status', '103']);
  stream.respond([':status', '200'], false);
  assert.equal(stream.send([Buffer.from('x')], true, null), true);
  stream.reset(ErrorCode.InternalError);
  stream.refuseRest();
  stream.take();
  assert.equal(recording.output.length, 0);
  assert.deepEqual(recording.users[0]!.events.slice(1), ['cut']);
  assert.equal(recording.drains, 1);
});

test('a head that is larger than a frame goes in several, and is read as one', () => {
  const recording = answering(0);
  recording.receive(headers(1));
  recording.users[0]!.stream.respond([':status', '200', 'x-large', 'v'.repeat(40_000)], true);
  const frames = recording.output.frames.filter(({ stream }) => stream === 1);
  assert.deepEqual(
    frames.map(({ type }) => type),
    [FrameType.Headers, FrameType.Continuation, FrameType.Continuation],
  );
  assert.deepEqual(
    frames.map(({ flags }) => flags),
    [END_STREAM, 0, END_HEADERS],
  );
});
