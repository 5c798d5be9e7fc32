import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer as createClearServer, type Server, type Socket } from 'node:net';
import { describe, suite, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import type { Finding } from '../../../src/heartbeat/checker.ts';
import { CheckerChoice } from '../../../src/heartbeat/checker-choice.ts';
import type { HttpCheckConfig, TcpCheckConfig } from '../../../src/model/config.ts';
import { ServerTls } from '../../../src/tls/backend-credentials.ts';
import { createCertificate } from '../../support/certificate.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { endpointAt, httpCheck } from '../../support/start-balancer.ts';

const CA = createCertificate({ commonName: 'servers' });
const SERVER = createCertificate({ names: ['shop.internal'], issuer: CA });
const OTHER_NAME = createCertificate({ names: ['blog.internal'], issuer: CA });
const STRANGER = createCertificate({ names: ['shop.internal'] });
const CLIENT = createCertificate({ commonName: 'balancer', issuer: CA });

const mounted = new MountedSecrets();
mounted.write('ca', { 'ca.crt': CA.cert });
mounted.write('client', { 'tls.crt': CLIENT.cert, 'tls.key': CLIENT.key });
process.on('exit', () => mounted[Symbol.dispose]());

const HTTP = httpCheck({ path: '/' });
const TCP: TcpCheckConfig = { type: 'TCP', port: null };

function serverTls(ca = 'ca', certificate: string | null = null): ServerTls {
  const config = { ca: mounted.authority(ca), hostname: 'shop.internal', certificate: certificate && mounted.certificate(certificate) };
  return new ServerTls({ ...config, certificate: config.certificate || null }, { onRenewed() {}, onProblem() {} });
}

function secure(options: TlsOptions, heads: string[] = []): Server {
  return createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
}

async function find(server: Server, check: HttpCheckConfig | TcpCheckConfig, tls: ServerTls): Promise<Finding> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const choice = new CheckerChoice(check, [], () => ({ tls, proxyProtocol: null, protocol: 'HTTP1', lookup }));
  const { checker, target } = choice.for(endpointAt((server.address() as AddressInfo).port));
  const finding = await new Promise<Finding>((resolve) => checker.start(target, resolve));
  for (const socket of sockets) socket.destroy();
  server.close();
  return finding;
}

const TABLE: Record<string, { server: () => Server; tls?: () => ServerTls; finding: Finding }> = {
  'a server that is who it must be': { server: () => secure(SERVER), finding: 'HeartbeatAnswered' },
  'one that asks for our certificate': {
    server: () => secure({ ...SERVER, ca: CA.cert, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' }),
    tls: () => serverTls('ca', 'client'),
    finding: 'HeartbeatAnswered',
  },
  'one that nobody we trust has signed': { server: () => secure(STRANGER), finding: 'HeartbeatTlsFailed' },
  'one of another name': { server: () => secure(OTHER_NAME), finding: 'HeartbeatTlsFailed' },
  'one that speaks clear text': {
    server: () => createClearServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    finding: 'HeartbeatTlsFailed',
  },
  'one of TLS 1.1': {
    server: () => secure({ ...SERVER, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    finding: 'HeartbeatTlsFailed',
  },
  'one that ends the connection at once': { server: () => createClearServer((socket) => socket.destroy()), finding: 'HeartbeatRefused' },
  'without the authority nothing can be said of anybody': {
    server: () => secure(SERVER),
    tls: () => serverTls('missing'),
    finding: 'Void',
  },
};

for (const check of [HTTP, TCP]) {
  describe(`${check.type} check over TLS`, () => {
    for (const [sentence, { server, tls = serverTls, finding }] of Object.entries(TABLE)) {
      test(`${sentence}: ${finding}`, async () => assert.equal(await find(server(), check, tls()), finding));
    }
  });
}

test('the Host is the name that the certificate is for', async () => {
  const heads: string[] = [];
  assert.equal(await find(secure(SERVER, heads), HTTP, serverTls()), 'HeartbeatAnswered');
  assert.match(heads[0] ?? '', /^Host: shop\.internal\r$/m);
});

test('a port of its own for heartbeats is asked in clear text', () => {
  const tls = serverTls();
  const target = (port: number | null) =>
    new CheckerChoice({ ...TCP, port }, [], () => ({ tls, proxyProtocol: null, protocol: 'HTTP1', lookup })).for(endpointAt(8443)).target;
  assert.deepEqual(target(9000), { host: '127.0.0.1', port: 9000, tls: null, preface: null, lookup });
  assert.deepEqual(target(8443), { host: '127.0.0.1', port: 8443, tls, preface: null, lookup });
  assert.deepEqual(target(null), { host: '127.0.0.1', port: 8443, tls, preface: null, lookup });
});

suite('what must be agreed on', () => {
  const GRPC = { type: 'GRPC', service: '', port: null } as const;
  const listeners = [
    { name: 'http', protocol: 'HTTP' },
    { name: 'db', protocol: 'TCP' },
    { name: 'tls', protocol: 'TLS' },
  ] as const;
  const agreed = (check: HttpCheckConfig | TcpCheckConfig | typeof GRPC, portName: string, protocol: 'HTTP1' | 'HTTP2') =>
    new CheckerChoice(check, listeners, () => ({ tls: serverTls(), proxyProtocol: null, protocol, lookup })).for(
      endpointAt(8443, { portName }),
    ).target.applicationProtocol;

  test('is HTTP/2 where the servers speak it', () => assert.equal(agreed(TCP, 'http', 'HTTP2'), 'h2'));
  test('is HTTP/2 for gRPC, whatever else the servers speak', () => assert.equal(agreed(GRPC, 'http', 'HTTP1'), 'h2'));
  test('is nothing where they speak HTTP/1.1', () => assert.equal(agreed(TCP, 'http', 'HTTP1'), undefined));
  test('is nothing where HTTP/1.1 is asked', () => assert.equal(agreed(HTTP, 'http', 'HTTP2'), undefined));
  test('is nothing behind a port of TCP or TLS', () => {
    assert.deepEqual([agreed(TCP, 'db', 'HTTP2'), agreed(TCP, 'tls', 'HTTP2')], [undefined, undefined]);
  });
});
