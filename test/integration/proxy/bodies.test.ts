import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { serve } from '../../support/serving.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const MEGABYTE = Buffer.alloc(1_048_576, 'm');

async function bytesOf(stream: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += (chunk as Buffer).length;
  return bytes;
}

async function answerTo(
  port: number,
  options: { method?: string; headers?: Record<string, string>; agent?: Agent },
  body?: Buffer[],
): Promise<[IncomingMessage, number]> {
  const sent = request({ port, host: '127.0.0.1', ...options });
  for (const piece of body ?? []) if (!sent.write(piece)) await once(sent, 'drain');
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return [answer, await bytesOf(answer)];
}

for (const framing of ['with a length', 'in chunks'] as const) {
  test(`bodies of 32 MB go both ways, ${framing}`, async () => {
    const count = 32;
    await using server = await serve(async (received, answer) => {
      const bytes = await bytesOf(received);
      if (framing === 'with a length') answer.setHeader('Content-Length', bytes);
      for (let left = bytes; left > 0; left -= MEGABYTE.length) if (!answer.write(MEGABYTE)) await once(answer, 'drain');
      answer.end();
    });
    await using started = await startBalancer([server.port]);
    const headers: Record<string, string> = framing === 'with a length' ? { 'Content-Length': String(count * MEGABYTE.length) } : {};
    const [answer, bytes] = await answerTo(started.port, { method: 'POST', headers }, Array<Buffer>(count).fill(MEGABYTE));
    assert.equal(bytes, count * MEGABYTE.length);
    assert.equal(answer.headers['content-length'] !== undefined, framing === 'with a length');
  });
}

test('a server that does not read stops the reading from the client', async () => {
  await using server = await serve(() => {});
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000000\r\n\r\n');
  let sent = 0;
  while (client.socket.write(MEGABYTE) || (await Promise.race([once(client.socket, 'drain').then(() => true), delayed(300)]))) {
    sent += MEGABYTE.length;
    assert.ok(sent < 64 * MEGABYTE.length, 'the client could send all that');
  }
});

function delayed(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms);
  });
}

test('a client that has said Connection: close finds both halves ended', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET_AND_CLOSE).all();
  assert.equal(client.ended, 'end');
  // The first write is what is answered by a reset, and the second one finds out.
  client.say(GET);
  await ask(started.port, GET_AND_CLOSE);
  client.say(GET);
  await until(() => client.ended === 'reset', 'nobody reads what comes after');
});

test('Expect: 100-continue goes to the server, whose 100 lets the body come', async () => {
  await using server = await serve(async (received, answer) => answer.end(`got ${await bytesOf(received)}`));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n').hear('HTTP/1.1 100 Continue\r\n\r\n');
  await client.say('hello').hear('got 5');
});

test('interim answers reach the client, and are no answer', async () => {
  await using server = await ScriptedServer.start((_received, reply) => {
    reply.raw('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n');
    reply.send('done');
  });
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(GET).hear('done');
  assert.match(client.heard, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 /);
});

test('connections to a server are kept and used again', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port]);
  for (let each = 0; each < 5; each++) {
    using client = await RawClient.connect(started.port);
    await client.say(POST).hear(/x$/);
  }
  assert.equal(server.bytes.length, 1);
});

test('a body that drips in is sent on as it comes', async () => {
  await using server = await serve((received, answer) => {
    received.on('data', (chunk: Buffer) => answer.write(chunk));
    received.on('end', () => answer.end());
  });
  await using started = await startBalancer([server.port], balancerConfig());
  using client = await RawClient.connect(started.port);
  client.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
  await client.hear('1\r\na\r\n');
  client.say('2\r\nbc\r\n');
  await client.hear('2\r\nbc\r\n');
  await client.say('0\r\n\r\n').hear('0\r\n\r\n');
});

test('each of many answers that are read slowly, in turns and over shared connections reaches its own client, byte for byte', async () => {
  // Far more than the system's own buffers hold.
  const PARTS = 2048;
  // Of no length that divides a buffer's: bytes of another read are other bytes at every place.
  const pattern = (index: number) => Buffer.from(Array.from({ length: 4093 }, (_, each) => (index * 31 + each * 7) & 0xff));
  await using server = await serve((received, answer) => {
    const part = pattern(Number(received.url?.slice(1)));
    answer.setHeader('Content-Length', PARTS * part.length);
    for (let each = 0; each < PARTS; each++) answer.write(part);
    answer.end();
  });
  await using started = await startBalancer([server.port]);

  async function readInTurns(index: number): Promise<void> {
    const sent = request({ port: started.port, host: '127.0.0.1', path: `/${index}`, agent: false });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    // By now others' answers have come, and have been written to the buffers that this one's were read into.
    if (index % 3 === 0) for (let turn = 0; turn < 40; turn++) await new Promise(setImmediate);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      if (index % 2 === 0) await new Promise(setImmediate);
    }
    const expected = Buffer.concat(Array<Buffer>(PARTS).fill(pattern(index)));
    assert.ok(Buffer.concat(chunks).equals(expected), `answer ${index}`);
  }

  for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: 12 }, (_, index) => readInTurns(index)));
});
