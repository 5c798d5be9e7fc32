import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { AcceptedReads } from '../../../src/proxy/accepted-reads.ts';
import { PortSockets } from '../../../src/proxy/port-sockets.ts';
import { until } from '../../support/until.ts';

const ESTABLISHED = '01';
const KEEPALIVE_TIMER = '02';

async function listening(direct: boolean) {
  const accepted: { readonly socket: Socket; readonly reads: AcceptedReads | null }[] = [];
  const sockets = new PortSockets({
    onConnection: (socket, reads) => accepted.push({ socket, reads }),
    onError: (error) => assert.fail(error),
    direct: () => direct,
  });
  await sockets.listen('127.0.0.1', 0);
  const client = connect({ port: sockets.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(client, 'connect');
  await until(() => accepted.length === 1, 'the connection to be taken');
  const [{ socket, reads } = assert.fail()] = accepted;
  const dispose = () => {
    client.destroy();
    socket.destroy();
    sockets.close();
  };
  return { client, socket, reads, port: sockets.port, [Symbol.dispose]: dispose };
}

/** Which timer the system has running for the server's side of the connection between two ports (proc(5), /proc/net/tcp: `tr`). */
function timerOf(port: number, clientPort: number): string | undefined {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const row = rows.find(([, local, remote, state]) => {
    return local?.endsWith(`:${hex(port)}`) && remote?.endsWith(`:${hex(clientPort)}`) && state === ESTABLISHED;
  });
  return row?.[5]?.split(':')[0];
}

describe('on Linux', { skip: process.platform !== 'linux' }, () => {
  test('what a client sends is handed on in buffers of ours, and its end, pause and resume are the stream’s', async () => {
    using it = await listening(true);
    assert.ok(it.reads, 'this Node lets us make the sockets of its servers');
    let said = '';
    let ended = false;
    it.reads.passTo((chunk) => {
      said += chunk.toString('latin1');
    });
    it.socket.on('end', () => {
      ended = true;
    });
    it.client.write('one');
    await until(() => said === 'one', 'the first bytes');
    it.socket.pause();
    it.client.write('two');
    it.client.end();
    // What is there to be read is read within a turn or two, if anybody reads.
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    assert.deepEqual([said, ended], ['one', false]);
    it.socket.resume();
    await until(() => ended, 'the end');
    assert.equal(said, 'onetwo');
    it.socket.end('answer');
    const [answer] = await once(it.client, 'data');
    assert.equal(String(answer), 'answer');
  });

  for (const direct of [true, false]) {
    test(`the system probes a client that is silent, ${direct ? 'read directly' : 'read as a stream'}`, async () => {
      using it = await listening(direct);
      assert.equal(it.reads !== null, direct);
      assert.equal(timerOf(it.port, it.client.localPort ?? 0), KEEPALIVE_TIMER);
    });
  }
});
