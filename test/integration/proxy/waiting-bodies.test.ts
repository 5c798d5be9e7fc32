/** What a client says while it waits for a server: hardly any of it is read, and all of it arrives once there is room. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { HTTP2_STREAM_WINDOW_BYTES, WAITING_BYTES } from '../../../src/proxy/limits.ts';
import { answerOf, Http2Client } from '../../support/http2-client.ts';
import { RawClient } from '../../support/raw-client.ts';
import { serve } from '../../support/serving.ts';
import { balancerConfig, pending, startBalancer } from '../../support/start-balancer.ts';
import { heldBySystem } from '../../support/system-sockets.ts';
import { steady, until } from '../../support/until.ts';

const skip = process.platform === 'linux' ? false : 'only Linux tells what its own buffers hold';
const READ_BYTES = 65_536;
/** Handed to the system one after the other, so that no more than one of them is neither here nor there. */
const PIECE_BYTES = 16_384;
const BODY = 'abcdefghij'.repeat(400_000);
const CONFIG = balancerConfig({
  limits: { requestsPerServer: 1, pendingTimeoutMs: 60_000 },
  failover: { replayBufferBytes: 0 },
});

interface Held {
  readonly target: string;
  readonly body: string;
  answer(): void;
}

/** A server that holds each request, once it is whole, until the test answers it with its target. */
async function holding() {
  const held: Held[] = [];
  const server = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = request.url ?? '';
    held.push({ target, body: Buffer.concat(chunks).toString('latin1'), answer: () => response.end(`<${target}>`) });
  });
  return { ...server, held };
}

/** Begins to say `wire`. The function tells how much of it has left the client and is not in the system's hands, so that the balancer has it. */
function say({ socket }: RawClient, wire: string, port: number): () => number {
  let given = 0;
  const next = (): void => {
    const piece = wire.slice(given, given + PIECE_BYTES);
    given += piece.length;
    if (piece !== '') socket.write(piece, 'latin1', next);
  };
  next();
  return () => given - heldBySystem(socket.localPort ?? 0, port);
}

function inChunks(body: string): string {
  const size = 100_000;
  const starts = Array.from({ length: body.length / size }, (_, each) => each * size);
  return `${starts.map((start) => `${size.toString(16)}\r\n${body.slice(start, start + size)}\r\n`).join('')}0\r\n\r\n`;
}

const PUT = 'PUT /second HTTP/1.1\r\nHost: shop\r\n';
const GET = (target: string) => `GET ${target} HTTP/1.1\r\nHost: shop\r\n\r\n`;
const BEHIND = Array.from({ length: 400 }, (_, each) => GET(`/${each}`).replace('\r\n\r\n', `\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`));

const SAID: Record<string, { readonly wire: string; readonly least: number; readonly most: number }> = {
  'a body with a length': {
    wire: `${PUT}Content-Length: ${BODY.length}\r\n\r\n${BODY}`,
    least: WAITING_BYTES,
    most: WAITING_BYTES + READ_BYTES,
  },
  'a body in chunks': {
    wire: `${PUT}Transfer-Encoding: chunked\r\n\r\n${inChunks(BODY)}`,
    least: WAITING_BYTES,
    most: WAITING_BYTES + READ_BYTES,
  },
  'requests behind it': { wire: GET('/second') + BEHIND.join(''), least: 1, most: READ_BYTES },
};

for (const [sentence, { wire, least, most }] of Object.entries(SAID)) {
  test(`${sentence}: hardly any of it is read while a request waits, and all of it arrives; again on the same connection`, {
    skip,
  }, async () => {
    await using server = await holding();
    await using started = await startBalancer([server.port], CONFIG);
    using client = await RawClient.connect(started.port);
    using other = await RawClient.connect(started.port);
    for (let round = 1; round <= 2; round++) {
      other.say(GET('/first'));
      await until(() => server.held.length === 1, 'the first is held');
      const taken = say(client, wire, started.port);
      await until(() => pending(started) === 1, 'the second waits');
      await steady(taken);
      assert.ok(taken() >= least && taken() <= 2 * (most + PIECE_BYTES), `${taken()} of ${wire.length} bytes were taken`);
      server.held.shift()?.answer();
      await until(() => server.held.length === 1, 'the second is whole');
      assert.ok(server.held[0]?.body === (wire.startsWith('PUT') ? BODY : ''), 'byte for byte');
      server.held.shift()?.answer();
      for (let each = 0; wire.startsWith('GET') && each < BEHIND.length; each++) {
        await until(() => server.held[0]?.target === `/${each}`, `/${each} is next`);
        server.held.shift()?.answer();
      }
      await client.hear(wire.startsWith('PUT') ? '</second>' : `</${BEHIND.length - 1}>`);
      client.heard = '';
    }
  });
}

test('of a body over HTTP/2 no more comes than a window while its request waits, and it arrives whole', async () => {
  await using server = await holding();
  await using started = await startBalancer([server.port], CONFIG);
  using first = await RawClient.connect(started.port);
  first.say(GET('/first'));
  await until(() => server.held.length === 1, 'the first is held');
  using client = await Http2Client.connect(started.port);
  const stream = client.request({ ':method': 'PUT', ':path': '/second' }, false);
  const answer = answerOf(stream);
  let given = 0;
  const body = Buffer.from(BODY, 'latin1');
  const sent = (async () => {
    for (; given < body.length; given += PIECE_BYTES) {
      if (!stream.write(body.subarray(given, given + PIECE_BYTES))) await once(stream, 'drain');
    }
    stream.end();
  })();
  await until(() => pending(started) === 1, 'the second waits');
  const socket = client.session.socket as Socket;
  await steady(() => socket.bytesWritten);
  const taken = socket.bytesWritten;
  const most = WAITING_BYTES + 2 * HTTP2_STREAM_WINDOW_BYTES;
  assert.ok(taken >= WAITING_BYTES && taken <= 2 * most, `${taken} of ${body.length} bytes were taken`);
  server.held.shift()?.answer();
  await sent;
  await until(() => server.held.length === 1, 'the second is whole');
  assert.ok(server.held[0]?.body === BODY, 'byte for byte');
  server.held.shift()?.answer();
  assert.equal((await answer).body, '</second>');
});

test('a body of which some had left for a server that failed arrives whole at the next one, however little is kept of a body', async () => {
  await using failing = await serve((request, response) => {
    if (request.method === 'PUT') request.socket.destroy();
    else response.setHeader('Connection', 'close').end();
  });
  await using server = await holding();
  const config = balancerConfig({
    limits: { requestsPerServer: 1, pendingTimeoutMs: 60_000 },
    failover: { replayBufferBytes: 10, retryMethods: 'Idempotent' },
  });
  await using started = await startBalancer([failing.port, server.port], config);
  using other = await RawClient.connect(started.port);
  while (server.held.length === 0) {
    other.say(GET('/first'));
    await until(() => server.held.length === 1 || other.heard.includes('\r\n\r\n'), 'somebody has it');
    other.heard = '';
  }
  using client = await RawClient.connect(started.port);
  client.say(`${PUT}Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n`);
  await until(() => pending(started) === 1, 'one server has failed it, and the other one is taken');
  client.say('11\r\n, and it goes on.\r\n0\r\n\r\n');
  await until(() => heldBySystem(client.socket.localPort ?? 0, started.port) === 0, 'the balancer has all of it');
  server.held.shift()?.answer();
  await until(() => server.held.length === 1, 'the second is whole');
  assert.equal(server.held[0]?.body, 'begun, and it goes on.');
  server.held.shift()?.answer();
  await client.hear('</second>');
});
