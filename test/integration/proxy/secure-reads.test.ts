import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { SecureReads } from '../../../src/proxy/secure-reads.ts';
import { createCertificate } from '../../support/certificate.ts';
import { until } from '../../support/until.ts';

const LOCAL = createCertificate();
const RECORD_BYTES = 512;

interface Pair {
  readonly client: TLSSocket;
  readonly socket: TLSSocket;
  readonly reads: SecureReads;
  [Symbol.dispose](): void;
}

/** Both sides of a connection, of which the server's is read directly from its first byte on. */
async function connected(): Promise<Pair> {
  const server = createServer({ ...LOCAL, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<{ socket: TLSSocket; reads: SecureReads | null }>((resolve) => {
    server.once('secureConnection', (socket: TLSSocket) => resolve({ socket, reads: SecureReads.of(socket) }));
  });
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false });
  const { socket, reads } = await accepted;
  assert.ok(reads, 'this Node keeps the option onread where we look for it');
  const dispose = () => {
    client.destroy();
    socket.destroy();
    server.close();
  };
  return { client, socket, reads, [Symbol.dispose]: dispose };
}

/** What is there to be read is read within a turn or two, if anybody reads. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
}

describe('what is read of a client over TLS', () => {
  test('is handed on in the buffer that all share', async () => {
    using it = await connected();
    const buffers = new Set<ArrayBufferLike>();
    let said = '';
    it.reads.passTo((chunk) => {
      said += chunk.toString('latin1');
      buffers.add(chunk.buffer);
    });
    for (const word of ['one', 'two']) {
      it.client.write(word);
      await until(() => said.endsWith(word), word);
    }
    assert.deepEqual([...buffers], [it.reads.window.next().buffer]);
    it.socket.end('answer');
    const [answer] = await once(it.client, 'data');
    assert.equal(String(answer), 'answer');
  });

  test('waits while it is paused, though it has been received, and comes in order, and before its end', async () => {
    using it = await connected();
    const records = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(RECORD_BYTES));
    const taken: string[] = [];
    let ended = false;
    it.reads.passTo((chunk) => {
      taken.push(chunk.toString('latin1'));
      if (taken.length === 1) it.socket.pause();
    });
    it.socket.on('end', () => {
      ended = true;
    });
    // So many records, in one segment.
    it.client.setMaxSendFragment(RECORD_BYTES);
    it.client.end(records.join(''));
    await until(() => taken.length > 0, 'the first of it');
    await turns();
    assert.deepEqual([taken, ended], [records.slice(0, 1), false]);
    it.socket.resume();
    await until(() => ended, 'the end');
    assert.equal(taken.join(''), records.join(''));
  });

  test('of what has waited nothing is lent, as the next read comes into the buffer that would be', async () => {
    using it = await connected();
    const lent: boolean[] = [];
    it.reads.window.stream();
    it.reads.passTo(() => {
      lent.push(it.reads.window.lend() !== null);
      if (lent.length === 2) it.socket.pause();
    });
    it.client.setMaxSendFragment(RECORD_BYTES);
    it.client.write(Buffer.alloc(3 * RECORD_BYTES));
    await until(() => lent.length === 2, 'two of it');
    await turns();
    it.socket.resume();
    await until(() => lent.length === 3, 'the third');
    it.client.write('x');
    await until(() => lent.length === 4, 'what comes later');
    assert.deepEqual(lent, [true, true, false, true]);
  });

  test('is a stream where Node has no such place', () => {
    const handle = { useUserBuffer: () => 0 };
    for (const socket of [{}, { _handle: null }, { _handle: handle }]) assert.equal(SecureReads.of(socket as unknown as TLSSocket), null);
  });
});
