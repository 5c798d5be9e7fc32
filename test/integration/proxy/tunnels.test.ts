import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { RawClient } from '../../support/raw-client.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const UPGRADED_BYTES = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'.length;
const TCP = balancerConfig({ listeners: [{ protocol: 'TCP' }] });

interface RawTcp extends AsyncDisposable {
  readonly port: number;
  readonly sockets: Socket[];
}

/** A server of bytes, which keeps its half open until it is told to end it. */
async function tcpServer(serve: (socket: Socket) => void): Promise<RawTcp> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers an upgrade with 101, then echoes. */
function upgrading(socket: Socket): void {
  let head = '';
  const readHead = (chunk: Buffer) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.off('data', readHead);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
    if (head.length > end + 4) socket.write(`echo ${head.slice(end + 4)}`);
    socket.on('data', (bytes) => socket.write(`echo ${bytes.toString('latin1')}`));
  };
  socket.on('end', () => socket.end('bye'));
  socket.on('data', readHead);
}

test('an upgrade becomes a tunnel, with each half ended on its own', async () => {
  await using server = await tcpServer(upgrading);
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(UPGRADE).hear('hello');
  assert.match(client.heard, /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello$/);
  await client.say('one').hear('echo one');
  client.socket.end();
  await client.hear('bye');
  await client.all();
  assert.equal(client.ended, 'end');
  await until(() => started.balancer.endpoints()[0]?.connections === 0, 'nothing of it is left');
});

test('what a client sends ahead of the 101 reaches the tunnel', async () => {
  await using server = await tcpServer(upgrading);
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(`${UPGRADE}early`).hear('echo early');
});

test('[38] an upgrade answered with anything but 101 makes no tunnel, and what came ahead is never taken for a request', async () => {
  await using server = await ScriptedServer.start((_received, reply) => reply.send('no'));
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(`${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`).all();
  assert.match(client.heard, /^HTTP\/1\.1 200 [\s\S]*no$/);
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/chat'],
  );
});

test('[38] an upgrade that no server answers: what came ahead is never taken for a request either', async () => {
  await using server = await ScriptedServer.start(({ target }, reply) => (target === '/chat' ? reply.reset() : reply.send('smuggled')));
  await using started = await startBalancer([server.port], balancerConfig({ failover: { retryMethods: 'None' } }));
  using client = await RawClient.connect(started.port);
  await client.say(`${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`).all();
  assert.match(client.heard, /^HTTP\/1\.1 502 [\s\S]*\r\nConnection: close\r\n/);
  assert.doesNotMatch(client.heard, /smuggled/);
  assert.deepEqual(
    server.requests.map(({ target }) => target),
    ['/chat'],
  );
});

test('a server that dies behind a tunnel ends it', async () => {
  await using server = await tcpServer(upgrading);
  await using started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  await client.say(UPGRADE).hear('hello');
  for (const socket of server.sockets) socket.resetAndDestroy();
  await client.all();
});

test('TCP: bytes go both ways, and each half ends on its own', async () => {
  await using server = await tcpServer((socket) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk.toString();
    });
    socket.on('end', () => socket.end(`got ${all}`));
  });
  await using started = await startBalancer([server.port], TCP);
  using client = await RawClient.connect(started.port);
  client.say('abc').socket.end('def');
  assert.equal(await client.all(), 'got abcdef');
  assert.equal(client.ended, 'end');
});

test('TCP: a server that speaks first is heard', async () => {
  await using server = await tcpServer((socket) => socket.write('220 ready\r\n'));
  await using started = await startBalancer([server.port], TCP);
  using client = await RawClient.connect(started.port);
  await client.hear('220 ready');
});

test('TCP: a connection that a server refuses goes to another one, with every byte', async () => {
  await using gone = await tcpServer(() => {});
  const refused = gone.port;
  await gone[Symbol.asyncDispose]();
  await using server = await tcpServer((socket) => socket.on('data', (chunk) => socket.write(chunk)));
  const config = balancerConfig({ listeners: [{ protocol: 'TCP' }], heartbeat: { check: { type: 'TCP', port: server.port } } });
  await using started = await startBalancer([refused, server.port], config);
  for (let each = 0; each < 2; each++) {
    using client = await RawClient.connect(started.port);
    await client.say('hello').hear('hello');
  }
  assert.match(started.balancer.metrics(), /^evenkeel_retries_total\{listener="http"\} 1$/m);
});

test('TCP: where nobody can be reached the client is cut', async () => {
  await using started = await startBalancer([], TCP);
  // The cut may even come before the connection is seen to be made.
  const heard = await RawClient.connect(started.port).then(
    (client) => client.all(),
    () => '',
  );
  assert.equal(heard, '');
});

test('TCP: a server that dies cuts the client', async () => {
  await using server = await tcpServer((socket) => socket.write('x'));
  await using started = await startBalancer([server.port], TCP);
  using client = await RawClient.connect(started.port);
  await client.hear('x');
  for (const socket of server.sockets) socket.resetAndDestroy();
  await client.all();
  assert.equal(client.ended, 'reset');
});

test('TCP: 4 MB go through to a reader that pauses now and then', async () => {
  const size = 4 * 1_048_576;
  await using server = await tcpServer((socket) => {
    socket.end(Buffer.alloc(size, 'x'));
    socket.resume();
  });
  await using started = await startBalancer([server.port], TCP);
  using client = await RawClient.connect(started.port);
  client.socket.removeAllListeners('data');
  let bytes = 0;
  client.socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    client.socket.pause();
    setImmediate(() => client.socket.resume());
  });
  await until(() => bytes === size, 'all of it has come');
});

test('what goes through each of many tunnels, both ways and taken slowly, arrives byte for byte', async () => {
  const PARTS = 2048;
  const PIECE_BYTES = 20_000;
  // Of no length that divides a buffer's: bytes of another read are other bytes at every place.
  const bytesFor = (index: number) => {
    const part = Buffer.from(Array.from({ length: 4093 }, (_, each) => (index * 31 + each * 7) & 0xff));
    return Buffer.concat(Array<Buffer>(PARTS).fill(part));
  };
  const right = new Set<string>();

  /** Says all of it, in pieces that are read one at a time, before it takes anything. */
  async function converse(socket: Socket, index: number, side: string): Promise<void> {
    const bytes = bytesFor(index);
    socket.pause();
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      socket.write(bytes.subarray(at, at + PIECE_BYTES));
      await new Promise(setImmediate);
    }
    socket.end();
    const chunks: Buffer[] = [];
    // Its end is not to destroy what is still to be written.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
    if (Buffer.concat(chunks).equals(bytes)) right.add(`${side} ${index}`);
  }

  await using server = await tcpServer((socket) => {
    socket.once('data', (head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      void converse(socket, Number(/^GET \/(\d+) /.exec(head.toString('latin1'))?.[1]), 'server');
    });
  });
  await using started = await startBalancer([server.port]);

  async function talk(index: number): Promise<void> {
    const socket = connect({ port: started.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(UPGRADE.replace('/chat', `/${index}`));
    await once(socket, 'readable');
    const head = String(socket.read(UPGRADED_BYTES));
    assert.match(head, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
    await converse(socket, index, 'client');
  }

  const indices = Array.from({ length: 8 }, (_, index) => index);
  await Promise.all(indices.map(talk));
  await until(() => right.size === 2 * indices.length, 'all of it to arrive, as it was sent');
});
