import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { GET } from '../../support/raw-client.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';
import { startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

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
    await until(stands(written), 'the server can write no more');
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

/** Whether nothing was written between two looks. */
function stands(written: { readonly blocks: number }): () => Promise<boolean> {
  let before = -1;
  return async () => {
    const same = written.blocks > 0 && before === written.blocks;
    before = written.blocks;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    return same;
  };
}
