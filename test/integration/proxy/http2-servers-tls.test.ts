/** Servers that speak HTTP/2 over TLS, or want to be told whose a connection is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendConfig, HeartbeatConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { Http2Client } from '../../support/http2-client.ts';
import { type Handler, Http2Serving, say } from '../../support/http2-serving.ts';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { balancerConfig, failures, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CA = createCertificate({ commonName: 'servers' });
const SERVER = createCertificate({ names: ['shop.internal'], issuer: CA });

const mounted = new MountedSecrets();
mounted.write('ca', { 'ca.crt': CA.cert });
process.on('exit', () => mounted[Symbol.dispose]());
const TLS = { ca: mounted.authority('ca'), hostname: 'shop.internal', certificate: null };
const SELDOM = { schedule: { type: 'Fixed', intervalMs: 3_600_000 } } as const;

function config(backend: Partial<BackendConfig>, heartbeat: Partial<HeartbeatConfig> = {}) {
  const plain = balancerConfig({ heartbeat });
  return { ...plain, backends: plain.backends.map((each) => ({ ...each, protocol: 'HTTP2' as const, ...backend })) };
}

const headers: Handler = (stream, received) => {
  stream.respond({ ':status': 200 });
  stream.end(`${received[':scheme']} ${received[':authority']}`);
};

describe('HTTP/2 to servers', { concurrency: 4 }, () => {
  test('over TLS: clients of both protocols are answered over one connection', async () => {
    await using server = await Http2Serving.start(headers, { tls: SERVER });
    await using started = await startBalancer([server.port], config({ tls: TLS }));
    using client = await Http2Client.connect(started.port);
    assert.equal((await client.ask()).body, 'https shop');
    assert.match(await ask(started.port, GET_AND_CLOSE), /https shop/);
    assert.equal(server.used.size, 1);
    assert.deepEqual(new Set(server.askedFor), new Set(['shop.internal']));
    assert.equal(started.balancer.report().unhealthyEndpoints.length, 0);
  });

  for (const [what, ALPNProtocols] of [
    ['knows nothing of ALPN', undefined],
    ['speaks HTTP/1.1 only', ['http/1.1']],
  ] as const) {
    test(`a server that ${what} gets no request, is out by its heartbeats, and another one answers`, async () => {
      const tls = ALPNProtocols ? { ...SERVER, ALPNProtocols: [...ALPNProtocols] } : SERVER;
      await using old = await ScriptedServer.start(named('old'), 0, tls);
      await using server = await Http2Serving.start(say('the server'), { tls: SERVER });
      await using started = await startBalancer([old.port, server.port], config({ tls: TLS }));
      using client = await Http2Client.connect(started.port);
      for (let each = 0; each < 4; each++) assert.equal((await client.ask({ ':method': 'POST' }, 'x')).body, 'the server');
      await until(() => started.report()?.unhealthyEndpoints.some(({ reason }) => reason === 'HeartbeatTlsFailed') ?? false, 'it is out');
      assert.deepEqual([old.requests, old.bytes], [[], []]);
    });
  }

  test('a server that does not agree, and no other: 503, and no request reaches it', async () => {
    await using old = await ScriptedServer.start(named('old'), 0, SERVER);
    await using started = await startBalancer([old.port], config({ tls: TLS }));
    assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
    assert.equal(failures(started).ConnectFailed, 1);
    assert.deepEqual(old.bytes, []);
  });

  test('heartbeats over gRPC speak TLS, too', async () => {
    await using server = await Http2Serving.start(
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
      },
      { tls: SERVER },
    );
    const check = { type: 'GRPC', service: '', port: null } as const;
    await using started = await startBalancer([server.port], config({ tls: TLS }, { check }));
    await until(() => started.balancer.endpoints()[0]?.heartbeatMilliseconds !== null, 'one is answered');
    assert.equal(server.requests[0]?.headers[':path'], '/grpc.health.v1.Health/Check');
  });

  for (const tls of [null, TLS]) {
    test(`with a PROXY header${tls ? ' before TLS' : ''}: each client has a connection of its own, and uses it again`, async () => {
      await using server = await Http2Serving.start(say('told'), { proxied: true, ...(tls ? { tls: SERVER } : {}) });
      await using started = await startBalancer([server.port], config({ tls, proxyProtocol: 'V2' }, SELDOM));
      await until(() => server.told.length === 1, 'the first heartbeat');
      using one = await Http2Client.connect(started.port);
      using other = await RawClient.connect(started.port);
      await Promise.all([one.ask(), one.ask()]);
      await other.say(GET).hear('told');
      await other.say(POST).hear(/told[\s\S]*told/);
      const ports = [one.session.socket?.localPort, other.socket.localPort];
      assert.deepEqual(
        server.told.slice(1).map(({ path }) => path?.sourcePort),
        ports,
      );
      assert.equal(server.used.size, 2);
    });
  }
});
