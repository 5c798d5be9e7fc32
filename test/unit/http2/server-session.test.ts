/** What a client may do, and what ends its stream or its connection (RFC 9113). */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ConnectionError, ErrorCode } from '../../../src/http2/codes.ts';
import { ACK, block, END_HEADERS, END_STREAM, FrameType, frame, GET_FIELDS, headers, PREFACE, uint32 } from '../../support/http2-frames.ts';
import { RecordingSession } from './recording-session.ts';

const PADDED = 8;
const PRIORITY = 0x20;
const WHOLE = END_HEADERS | END_STREAM;
const POST_FIELDS = [[':method', 'POST'], ...GET_FIELDS.slice(1)] as const;
const GET_LIST = ':method GET :scheme http :authority shop :path /';
const POST_LIST = ':method POST :scheme http :authority shop :path /';
const post = (stream: number) => headers(stream, POST_FIELDS, END_HEADERS);
const data = (stream: number, text: string | Buffer, flags = 0) => frame(FrameType.Data, flags, stream, text);
const settings = (...list: [number, number][]) =>
  frame(FrameType.Settings, 0, 0, Buffer.concat(list.flatMap(([name, value]) => [Buffer.from([0, name]), uint32(value)])));
const window = (stream: number, bytes: number) => frame(FrameType.WindowUpdate, 0, stream, uint32(bytes));
const reset = (stream: number) => frame(FrameType.Reset, 0, stream, uint32(8));

test('we say how many streams we take and how large a head, and open the window of the connection', () => {
  const { output } = new RecordingSession();
  const [first, second] = output.frames;
  assert.equal(first?.type, FrameType.Settings);
  assert.deepEqual([...first.payload], [0, 3, 0, 0, 0, 4, 0, 6, 0, 0, 3, 232]);
  assert.deepEqual([second?.type, second?.stream, second?.payload.readUInt32BE()], [FrameType.WindowUpdate, 0, 1_048_576 - 65_535]);
});

test('a request and its answer are the same whole and byte by byte', () => {
  const bytes = Buffer.concat([
    Buffer.from(PREFACE),
    settings([4, 100_000]),
    headers(1, POST_FIELDS, 0),
    frame(FrameType.Continuation, 0, 1, block([['x', 'y']])),
    frame(FrameType.Continuation, END_HEADERS, 1),
    data(1, 'abc'),
    frame(0x77, 0xff, 5, 'not known to us'),
    data(1, '\x02def..', PADDED),
    headers(1, [['t', 'u']], WHOLE),
    headers(3),
  ]);
  for (const size of [bytes.length, 1, 2, 7, 10, 64]) {
    const recording = new RecordingSession();
    for (let at = 0; at < bytes.length; at += size) recording.receive(bytes.subarray(at, at + size));
    assert.deepEqual(
      recording.users.map(({ events }) => events),
      [[`begin ${POST_LIST} x y`, 'data abc', 'data def', 'trailers t u', 'ended'], [`begin ${GET_LIST} ended`]],
      `in pieces of ${size}`,
    );
    const { stream } = recording.users[0]!;
    stream.respond([':status', '200'], false);
    assert.equal(stream.send([Buffer.from('hello')], true, ['a', 'b']), true);
    assert.deepEqual(
      recording.output.frames.filter((each) => each.stream === 1).map(({ type, flags }) => [type, flags]),
      [
        [FrameType.Headers, END_HEADERS],
        [FrameType.Data, 0],
        [FrameType.Headers, WHOLE],
      ],
    );
    assert.equal(recording.session.size, 1);
    assert.equal(recording.error, null);
  }
});

suite('what breaks a rule of the connection ends it with GOAWAY, and cuts what was open', () => {
  const { ProtocolError, FrameSizeError, FlowControlError, StreamClosed, CompressionError, EnhanceYourCalm } = ErrorCode;
  const rows: Record<string, readonly [code: number, ...frames: Buffer[]]> = {
    'DATA of the connection': [ProtocolError, data(0, 'x')],
    'DATA of a stream that is not open': [ProtocolError, data(3, 'x')],
    'DATA of an even stream': [ProtocolError, data(2, 'x')],
    'DATA after the end': [StreamClosed, headers(3), data(3, 'x')],
    'DATA after RST_STREAM': [StreamClosed, reset(1), data(1, 'x')],
    'DATA shorter than its padding': [ProtocolError, data(1, '\x03ab', PADDED)],
    'DATA padded, without a byte': [ProtocolError, data(1, '', PADDED)],
    'HEADERS of the connection': [ProtocolError, headers(0)],
    'HEADERS of an even stream': [ProtocolError, headers(2)],
    'HEADERS of a stream before the last': [StreamClosed, headers(5), headers(3)],
    'HEADERS after the end': [StreamClosed, headers(3), headers(3)],
    'HEADERS in the middle of a body that end nothing': [ProtocolError, headers(1, [['a', 'b']], END_HEADERS)],
    'HEADERS shorter than their padding': [ProtocolError, frame(FrameType.Headers, WHOLE | PADDED, 3, '\x05ab')],
    'HEADERS shorter than their priority': [FrameSizeError, frame(FrameType.Headers, WHOLE | PRIORITY, 3, 'abcd')],
    'HEADERS that depend on themselves': [
      ProtocolError,
      frame(FrameType.Headers, WHOLE | PRIORITY, 3, Buffer.concat([uint32(3), Buffer.from([1]), block(GET_FIELDS)])),
    ],
    'HEADERS that are no HPACK': [CompressionError, frame(FrameType.Headers, WHOLE, 3, Buffer.from([0x80]))],
    'another frame between those of a head': [ProtocolError, headers(3, GET_FIELDS, END_STREAM), frame(FrameType.Ping, 0, 0, '12345678')],
    'a frame of no known type there': [ProtocolError, headers(3, GET_FIELDS, END_STREAM), frame(0x99, 0, 0)],
    'CONTINUATION of another stream': [ProtocolError, headers(3, GET_FIELDS, END_STREAM), frame(FrameType.Continuation, END_HEADERS, 1)],
    'CONTINUATION of nothing': [ProtocolError, frame(FrameType.Continuation, END_HEADERS, 1)],
    'a head without end': [
      EnhanceYourCalm,
      headers(3, GET_FIELDS, END_STREAM),
      ...Array.from({ length: 20 }, () => frame(FrameType.Continuation, 0, 3, Buffer.alloc(1_000))),
    ],
    'PRIORITY of the connection': [ProtocolError, frame(FrameType.Priority, 0, 0, 'abcde')],
    'PRIORITY of a wrong size': [FrameSizeError, frame(FrameType.Priority, 0, 1, 'abcd')],
    'PRIORITY on itself': [ProtocolError, frame(FrameType.Priority, 0, 9, Buffer.concat([uint32(9), Buffer.from([1])]))],
    'RST_STREAM of the connection': [ProtocolError, reset(0)],
    'RST_STREAM of a stream that is not open': [ProtocolError, reset(9)],
    'RST_STREAM of a wrong size': [FrameSizeError, frame(FrameType.Reset, 0, 1, 'abc')],
    'SETTINGS of a stream': [ProtocolError, frame(FrameType.Settings, 0, 1)],
    'SETTINGS of a wrong size': [FrameSizeError, frame(FrameType.Settings, 0, 0, 'abcde')],
    'SETTINGS that answer with something': [FrameSizeError, frame(FrameType.Settings, ACK, 0, 'abcdef')],
    'ENABLE_PUSH of 2': [ProtocolError, settings([2, 2])],
    'an initial window that is too large': [FlowControlError, settings([4, 2 ** 31])],
    'a frame size that is too small': [ProtocolError, settings([5, 16_383])],
    'a frame size that is too large': [ProtocolError, settings([5, 2 ** 24])],
    'an initial window that makes one of a stream too large': [FlowControlError, window(1, 2 ** 31 - 1 - 65_535), settings([4, 65_536])],
    PUSH_PROMISE: [ProtocolError, frame(FrameType.PushPromise, END_HEADERS, 1, uint32(2))],
    'PING of a stream': [ProtocolError, frame(FrameType.Ping, 0, 1, '12345678')],
    'PING of a wrong size': [FrameSizeError, frame(FrameType.Ping, 0, 0, '1234567')],
    'GOAWAY of a stream': [ProtocolError, frame(FrameType.Goaway, 0, 1, '12345678')],
    'GOAWAY of a wrong size': [FrameSizeError, frame(FrameType.Goaway, 0, 0, '1234567')],
    'WINDOW_UPDATE of nothing': [ProtocolError, window(1, 0)],
    'WINDOW_UPDATE of a wrong size': [FrameSizeError, frame(FrameType.WindowUpdate, 0, 0, 'abc')],
    'WINDOW_UPDATE of a stream that is not open': [ProtocolError, window(3, 1)],
    'a window of the connection that overflows': [FlowControlError, window(0, 2 ** 31 - 1)],
    'a frame that is too large': [FrameSizeError, frame(FrameType.Data, 0, 1, Buffer.alloc(16_385))],
  };
  for (const [name, [code, ...frames]] of Object.entries(rows)) {
    test(name, () => {
      const recording = RecordingSession.begun().receive(post(1));
      recording.output.length = 0;
      recording.receive(...frames, headers(21));
      assert.equal(recording.error?.code, code, recording.error?.message);
      const goaway = recording.sent(FrameType.Goaway);
      assert.deepEqual(
        goaway.map(({ payload }) => payload.readUInt32BE(4)),
        [code],
      );
      assert.equal(recording.users[0]?.events.at(-1), 'cut');
      assert.ok(
        recording.users.every(({ stream }) => stream.id !== 21),
        'what comes behind it is not read',
      );
      assert.equal(recording.session.size, 0);
      recording.receive(headers(23));
      assert.equal(recording.sent(FrameType.Goaway).length, 1);
    });
  }
});

test('more of a body than the window of its stream, while nobody takes it, ends the connection', () => {
  const recording = RecordingSession.begun().receive(post(1));
  recording.users[0]!.stream.hold();
  recording.receive(
    data(1, Buffer.alloc(16_384)),
    data(1, Buffer.alloc(16_384)),
    data(1, Buffer.alloc(16_384)),
    data(1, Buffer.alloc(16_383)),
  );
  assert.equal(recording.error, null);
  recording.receive(data(1, 'x'));
  assert.equal((recording.error as ConnectionError | null)?.code, ErrorCode.FlowControlError);
});

test('what does not begin with the preface, or goes on with something other than SETTINGS, is no connection', () => {
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSX', Buffer.concat([Buffer.from(PREFACE), headers(1)])]) {
    const recording = new RecordingSession().receive(Buffer.from(bytes));
    assert.equal(recording.error?.code, ErrorCode.ProtocolError);
    assert.equal(recording.users.length, 0);
  }
});

test('what may cross on its way with our RST_STREAM is passed over, and counts for the window of the connection all the same', () => {
  const recording = RecordingSession.begun().receive(post(1));
  recording.users[0]!.stream.reset(ErrorCode.InternalError);
  recording.output.length = 0;
  for (let sent = 0; sent < 600_000; sent += 15_000) recording.receive(data(1, Buffer.alloc(15_000)));
  recording.receive(headers(1, [['a', 'b']], WHOLE), window(1, 5), reset(1));
  assert.equal(recording.error, null);
  assert.deepEqual(recording.users[0]!.events, [`begin ${POST_LIST}`]);
  const given = recording.sent(FrameType.WindowUpdate, 0).reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
  assert.ok(given >= 524_288 && given <= 600_000, `${given}`);
});

test('a stream that is cut in the read that opened it begins nowhere, and counts', () => {
  const recording = RecordingSession.begun().receive(headers(1), reset(1), headers(3));
  assert.deepEqual(
    recording.users.map(({ stream }) => stream.id),
    [3],
  );
  assert.equal(recording.cuts, 1);
});

test('a head may come in frames of several reads', () => {
  const recording = RecordingSession.begun().receive(headers(1, GET_FIELDS, END_STREAM));
  recording.receive(frame(FrameType.Continuation, 0, 1, block([['a', 'b']])));
  recording.receive(frame(FrameType.Continuation, END_HEADERS, 1, block([['c', 'd']])));
  assert.deepEqual(recording.users[0]?.events, [`begin ${GET_LIST} a b c d ended`]);
});

test('what is unfinished is told, and one thing from the next; the midst of DATA is none of it', () => {
  const recording = new RecordingSession();
  const after = (...parts: readonly Buffer[]) => recording.receive(...parts).session.unfinished;
  const opening = recording.session.unfinished;
  assert.ok(opening >= 0);
  assert.deepEqual([after(Buffer.from(PREFACE)), after(settings().subarray(0, 5))], [opening, opening]);
  assert.equal(after(settings().subarray(5)), -1);
  const head = after(post(1).subarray(0, 12));
  assert.ok(head > opening);
  assert.equal(after(post(1).subarray(12, 20)), head);
  const body = data(1, 'hello');
  assert.equal(after(post(1).subarray(20), body.subarray(0, 9)), -1);
  assert.equal(after(body.subarray(9, 11)), -1);
  const next = after(body.subarray(11), headers(3, GET_FIELDS, END_STREAM));
  assert.ok(next > head);
  assert.equal(after(frame(FrameType.Continuation, 0, 3, block([['a', 'b']]))), next);
  const other = after(frame(FrameType.Continuation, END_HEADERS, 3), data(1, 'x').subarray(0, 8));
  assert.ok(other > next);
  assert.equal(after(data(1, 'x').subarray(8)), -1);
});

test('more streams than allowed are refused, and their heads are read for the table', () => {
  const recording = RecordingSession.begun({ streams: 1 }).receive(post(1));
  // Into the dynamic table, of which the next head makes use.
  const indexed = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('a'), Buffer.from([1]), Buffer.from('b')]);
  recording.receive(frame(FrameType.Headers, WHOLE, 3, Buffer.concat([block(GET_FIELDS), indexed])));
  assert.deepEqual(
    recording.sent(FrameType.Reset, 3).map(({ payload }) => payload.readUInt32BE()),
    [ErrorCode.RefusedStream],
  );
  assert.equal(recording.cuts, 1);
  recording.receive(reset(1), frame(FrameType.Headers, WHOLE, 5, Buffer.concat([block(GET_FIELDS), Buffer.from([0x80 | 62])])));
  assert.deepEqual(recording.users.at(-1)?.events, [`begin ${GET_LIST} a b ended`]);
});

test('a head that is too large is told as cut off, and the next one is read', () => {
  const recording = RecordingSession.begun({ headFields: 5 });
  recording.receive(headers(1, [...GET_FIELDS, ['a', 'b'], ['c', 'd']]), headers(3));
  assert.deepEqual(
    recording.users.map(({ events }) => events[0]),
    [`begin ${GET_LIST} a b ended truncated`, `begin ${GET_LIST} ended`],
  );
});

test('an end that is announced refuses nothing, the one after it all that is new', () => {
  const recording = RecordingSession.begun().receive(post(1));
  recording.session.announceEnd();
  recording.receive(headers(3));
  recording.session.refuseMore();
  recording.session.refuseMore();
  recording.receive(headers(5), post(7), data(7, 'x', END_STREAM), data(1, 'y', END_STREAM));
  assert.deepEqual(
    recording.sent(FrameType.Goaway).map(({ payload }) => payload.readUInt32BE()),
    [2 ** 31 - 1, 3],
  );
  assert.deepEqual(
    recording.users.map(({ stream }) => stream.id),
    [1, 3],
  );
  assert.deepEqual(recording.users[0]!.events.slice(1), ['data y', 'ended']);
  assert.equal(recording.error, null);
});

test('PING is answered with what it said, SETTINGS with an answer, and each counts as work', () => {
  const recording = RecordingSession.begun();
  const before = recording.controls;
  recording.receive(
    frame(FrameType.Ping, 0, 0, 'abcdefgh'),
    frame(FrameType.Ping, ACK, 0, '12345678'),
    settings([1, 0]),
    frame(FrameType.Settings, ACK, 0),
  );
  assert.deepEqual(
    recording.sent(FrameType.Ping).map(({ flags, payload }) => [flags, payload.toString()]),
    [[ACK, 'abcdefgh']],
  );
  assert.equal(recording.sent(FrameType.Settings).length, 1);
  assert.equal(recording.controls - before, 4);
});
