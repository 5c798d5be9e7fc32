import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LINGER_MS } from '../../../src/proxy/limits.ts';
import { FrameType, frame, headers, PREFACE, uint32 } from '../../support/http2-frames.ts';
import { GET, GET_AND_CLOSE } from '../../support/raw-client.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, startBalancer } from '../../support/start-balancer.ts';
import { steady, until } from '../../support/until.ts';

/*
 * What a client does not take yet lies in the buffer that it was read into. A read that fills such a buffer stops the reading; smaller ones
 * do not at once, so that there the next read finds the buffer before still in use.
 */

/** More than goes as one string, so that it is written from its buffer, and less than stops the reading. */
const BLOCK_BYTES = 20_000;
/** Together far more than the system's own buffers hold. */
const BLOCKS = 1_500;

/** Each block is told from every other one by every byte of it, but for one in 251. */
function block(index: number): Buffer {
  return Buffer.alloc(BLOCK_BYTES, index % 251);
}

/** One block after the other, each of them a read of its own for who is at the other end. */
async function drip(socket: Socket, written: { blocks: number }): Promise<void> {
  for (let index = 0; index < BLOCKS && !socket.destroyed; index++) {
    await new Promise<void>((resolve) => socket.write(block(index), () => resolve()));
    written.blocks = index + 1;
    await new Promise(setImmediate);
  }
}

test('a response in pieces, to a client that reads nothing for a while, reaches it byte for byte', async () => {
  const written = { blocks: 0 };
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${BLOCK_BYTES * BLOCKS}\r\n\r\n`;
  await using server = await ScriptedServer.start((_received, reply) => {
    reply.raw(head);
    void drip(reply.socket, written);
  });
  await using started = await startBalancer([server.port]);
  const client = connect({ port: started.port, host: '127.0.0.1' });
  try {
    await once(client, 'connect');
    client.write(GET);
    await until(() => written.blocks > 0, 'the server writes');
    await steady(() => written.blocks);
    const stoodAt = written.blocks;
    assert.ok(stoodAt < BLOCKS, 'the client was never behind');
    const heard: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of client) {
      heard.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= BLOCK_BYTES * BLOCKS + head.length) break;
    }
    const all = Buffer.concat(heard);
    const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
    const wrong = Array.from({ length: BLOCKS }, (_, index) => index).filter(
      (index) => !body.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES).equals(block(index)),
    );
    assert.deepEqual(wrong, [], `blocks that came as something else; ${stoodAt} had been written when nothing went on`);
  } finally {
    client.destroy();
  }
});

const ANSWER = 'x'.repeat(60_000);

test('the last answer on a connection comes whole to a client that takes the end of it late', async () => {
  await using server = await ScriptedServer.start((_received, reply) => reply.send(ANSWER));
  await using started = await startBalancer([server.port]);
  const filling = await unread(started.port, GET.repeat(500));
  await until(() => server.requests.length > 0, 'the server answers');
  await steady(() => server.requests.length);
  // Nobody knows to the byte how much the system takes. With one of these the last answer is the one of which a part has to wait.
  const most = server.requests.length;
  const clients: [number, Socket][] = [];
  for (const answers of [most - 2, most - 1, most, most + 1]) {
    clients.push([answers, await unread(started.port, GET.repeat(answers - 1) + GET_AND_CLOSE)]);
  }
  await sleep(LINGER_MS + 1_000);
  filling.destroy();
  for (const [answers, client] of clients) {
    const text = await wholeOf(client);
    assert.equal(text.split(ANSWER).length - 1, answers);
  }
});

/** A client that has said `requests`, and reads no answer yet. */
async function unread(port: number, requests: string): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1' }).pause();
  await once(client, 'connect');
  client.write(requests);
  return client;
}

async function wholeOf(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Far more than is taken in the time of the tests below. */
const ENDLESS_BYTES = 2 ** 31 - 1;
const PART = Buffer.alloc(65_536);
const LARGE_WINDOW = uint32(2 ** 30);
const REQUESTS: Record<string, Buffer | string> = {
  'HTTP/1.1': GET,
  'HTTP/2': Buffer.concat([
    Buffer.from(PREFACE),
    frame(FrameType.Settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), LARGE_WINDOW])),
    frame(FrameType.WindowUpdate, 0, 0, LARGE_WINDOW),
    headers(1),
  ]),
};

for (const [protocol, request] of Object.entries(REQUESTS)) {
  test(`a client of ${protocol} that takes an answer steadily for longer than writeTimeout is not cut off`, async () => {
    await using server = await ScriptedServer.start((_received, { socket, raw }) => {
      raw(`HTTP/1.1 200 OK\r\nContent-Length: ${ENDLESS_BYTES}\r\n\r\n`);
      const more = () => {
        while (socket.writable && socket.write(PART));
      };
      socket.on('drain', more);
      more();
    });
    const writeTimeoutMs = 1_500;
    await using started = await startBalancer([server.port], balancerConfig({ limits: { writeTimeoutMs } }));
    const client = connect({ port: started.port, host: '127.0.0.1' });
    try {
      await once(client, 'connect');
      client.write(request);
      let bytes = 0;
      client.on('error', () => {});
      // Slower than the server, and faster than the system's buffers could hide it for as long as a look at the time takes.
      client.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        client.pause();
        setTimeout(() => client.resume(), 2);
      });
      await sleep(4 * writeTimeoutMs);
      assert.deepEqual(failures(started), {});
      assert.ok(!client.destroyed && bytes > 10_000_000, `${bytes} bytes`);
    } finally {
      client.destroy();
    }
  });
}
