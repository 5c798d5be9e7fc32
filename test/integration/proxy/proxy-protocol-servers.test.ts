import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { BackendConfig, ListenerConfig } from '../../../src/model/config.ts';
import type { ProxiedPath } from '../../../src/preamble/proxied-path.ts';
import { readProxyHeader } from '../../../src/preamble/proxy-header.ts';
import { type Certificate, createCertificate } from '../../support/certificate.ts';
import { GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { backendConfig, balancerConfig, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

/** A server that must be told whose a connection is; it answers each request with the number of the connection and of the request on it. */
class ToldServer {
  /** Who was told to be behind each connection: null, nobody; without a header: undefined. */
  readonly told: (ProxiedPath | null | undefined)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accepted(socket));
  readonly #engine;

  constructor(tls: Certificate | null) {
    this.#engine = tls && createTlsServer(tls, (socket) => this.#serve(socket, this.told.length));
  }

  static async start(tls: Certificate | null = null): Promise<ToldServer> {
    const server = new ToldServer(tls);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accepted(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (chunk: Buffer) => {
      let header: ReturnType<typeof readProxyHeader> | undefined;
      try {
        header = readProxyHeader(chunk);
      } catch {
        header = undefined;
      }
      this.told.push(header?.path);
      socket.pause();
      const rest = chunk.subarray(header?.size ?? 0);
      if (rest.length > 0) socket.unshift(rest);
      if (this.#engine) this.#engine.emit('connection', socket);
      else this.#serve(socket, this.told.length);
    });
  }

  #serve(socket: Socket, connection: number): void {
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      const body = `connection ${connection}, request ${++requests}`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    socket.resume();
  }
}

const SERVER = createCertificate({ names: ['shop.internal'] });

function config(backend: Partial<BackendConfig>, listener: Partial<ListenerConfig> = {}) {
  const heartbeat = { schedule: { type: 'Fixed', intervalMs: 3_600_000 } } as const;
  return balancerConfig({
    heartbeat,
    backends: [backendConfig(backend)],
    listeners: [listener],
  });
}

const endOf = (client: RawClient) => {
  const { localAddress, localPort, remoteAddress, remotePort } = client.socket;
  return { source: localAddress, sourcePort: localPort, destination: remoteAddress, destinationPort: remotePort };
};

describe('servers that are told whose a connection is', { concurrency: 4 }, () => {
  for (const proxyProtocol of ['V1', 'V2'] as const) {
    test(`${proxyProtocol}: each client has connections of its own, and uses them again`, async () => {
      await using server = await ToldServer.start();
      await using started = await startBalancer([server.port], config({ proxyProtocol }));
      await until(() => server.told.length === 1, 'the first heartbeat');
      assert.deepEqual(server.told, [null], 'a heartbeat is of nobody');
      using one = await RawClient.connect(started.port);
      using other = await RawClient.connect(started.port);
      await one.say(GET).hear('connection 2, request 1');
      await other.say(GET).hear('connection 3, request 1');
      await one.say(GET).hear('connection 2, request 2');
      await other.say(GET).hear('connection 3, request 2');
      assert.deepEqual(server.told.slice(1), [endOf(one), endOf(other)]);
    });
  }

  test('before TLS', async () => {
    using mounted = new MountedSecrets();
    mounted.write('ca', { 'ca.crt': SERVER.cert });
    await using server = await ToldServer.start(SERVER);
    const tls = { ca: mounted.authority('ca'), hostname: 'shop.internal', certificate: null };
    await using started = await startBalancer([server.port], config({ proxyProtocol: 'V2', tls }));
    await until(() => server.told.length === 1, 'the first heartbeat');
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('connection 2, request 1');
    await client.say(GET).hear('connection 2, request 2');
    assert.deepEqual(server.told, [null, endOf(client)]);
    assert.deepEqual(started.balancer.report().unhealthyEndpoints, []);
  });

  test('of a TCP port, too', async () => {
    await using server = await ToldServer.start();
    await using started = await startBalancer([server.port], config({ proxyProtocol: 'V1' }, { protocol: 'TCP' }));
    await until(() => server.told.length === 1, 'the first heartbeat');
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('connection 2, request 1');
    assert.deepEqual(server.told[1], endOf(client));
  });

  test('what a proxy in front has told is passed on', async () => {
    await using server = await ToldServer.start();
    await using started = await startBalancer([server.port], config({ proxyProtocol: 'V2' }, { proxyProtocol: true }));
    await until(() => server.told.length === 1, 'the first heartbeat');
    using client = await RawClient.connect(started.port);
    await client.say(`PROXY TCP6 2001:db8::7 fd00::2 8080 443\r\n${GET}`).hear('connection 2, request 1');
    assert.deepEqual(server.told[1], { source: '2001:db8::7', sourcePort: 8080, destination: 'fd00::2', destinationPort: 443 });
  });

  test('a change makes new connections, in either direction', async () => {
    await using server = await ToldServer.start();
    await using started = await startBalancer([server.port], config({}));
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('request 1');
    started.balancer.applyConfig(config({ proxyProtocol: 'V1' }));
    await client.say(GET_AND_CLOSE).hear('connection 2, request 1');
    started.balancer.applyConfig(config({}));
    using last = await RawClient.connect(started.port);
    await last.say(GET).hear(/connection [13], request/);
    assert.deepEqual(server.told.slice(0, 2), [undefined, endOf(client)]);
  });
});
