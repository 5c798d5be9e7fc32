import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendTlsConfig, ListenerConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { ask, GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { backendConfig, balancerConfig, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const CA = createCertificate({ commonName: 'servers' });
const SERVER = createCertificate({ names: ['shop.internal'], issuer: CA });
const STRANGER = createCertificate({ names: ['shop.internal'] });
const CLIENT = createCertificate({ commonName: 'balancer', issuer: CA });

function secrets(): MountedSecrets {
  const mounted = new MountedSecrets();
  mounted.write('ca', { 'ca.crt': CA.cert });
  mounted.write('client', { 'tls.crt': CLIENT.cert, 'tls.key': CLIENT.key });
  return mounted;
}

function config(tls: BackendTlsConfig | null, listener: Partial<ListenerConfig> = {}) {
  return balancerConfig({
    backends: [backendConfig({ tls })],
    listeners: [listener],
  });
}

const verified = (mounted: MountedSecrets, ca = 'ca', certificate: string | null = null): BackendTlsConfig => ({
  ca: mounted.authority(ca),
  hostname: 'shop.internal',
  certificate: certificate === null ? null : mounted.certificate(certificate),
});

const get = ({ port }: StartedBalancer) => ask(port, GET_AND_CLOSE);

describe('servers that speak TLS', { concurrency: 4 }, () => {
  test('are asked by their name, and their connections are used again', async () => {
    await using server = await ScriptedServer.start((_request, reply) => reply.send(`request ${reply.nth}`), 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted)));
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('request 1');
    await client.say(GET).hear('request 2');
    assert.deepEqual(new Set(server.askedFor), new Set(['shop.internal']));
    assert.equal(started.balancer.notReady(), null);
  });

  test('one that is not who it must be gets not a byte of any request, and another one answers', async () => {
    await using stranger = await ScriptedServer.start(named('the stranger'), 0, STRANGER);
    await using server = await ScriptedServer.start(named('the server'), 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([stranger.port, server.port], config(verified(mounted)));
    for (let i = 0; i < 4; i++) assert.match(await get(started), /the server/);
    await until(() => started.report()?.unhealthyEndpoints.some(({ reason }) => reason === 'HeartbeatTlsFailed') ?? false, 'it is out');
    assert.deepEqual([stranger.requests.length, stranger.bytes], [0, []]);
  });

  test('a server that speaks clear text is not answered in clear text', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted)));
    assert.match(await get(started), /^HTTP\/1\.1 503 /);
    assert.equal(server.requests.length, 0);
  });

  test('are shown our certificate where they ask for one', async () => {
    const asking = { ...SERVER, ca: CA.cert, requestCert: true, rejectUnauthorized: true };
    await using server = await ScriptedServer.start(named('the server'), 0, asking);
    using mounted = secrets();
    await using known = await startBalancer([server.port], config(verified(mounted, 'ca', 'client')));
    await using unknown = await startBalancer([server.port], config(verified(mounted)));
    assert.match(await get(known), /the server/);
    assert.match(await get(unknown), /^HTTP\/1\.1 50[23] /);
    assert.equal(server.requests.length, 1);
  });

  test('take large bodies both ways', async () => {
    const body = '0123456789'.repeat(200_000);
    await using server = await ScriptedServer.start((request, reply) => reply.send(request.body), 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted)));
    using client = await RawClient.connect(started.port);
    client.say(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await until(() => client.heard.length >= body.length, 'all of it comes back');
    assert.ok(client.heard.endsWith(`\r\n\r\n${body}`));
  });

  test('[43] a response that breaks off is cut for the client', async () => {
    const script = (_request: unknown, reply: { raw(text: string): void; reset(): void }) => {
      reply.raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome');
      setImmediate(() => reply.reset());
    };
    await using server = await ScriptedServer.start(script, 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted)));
    using client = await RawClient.connect(started.port);
    await client.say(GET).all();
    assert.equal(client.ended, 'reset');
  });

  test('stand behind a TCP port too', async () => {
    await using server = await ScriptedServer.start(named('the server'), 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted), { protocol: 'TCP' }));
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('the server');
  });
});

describe('Secrets for servers', { concurrency: 4 }, () => {
  test('without the authority no server is asked, and none is blamed, until it is there', async () => {
    await using server = await ScriptedServer.start(named('the server'), 0, SERVER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted, 'later')));
    assert.match(await get(started), /^HTTP\/1\.1 503 /);
    const problem = /^backend fixed: Secret later: it is missing or has no ca\.crt/;
    assert.match(started.balancer.report().configError, problem);
    assert.match(started.balancer.notReady() ?? '', problem);
    assert.deepEqual(started.balancer.report().unhealthyEndpoints, []);
    mounted.write('later', { 'ca.crt': CA.cert });
    await until(() => started.balancer.notReady() === null, 'it is ready');
    assert.match(await get(started), /the server/);
  });

  test('a running balancer goes on as it was until it can do what it is to do', async () => {
    await using server = await ScriptedServer.start(named('in clear'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(null));
    using client = await RawClient.connect(started.port);
    await client.say(GET).hear('in clear');
    started.balancer.applyConfig(config(verified(mounted, 'later')));
    client.heard = '';
    await client.say(GET).hear('in clear');
    assert.match(started.balancer.report().configError, /Secret later/);
    mounted.write('later', { 'ca.crt': CA.cert });
    await until(() => started.balancer.report().configError === '', 'it is taken over');
    const { length } = server.requests;
    assert.match(await get(started), /^HTTP\/1\.1 503 /, 'no connection in clear is used again');
    assert.equal(server.requests.length, length);
  });

  test('a renewed authority counts for new connections', async () => {
    await using server = await ScriptedServer.start(named('the server'), 0, STRANGER);
    using mounted = secrets();
    await using started = await startBalancer([server.port], config(verified(mounted)));
    assert.match(await get(started), /^HTTP\/1\.1 503 /);
    mounted.write('ca', { 'ca.crt': `${CA.cert}${STRANGER.cert}` });
    await until(async () => /the server/.test(await get(started)), 'it is trusted');
    mounted.write('ca', { 'ca.crt': 'nothing' });
    await until(() => /ca\.crt holds no certificate/.test(started.balancer.report().configError), 'it is reported');
    assert.match(await get(started), /the server/);
  });
});
