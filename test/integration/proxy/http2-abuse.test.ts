/** Clients of HTTP/2 that break its rules, or keep them and mean harm: cases 19 and 25 to 34. Each time another client goes on unhurt. */
import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { test } from 'node:test';
import { Http2Client } from '../../support/http2-client.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  FrameClient,
  FrameType,
  frame,
  framesIn,
  GET_FIELDS,
  headers,
  PREFACE,
  uint32,
} from '../../support/http2-frames.ts';
import { RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;
const MEGABYTE = 1_048_576;
/** Far more than any of these clients may make us hold, and far less than they send or ask for. */
const FLAT = 48 * MEGABYTE;

type Fields = readonly (readonly [string, string])[];
const turn = () => new Promise((resolve) => setImmediate(resolve));
const post = (stream: number, length: string | null) =>
  headers(
    stream,
    [[':method', 'POST'], ...GET_FIELDS.slice(1), ...(length === null ? [] : [['content-length', length] as const])],
    END_HEADERS,
  );

/** Sends `part(n)` again and again until the connection has ended or GOAWAY has come; how often it was sent. */
async function flood(client: FrameClient, part: (n: number) => Buffer, most: number): Promise<number> {
  let sent = 0;
  while (sent < most && client.raw.ended === 'no' && client.goaway === null) {
    client.send(part(sent++));
    if (client.raw.socket.writableNeedDrain || sent % 8 === 0) await turn();
  }
  return sent;
}

async function withBystander(run: (client: FrameClient, server: ScriptedServer) => Promise<void>, port?: number): Promise<void> {
  await using server = await ScriptedServer.start((request, reply) => {
    if (request.target !== '/held') reply.send('fine');
  });
  await using started = await startBalancer([port ?? server.port]);
  using bystander = await Http2Client.connect(started.port);
  assert.equal((await bystander.ask()).body, 'fine');
  using client = await FrameClient.connect(started.port);
  const before = process.memoryUsage().rss;
  await run(client, server);
  assert.ok(process.memoryUsage().rss - before < FLAT, 'memory is flat');
  assert.equal((await bystander.ask()).body, 'fine', 'another client is unhurt');
}

const reset = (stream: number) => frame(FrameType.Reset, 0, stream, uint32(constants.NGHTTP2_CANCEL));
const HELD: Fields = [...GET_FIELDS.slice(0, 3), [':path', '/held']];
const ended = (client: FrameClient) => until(() => client.raw.ended !== 'no', 'the connection ends');

/** With the window for an answer, so that no stream waits for that. */
const refusedTrailers = (stream: number, trailers: Fields) =>
  Buffer.concat([post(stream, null), headers(stream, trailers), frame(FrameType.WindowUpdate, 0, 0, uint32(1_000))]);

/** What is sent again and again, and the code with which the connection then ends: that of the rule, where each of them breaks one. */
const FLOODS: Record<string, readonly [(n: number) => Buffer, number]> = {
  '[25] rapid reset': [(n) => Buffer.concat([headers(2 * n + 1, HELD), reset(2 * n + 1)]), CALM],
  '[26] made-you-reset, by a length that the body does not keep': [
    (n) => Buffer.concat([post(2 * n + 1, '9'), frame(FrameType.Data, END_STREAM, 2 * n + 1, 'short')]),
    CALM,
  ],
  '[26] made-you-reset, by a WINDOW_UPDATE of nothing': [
    (n) => Buffer.concat([headers(2 * n + 1, HELD), frame(FrameType.WindowUpdate, 0, 2 * n + 1, uint32(0))]),
    constants.NGHTTP2_PROTOCOL_ERROR,
  ],
  '[26] made-you-reset, by a window that overflows': [
    (n) => Buffer.concat([headers(2 * n + 1, HELD), frame(FrameType.WindowUpdate, 0, 2 * n + 1, uint32(0x7fffffff))]),
    CALM,
  ],
  '[26] made-you-reset, by DATA after the end': [
    (n) => Buffer.concat([headers(2 * n + 1, HELD), frame(FrameType.Data, 0, 2 * n + 1, 'more')]),
    constants.NGHTTP2_STREAM_CLOSED,
  ],
  '[26] made-you-reset, by trailers that are malformed': [(n) => refusedTrailers(2 * n + 1, [[':path', '/']]), CALM],
  '[26] made-you-reset, by trailers that are too many': [(n) => refusedTrailers(2 * n + 1, Array(200).fill(['x', 'y'])), CALM],
  '[28] PING': [() => frame(FrameType.Ping, 0, 0, '12345678'), CALM],
  '[28] SETTINGS': [() => frame(FrameType.Settings, 0, 0), CALM],
};

for (const [name, [part, code]] of Object.entries(FLOODS)) {
  test(`${name}: the connection ends with GOAWAY, and the servers get a bounded number of requests`, async () => {
    await withBystander(async (client, server) => {
      const sent = await flood(client, part, 20_000);
      await ended(client);
      assert.ok(sent < 20_000);
      // A reset for bytes that nobody reads any more can overtake the GOAWAY.
      if (client.goaway !== null || client.raw.ended === 'end') assert.equal(client.goaway, code);
      assert.ok(server.requests.length < 400, `${server.requests.length} requests`);
    });
  });
}

test('[25] a stream that is reset in the read that opened it reaches no server', async () => {
  await withBystander(async (client, server) => {
    const pairs = Array.from({ length: 100 }, (_, n) => Buffer.concat([headers(2 * n + 1, HELD), reset(2 * n + 1)]));
    client.send(...pairs, headers(201));
    await until(() => client.of(FrameType.Data, 201).length > 0, 'the last stream is answered');
    assert.equal(server.requests.filter(({ target }) => target === '/held').length, 0);
  });
});

test('a client that cuts fewer streams than it lets finish is no abuser', async () => {
  await withBystander(async (client) => {
    for (let n = 0; n < 1_000; n += 2) {
      client.send(headers(2 * n + 1, HELD), headers(2 * n + 3), reset(2 * n + 1));
      await until(() => client.raw.heard.length > 0 && client.raw.ended === 'no', 'it goes on');
      if (n % 50 === 0) await until(() => client.of(FrameType.Data, 2 * n + 3).length > 0, 'the other one is answered');
    }
    assert.equal(client.goaway, null);
  });
});

test('[27] CONTINUATION without end: the connection ends', async () => {
  await withBystander(async (client, server) => {
    client.send(frame(FrameType.Headers, END_STREAM, 1, block(HELD)));
    const sent = await flood(client, (n) => frame(FrameType.Continuation, 0, 1, block([[`x-${n}`, 'y'.repeat(1_000)]])), 20_000);
    await ended(client);
    assert.ok(sent < 20_000);
    assert.deepEqual(server.requests.length, 1);
  });
});

test('[28] DATA without data: the connection ends', async () => {
  await withBystander(async (client) => {
    client.send(post(1, null));
    const sent = await flood(client, () => frame(FrameType.Data, 0, 1), 20_000);
    await ended(client);
    assert.ok(sent < 20_000);
  });
});

test('[28] PINGs whose answers are not read: the connection ends, or nothing is held for it', async () => {
  await withBystander(async (client) => {
    client.raw.socket.pause();
    for (let n = 0; n < 200; n++) {
      client.send(...Array(500).fill(frame(FrameType.Ping, 0, 0, '12345678')));
      await turn();
    }
    client.raw.socket.resume();
    await ended(client);
  });
});

test('[29] a window of the connection that overflows: FLOW_CONTROL_ERROR', async () => {
  await withBystander(async (client) => {
    client.send(frame(FrameType.WindowUpdate, 0, 0, uint32(0x7fffffff)));
    await ended(client);
    assert.equal(client.goaway, constants.NGHTTP2_FLOW_CONTROL_ERROR);
  });
});

test('[30] a large field named a thousand times from the HPACK table: refused, and memory stays flat', async () => {
  await withBystander(async (client, server) => {
    const large = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from('a'),
      Buffer.from([127, 0xc0, 0x1e]),
      Buffer.alloc(127 + 0x40 + 0x1e * 128, 'b'),
    ]);
    client.send(frame(FrameType.Headers, END_STREAM | END_HEADERS, 1, Buffer.concat([block(GET_FIELDS), large])));
    // 62 is the newest entry of the dynamic table.
    const bomb = Buffer.concat([block(HELD), Buffer.alloc(8_000, 0x80 | 62)]);
    for (let stream = 3; stream < 203; stream += 2) client.send(frame(FrameType.Headers, END_STREAM | END_HEADERS, stream, bomb));
    const last = () => client.of(FrameType.Data, 201).at(-1)?.payload.toString() ?? '';
    await until(() => client.raw.ended !== 'no' || last() !== '', 'it is refused');
    if (client.raw.ended === 'no') assert.match(last(), /^431 /);
    assert.equal(server.requests.filter(({ target }) => target === '/held').length, 0);
  });
});

test('[19] heads that are too large, or have too many fields, are refused', async () => {
  await using server = await ScriptedServer.start(named('fine'));
  await using started = await startBalancer([server.port]);
  using client = await FrameClient.connect(started.port);
  const many = Array.from({ length: 130 }, (_, n) => [`x-${n}`, 'y'] as const);
  client.send(headers(1, [...GET_FIELDS, ...many]));
  const large = block([...GET_FIELDS, ...Array.from({ length: 40 }, (_, n) => [`x-${n}`, 'y'.repeat(900)] as const)]);
  client.send(frame(FrameType.Headers, END_STREAM, 3, large.subarray(0, 16_000)));
  client.send(
    frame(FrameType.Continuation, 0, 3, large.subarray(16_000, 32_000)),
    frame(FrameType.Continuation, END_HEADERS, 3, large.subarray(32_000)),
  );
  client.send(headers(5));
  await until(() => client.of(FrameType.Data, 5).length > 0, 'the next request is answered');
  for (const stream of [1, 3]) {
    await until(() => client.of(FrameType.Data, stream).length > 0, `stream ${stream} is answered`);
    assert.match(client.of(FrameType.Data, stream)[0]!.payload.toString(), /^431 /);
  }
  assert.equal(server.requests.length, 1);
});

test('[31] a client that opens no window is reset after a time, and the server is not read for it meanwhile', async () => {
  let written = 0;
  await using server = await ScriptedServer.start((_request, reply) => {
    reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    const more = () => {
      while (written < 100_000_000 && reply.socket.writable) {
        written += 65_536;
        if (!reply.socket.write(Buffer.alloc(65_536))) return void reply.socket.once('drain', more);
      }
    };
    more();
  });
  await using started = await startBalancer([server.port], balancerConfig({ limits: { writeTimeoutMs: 600 } }));
  using client = await FrameClient.connect(started.port);
  const noWindow = Buffer.concat([Buffer.from([0, 4]), uint32(0)]);
  client.send(frame(FrameType.Settings, 0, 0, noWindow), headers(1));
  await until(() => client.resetCode(1) !== null, 'it is reset');
  assert.notEqual(client.resetCode(1), constants.NGHTTP2_NO_ERROR);
  assert.ok(written < 20_000_000, `${written} bytes`);
  assert.equal(client.of(FrameType.Data, 1).length, 0);
});

test('a body that drips is answered with 408', async () => {
  await using server = await RecordingServer.start();
  await using started = await startBalancer([server.port], balancerConfig({ limits: { bodyTimeoutMs: 300 } }));
  using client = await FrameClient.connect(started.port);
  client.send(post(1, '1000'), frame(FrameType.Data, 0, 1, 'x'));
  await until(() => client.of(FrameType.Data, 1).length > 0, 'an answer');
  assert.match(client.of(FrameType.Data, 1)[0]!.payload.toString(), /^408 /);
  assert.match(server.received, /x$/);
});

for (const [sentence, length, data] of [
  ['ends short of its length', '10', '12345'],
  ['goes on past its length', '4', '12345'],
] as const) {
  test(`[32] a body that ${sentence}: the stream is reset, the connection to the server destroyed, and no other request is made of it`, async () => {
    await using server = await RecordingServer.start();
    await using started = await startBalancer([server.port]);
    using client = await FrameClient.connect(started.port);
    client.send(post(1, length));
    await until(() => server.received.includes('\r\n\r\n'), 'the head at the server');
    client.send(frame(FrameType.Data, END_STREAM, 1, data));
    const code = () => client.resetCode(1) ?? client.goaway;
    await until(() => code() !== null, 'it is reset, or the connection with it');
    assert.notEqual(code(), constants.NGHTTP2_NO_ERROR);
    await until(() => server.recordings[0]?.ended !== 'no', 'the connection to the server ends');
    assert.ok(server.received.split('\r\n\r\n')[1]!.length <= Number(length));
  });
}

const replaced = (name: string, value: string): Fields => GET_FIELDS.map((each) => (each[0] === name ? [name, value] : each));
const MALFORMED: Record<string, Fields> = {
  'Transfer-Encoding': [...GET_FIELDS, ['transfer-encoding', 'chunked']],
  Connection: [...GET_FIELDS, ['connection', 'close']],
  'Keep-Alive': [...GET_FIELDS, ['keep-alive', '5']],
  'Proxy-Connection': [...GET_FIELDS, ['proxy-connection', 'keep-alive']],
  Upgrade: [...GET_FIELDS, ['upgrade', 'websocket']],
  'HTTP2-Settings': [...GET_FIELDS, ['http2-settings', 'AAMAAABk']],
  'TE other than trailers': [...GET_FIELDS, ['te', 'gzip']],
  'an upper-case name': [...GET_FIELDS, ['X', 'a']],
  'no path': GET_FIELDS.filter(([name]) => name !== ':path'),
  'an empty path': replaced(':path', ''),
  'a path with a space': replaced(':path', '/ HTTP/1.1'),
  'a path with CR LF': replaced(':path', '/\r\nx: y'),
  'a path with a fragment': replaced(':path', '/a#b'),
  'a path without a slash': replaced(':path', 'a'),
  'a path that is an URI': replaced(':path', 'http://other/'),
  'GET *': replaced(':path', '*'),
  'no scheme': GET_FIELDS.filter(([name]) => name !== ':scheme'),
  'a bad scheme': replaced(':scheme', 'ht tp'),
  'another scheme': replaced(':scheme', 'ftp'),
  'no method': GET_FIELDS.filter(([name]) => name !== ':method'),
  'a method with a space': replaced(':method', 'GET /evil'),
  'a method twice': [[':method', 'GET'], ...GET_FIELDS],
  'a pseudo-header after a field': [...GET_FIELDS.slice(0, 3), ['x', 'a'], [':path', '/']],
  'an unknown pseudo-header': [...GET_FIELDS, [':evil', 'a']],
  ':status': [[':status', '200'], ...GET_FIELDS],
  'an authority with a user': replaced(':authority', 'me@shop'),
  'an authority with a space': replaced(':authority', 'shop evil'),
  'Host other than :authority': [...GET_FIELDS, ['host', 'other']],
  'no host at all': GET_FIELDS.filter(([name]) => name !== ':authority'),
  'Content-Length twice': [...GET_FIELDS, ['content-length', '0'], ['content-length', '0']],
  'Content-Length that is no number': [...GET_FIELDS, ['content-length', '+0']],
  'a length and no body': [...GET_FIELDS, ['content-length', '3']],
  ':protocol': [[':method', 'CONNECT'], ...GET_FIELDS.slice(1), [':protocol', 'websocket']],
  'CR LF in a value': [...GET_FIELDS, ['x-bad', 'a\r\nInjected: yes']],
  'LF in a value': [...GET_FIELDS, ['x-bad', 'a\nInjected: yes']],
  'NUL in a value': [...GET_FIELDS, ['x-bad', 'a\0b']],
  'white space around a value': [...GET_FIELDS, ['x-bad', ' a']],
  'a colon in a name': [...GET_FIELDS, ['x-bad:y', 'a']],
  'CR LF in a name': [...GET_FIELDS, ['x-bad\r\ninjected', 'a']],
  'CR LF in a name that begins like one of ours': [...GET_FIELDS, ['x-forwarded-a\r\ninjected', 'a']],
  'an empty name': [...GET_FIELDS, ['', 'x-bad']],
};

test('[33] malformed requests are reset or answered with 400, and not a byte of them reaches a server', async (context) => {
  await using server = await RecordingServer.start((recording) =>
    recording.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1'),
  );
  await using started = await startBalancer([server.port], balancerConfig({ strategy: 'RoundRobin' }));
  for (const [name, fields] of Object.entries(MALFORMED)) {
    await context.test(name, async () => {
      using client = await FrameClient.connect(started.port);
      const before = server.received.length;
      client.send(headers(1, fields));
      const answered = () => client.of(FrameType.Data, 1).length > 0;
      await until(() => client.raw.ended !== 'no' || client.resetCode(1) !== null || answered(), 'it is refused');
      if (answered()) {
        const [, status] = /^(400|501) /.exec(client.of(FrameType.Data, 1)[0]!.payload.toString()) ?? [];
        assert.ok(status, 'answered with 400 or 501');
        if (status === '400') {
          await until(() => client.resetCode(1) !== null, 'its stream ends');
          assert.equal(client.resetCode(1), constants.NGHTTP2_PROTOCOL_ERROR);
        }
      }
      assert.equal(server.received.slice(before), '');
    });
  }
  using client = await FrameClient.connect(started.port);
  client.send(headers(1, [...GET_FIELDS, ['te', 'trailers']]));
  await until(() => client.of(FrameType.Data, 1).length > 0, 'a proper one is answered');
});

const IMPATIENT = balancerConfig({ limits: { headerTimeoutMs: 300 } });
const TRICKLE_MS = 50;

/** Sends `parts` one by one, never so slowly that nothing comes for a time, until they are all sent or the client is gone. */
function trickle(client: RawClient, parts: readonly Buffer[]): Disposable {
  let next = 0;
  const timer = setInterval(() => {
    const part = parts[next++];
    if (part && client.ended === 'no') client.say(part);
  }, TRICKLE_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const inBytes = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]));

/** What never becomes whole. */
const UNFINISHED: Record<string, readonly Buffer[]> = {
  'HEADERS that wait for their CONTINUATION': [frame(FrameType.Headers, END_STREAM, 3, block(GET_FIELDS))],
  'a head in many small pieces': [
    frame(FrameType.Headers, END_STREAM, 3, block(GET_FIELDS)),
    ...Array.from({ length: 100 }, (_, n) => frame(FrameType.Continuation, 0, 3, block([[`x-${n}`, 'y']]))),
  ],
  'a HEADERS frame byte by byte': inBytes(headers(3, [...GET_FIELDS, ['x', 'y'.repeat(200)]])),
  'the beginning of a frame': [Buffer.from([0, 0])],
  'a PING that does not end': [frame(FrameType.Ping, 0, 0, '12345678').subarray(0, 12)],
  'DATA in the midst of a head': [
    frame(FrameType.Headers, END_STREAM, 3, block(GET_FIELDS)),
    frame(FrameType.Data, 0, 1, 'x'.repeat(100)).subarray(0, 20),
  ],
};

for (const [what, parts] of Object.entries(UNFINISHED)) {
  test(`[34] ${what}: over headerTimeout the connection ends, whatever other streams are open`, async () => {
    await using server = await ScriptedServer.start(() => {});
    await using started = await startBalancer([server.port], IMPATIENT);
    using client = await FrameClient.connect(started.port);
    client.send(headers(1, HELD));
    await until(() => server.requests.length === 1, 'another stream is open');
    using _ = trickle(client.raw, parts);
    await ended(client);
    if (client.goaway !== null || client.raw.ended === 'end') assert.equal(client.goaway, CALM);
    assert.equal(failures(started).HeadTimeout, 1);
    assert.equal(failures(started).Refused, undefined);
    assert.equal(server.requests.length, 1);
  });
}

for (const [what, parts] of Object.entries({
  'a preface and nothing else': [Buffer.from(PREFACE)],
  'a preface, and SETTINGS that do not end': [Buffer.from(PREFACE), ...inBytes(frame(FrameType.Settings, 0, 0, Buffer.alloc(600)))],
})) {
  test(`[34] ${what}: over headerTimeout the connection ends`, async () => {
    await using started = await startBalancer([], IMPATIENT);
    using client = await RawClient.connect(started.port);
    using _ = trickle(client, parts);
    const heard = framesIn(Buffer.from(await client.all(), 'latin1'));
    if (client.ended === 'end') assert.equal(heard.find(({ type }) => type === FrameType.Goaway)?.payload.readUInt32BE(4), CALM);
    assert.deepEqual(failures(started), { HeadTimeout: 1 });
  });
}

test('a slow body, and heads of which each takes less than headerTimeout, are not cut by it', async () => {
  await using server = await ScriptedServer.start((_request, reply) => reply.send('fine'));
  await using started = await startBalancer([server.port], IMPATIENT);
  using slow = await FrameClient.connect(started.port);
  using busy = await FrameClient.connect(started.port);
  const data = frame(FrameType.Data, END_STREAM, 1, 'hello');
  slow.send(post(1, '5'), data.subarray(0, 10));
  // Each read ends one head, and begins another one.
  const heads = Array.from({ length: 200 }, (_, n) => headers(2 * n + 1));
  const cut = [Buffer.alloc(0), ...heads].map((head, n) =>
    Buffer.concat([head.subarray(Math.min(head.length, 5)), heads[n]?.subarray(0, 5) ?? Buffer.alloc(0)]),
  );
  using _ = trickle(busy.raw, cut);
  // Tells when the time is over for what both have begun.
  using late = await RawClient.connect(started.port);
  await late.say(PREFACE).all();
  slow.send(data.subarray(10));
  await until(() => slow.of(FrameType.Data, 1).length > 0, 'the slow body is answered');
  await until(() => busy.of(FrameType.Data, 15).length > 0 || busy.raw.ended !== 'no', 'requests are answered on');
  assert.deepEqual([slow.goaway, busy.goaway, busy.raw.ended], [null, null, 'no']);
  assert.deepEqual(failures(started), { HeadTimeout: 1 });
});
