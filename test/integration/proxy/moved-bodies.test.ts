/** Bodies whose client has to wait, and whose request goes to another server meanwhile. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { createCertificate } from '../../support/certificate.ts';
import { Http2Client } from '../../support/http2-client.ts';
import { ask, GET_AND_CLOSE } from '../../support/raw-client.ts';
import { ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { backendConfig, balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CA = createCertificate({ commonName: 'servers' });
const SERVER = createCertificate({ names: ['shop.internal'], issuer: CA });
const BODY = 'abcdefghij'.repeat(30_000);

/** A server that can stop making handshakes: then a connection to it stays one that is being made. */
async function stalling() {
  const sockets = new Set<Socket>();
  const engine = createTlsServer(SERVER, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    socket.on('error', () => {});
  });
  const state = { stalls: false, waiting: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (state.stalls) state.waiting++;
    else engine.emit('connection', socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    state,
    cut,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

const CLIENTS: Record<string, (port: number) => Promise<string>> = {
  'HTTP/1.1': (port) => ask(port, `POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`),
  'HTTP/2': async (port) => {
    using client = await Http2Client.connect(port);
    return (await client.ask({ ':method': 'POST', 'content-length': String(BODY.length) }, BODY)).body;
  },
};

for (const [protocol, post] of Object.entries(CLIENTS)) {
  test(`a body over ${protocol} that waited for a connection goes on over one that was there already`, { timeout: 20_000 }, async () => {
    await using stopped = await stalling();
    await using server = await ScriptedServer.start((request, reply) => reply.send(`${request.body.length} bytes`), 0, SERVER);
    using mounted = new MountedSecrets();
    mounted.write('ca', { 'ca.crt': CA.cert });
    const tls = { ca: mounted.authority('ca'), hostname: 'shop.internal', certificate: null };
    await using started = await startBalancer(
      [stopped.port, server.port],
      balancerConfig({ backends: [backendConfig({ tls })], failover: { replayBufferBytes: 1_024 } }),
    );
    // In turn: each has a connection then, and the next request is for the one that stops.
    const last = { answer: '' };
    for (let asked = 0; asked < 2 || !last.answer.endsWith('0 bytes'); asked++) last.answer = await ask(started.port, GET_AND_CLOSE);
    stopped.state.stalls = true;
    stopped.cut();
    const answer = post(started.port);
    await until(() => stopped.state.waiting > 0, 'a connection is being made');
    assert.match(await answer, /300000 bytes$/);
  });
}
