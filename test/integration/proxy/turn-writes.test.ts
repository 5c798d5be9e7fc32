import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { sendGathered, sendNow, writeThisTurn } from '../../../src/proxy/turn-writes.ts';
import { until } from '../../support/until.ts';

interface Sockets extends AsyncDisposable {
  readonly sockets: readonly Socket[];
  /** What the other side of each has heard. */
  readonly heard: string[];
}

async function connected(count: number): Promise<Sockets> {
  const heard = Array<string>(count).fill('');
  const others = new Set<Socket>();
  const server = createServer((socket) => {
    others.add(socket);
    let index = -1;
    socket.on('data', (chunk: Buffer) => {
      // The first byte says whose it is.
      if (index < 0) index = chunk[0] ?? 0;
      heard[index] += chunk.toString('latin1');
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = Array.from({ length: count }, () => connect((server.address() as AddressInfo).port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await until(() => others.size === count, 'all to be accepted');
  const close = async () => {
    for (const socket of [...sockets, ...others]) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { sockets, heard, [Symbol.asyncDispose]: close };
}

const waiting = ({ sockets }: Sockets) => sockets.filter(({ writableLength }) => writableLength > 0).length;
const greeting = (index: number) => `${String.fromCharCode(index)}hello`;

function greet({ sockets }: Sockets): void {
  for (const [index, socket] of sockets.entries()) writeThisTurn(socket, greeting(index));
}

test('what is written to several in one turn leaves when that is over, each in its order', async () => {
  await using it = await connected(3);
  greet(it);
  for (const socket of it.sockets) writeThisTurn(socket, ', you');
  assert.equal(waiting(it), 3);
  await new Promise(setImmediate);
  assert.equal(waiting(it), 0);
  await until(() => it.heard.every((text, index) => text === `${greeting(index)}, you`), 'all of it');
});

test('of very many the first do not wait for the last', async () => {
  await using it = await connected(40);
  greet(it);
  assert.equal(waiting(it), 8);
  await until(() => it.heard.every((text, index) => text === greeting(index)), 'all of it');
});

test('what cannot wait goes at once, and what was written before goes before it', async () => {
  await using it = await connected(2);
  const [first, second] = it.sockets as [Socket, Socket];
  writeThisTurn(first, greeting(0));
  writeThisTurn(second, greeting(1));
  sendNow(first);
  assert.equal(waiting(it), 1);
  first.write(', you');
  sendGathered();
  assert.equal(waiting(it), 0);
  await until(() => it.heard[0] === `${greeting(0)}, you` && it.heard[1] === greeting(1), 'all of it');
});

test('one that ends takes with it what waits; one that is destroyed is passed over', async () => {
  await using it = await connected(3);
  const [ends, goes, stays] = it.sockets as [Socket, Socket, Socket];
  greet(it);
  ends.end();
  goes.destroy();
  await until(() => it.heard[0] === greeting(0) && it.heard[2] === greeting(2), 'the others');
  assert.deepEqual([it.heard[1], ends.writableFinished, stays.destroyed], ['', true, false]);
});

test('to one that is not connected yet it waits for the connection, as any write', async () => {
  await using it = await connected(1);
  const late = connect(it.sockets[0]?.remotePort ?? 0, '127.0.0.1');
  writeThisTurn(late, greeting(0));
  assert.equal(late.writableCorked, 0);
  await until(() => it.heard[0] === greeting(0), 'it');
  late.destroy();
});
