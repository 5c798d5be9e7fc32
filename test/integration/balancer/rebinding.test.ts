/**
 * DNS rebinding: a server's name stands for another address from one moment to the next. Nobody may ever connect to one that is refused, be it
 * before a right one was found or after.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttp2, createSecureServer as createHttp2Secure, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { BackendConfig, HeartbeatConfig, ListenerConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { inOwnNetwork, nameStandsFor, OWN_ADDRESS } from '../../support/own-network.ts';
import { ask, GET_AND_CLOSE } from '../../support/raw-client.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { backendConfig, balancerConfig, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const NAME = 'db.example';
const REFUSED_ADDRESS = '127.0.0.1';
const CERTIFICATE = createCertificate({ names: ['shop.internal'] });
const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

const answer: RequestListener = ({ url }, response) => {
  if (url !== '/grpc.health.v1.Health/Check') {
    response.end('the right one');
    return;
  }
  const call = response as unknown as Http2ServerResponse;
  call.setHeader('Content-Type', 'application/grpc');
  call.write(SERVING);
  call.addTrailers({ 'grpc-status': '0' });
  call.end();
};

/** Takes a PROXY header of version 1 off each connection, and leaves the rest to `server`. */
function behindProxyHeader(server: Server): Server {
  return createTcp((socket) => {
    socket.once('data', (bytes: Buffer) => {
      const end = bytes.indexOf('\r\n');
      assert.match(bytes.toString('latin1', 0, end), /^PROXY /);
      socket.pause();
      socket.unshift(bytes.subarray(end + 2));
      server.emit('connection', socket);
    });
  });
}

interface Way {
  readonly create: () => Server;
  readonly check: HeartbeatConfig['check'];
  readonly backend?: Partial<BackendConfig>;
  readonly listener?: Partial<ListenerConfig>;
  readonly tls?: true;
}

const TCP: Way['check'] = { type: 'TCP', port: null };
const HTTP: Way['check'] = httpCheck({ path: '/' });
const GRPC: Way['check'] = { type: 'GRPC', service: '', port: null };
const http = () => createHttp(answer);
const https = () => createHttps(CERTIFICATE, answer);
const http2 = () => createHttp2(answer as never);
const http2Secure = () => createHttp2Secure(CERTIFICATE, answer as never);
const WAYS: Record<string, Way> = {
  'HTTP/1.1 and TCP checks': { create: http, check: TCP },
  'HTTP/1.1 and HTTP checks': { create: http, check: HTTP },
  'HTTP/1.1 over TLS and HTTP checks': { create: https, check: HTTP, tls: true },
  'HTTP/1.1 over TLS behind a PROXY header': {
    create: () => behindProxyHeader(https()),
    check: HTTP,
    backend: { proxyProtocol: 'V1' },
    tls: true,
  },
  'HTTP/2 and gRPC checks': { create: http2, check: GRPC, backend: { protocol: 'HTTP2' } },
  'HTTP/2 over TLS and gRPC checks': { create: http2Secure, check: GRPC, backend: { protocol: 'HTTP2' }, tls: true },
  'a TCP port': { create: http, check: TCP, listener: { protocol: 'TCP' } },
  'a TCP port with TLS to servers': { create: https, check: TCP, listener: { protocol: 'TCP' }, tls: true },
};

/** A server that can be away for a while, connections and all, and counts those that were ever made. */
class Place implements AsyncDisposable {
  connections = 0;
  port = 0;
  readonly #host: string;
  readonly #create: () => Server;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(host: string, create: () => Server) {
    this.#host = host;
    this.#create = create;
  }

  async open(port = this.port): Promise<void> {
    this.#server = this.#create();
    this.#server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
    });
    this.#server.listen(port, this.#host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.#server = null;
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

inOwnNetwork(import.meta.filename, () => {
  for (const [way, { create, check, backend, listener, tls }] of Object.entries(WAYS)) {
    test(`${way}: a name is followed to what is allowed, and to nothing else`, async () => {
      using secrets = new MountedSecrets();
      secrets.write('ca', { 'ca.crt': CERTIFICATE.cert });
      await using right = new Place(OWN_ADDRESS, create);
      await using wrong = new Place(REFUSED_ADDRESS, () => createTcp((socket) => socket.destroy()));
      await right.open();
      await wrong.open(right.port);
      nameStandsFor(NAME, REFUSED_ADDRESS);
      const config = balancerConfig({
        egress: { allowedAddresses: [`${OWN_ADDRESS}/32`], apiServers: [] },
        listeners: [listener ?? {}],
        backends: [
          backendConfig({ tls: tls ? { ca: secrets.authority('ca'), hostname: 'shop.internal', certificate: null } : null, ...backend }),
        ],
        heartbeat: { check, schedule: { type: 'Fixed', intervalMs: 50 }, timeoutMs: 1_000 },
      });
      await using started = await startBalancer([], config, { apiServers: ['10.96.0.1'], reportIntervalMs: 20 });
      const { balancer, port, report } = started;
      balancer.applyEndpoints([endpointAt(right.port, { host: NAME, id: `${NAME}:${right.port}` })], false);

      const refused = async () => {
        await until(() => report()?.unhealthyEndpoints[0]?.reason === 'AddressRefused', 'it is out, since its address is refused');
        assert.doesNotMatch(await ask(port, GET_AND_CLOSE).catch(() => ''), /the right one/);
      };
      const followed = async () => {
        await until(() => report()?.unhealthyEndpoints.length === 0, 'it is back');
        assert.match(await ask(port, GET_AND_CLOSE), /the right one/);
      };
      await refused();
      assert.equal(right.connections, 0);
      nameStandsFor(NAME, OWN_ADDRESS);
      await followed();
      // Connections that stand lead where they were made to; new ones are what this is about.
      nameStandsFor(NAME, REFUSED_ADDRESS);
      await right.close();
      await refused();
      await right.open();
      nameStandsFor(NAME, OWN_ADDRESS);
      await followed();
      assert.equal(wrong.connections, 0, 'connections to the refused address');
    });
  }
});
