import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { listenObstacle, PortAllocator } from '../../../src/local/free-ports.ts';

async function occupy(host: string, port = 0): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { port: address.port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

test('a port in use is passed over, on loopback', async () => {
  await using taken = await occupy('127.0.0.1');
  assert.ok((await new PortAllocator().next(taken.port)) > taken.port);
});

test('a port in use is passed over, on all addresses', async () => {
  await using taken = await occupy('0.0.0.0');
  assert.ok((await new PortAllocator().next(taken.port)) > taken.port);
});

test('no port is handed out twice, nor one that is reserved; one that is given back is', async () => {
  const ports = new PortAllocator();
  const first = await ports.next(25_000);
  ports.reserve(first + 1);
  const second = await ports.next(25_000);
  assert.ok(second > first + 1);
  ports.release(first);
  assert.equal(await ports.next(25_000), first);
});

test('where no port is left it says so', async () => {
  const ports = new PortAllocator();
  ports.reserve(65_535);
  await assert.rejects(ports.next(65_535), { message: 'no port is free from 65535 to 65535' });
});

test('an address of another machine is an obstacle', async () => {
  assert.equal((await listenObstacle(0, '192.0.2.1'))?.code, 'EADDRNOTAVAIL');
  assert.equal(await listenObstacle(0, '127.0.0.1'), null);
});
