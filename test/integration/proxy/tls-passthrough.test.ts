import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendConfig, BalancerConfig } from '../../../src/model/config.ts';

import { createCertificate } from '../../support/certificate.ts';
import { GET, RawClient } from '../../support/raw-client.ts';
import { RecordingServer } from '../../support/recording-server.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import {
  backendConfig,
  balancerConfig,
  type ConfigChanges,
  endpointAt,
  failures,
  httpCheck,
  type StartedBalancer,
  startBalancer,
} from '../../support/start-balancer.ts';
import { TlsClient } from '../../support/tls-client.ts';
import { until } from '../../support/until.ts';
import { hello, hostName, record, records, serverName } from '../../unit/preamble/hello-text.ts';

interface NamedServers extends Partial<BackendConfig> {
  readonly name: string;
  readonly servers: readonly { readonly port: number }[];
}

function config(backends: readonly NamedServers[], changes: ConfigChanges = {}): BalancerConfig {
  const [listener = {}] = changes.listeners ?? [];
  return balancerConfig({
    ...changes,
    listeners: [{ protocol: 'TLS', ...listener }],
    backends: backends.map(({ servers, ...backend }) => {
      const addresses = servers.map(({ port }) => ({ listener: 'http', host: '127.0.0.1', port, weight: 1 }));
      const source = { type: 'Addresses', addresses } as const;
      return backendConfig({ source, ...backend });
    }),
  });
}

const endpoints = (backends: readonly NamedServers[]) =>
  backends.flatMap(({ name, servers }) => servers.map(({ port }) => endpointAt(port, { backend: name })));

async function start(backends: readonly NamedServers[], changes: ConfigChanges = {}): Promise<StartedBalancer> {
  const started = await startBalancer([], config(backends, changes));
  started.balancer.applyEndpoints(endpoints(backends), false);
  return started;
}

const SHOP = createCertificate({ names: ['shop.example'] });
const BLOG = createCertificate({ names: ['*.blog.example'] });

async function get({ port }: StartedBalancer, servername: string): Promise<string> {
  using client = await TlsClient.connect(port, { servername });
  client.say(GET);
  await until(() => /\r\n\r\n\w+$/.test(client.heard), 'the answer has come');
  return `${client.heard.split('\r\n\r\n')[1]}, ${client.shown}`;
}

const askingFor = (name: string) => hello({ extensions: serverName(hostName(name)) });
const refusedPort = async () => {
  await using gone = await RecordingServer.start();
  return { port: gone.port };
};

/** Answers whatever it receives with its name, once. */
const answering = (name: string) =>
  RecordingServer.start((recording) => {
    if (recording.socket.bytesWritten === 0) recording.socket.write(name);
  });

async function asking({ port }: StartedBalancer, name: string, answer: string | RegExp): Promise<string> {
  using client = await RawClient.connect(port);
  return await client.say(record(askingFor(name))).hear(answer);
}

describe('a port of TLS that is passed on', { concurrency: 4 }, () => {
  test('a client speaks TLS with the server of the host that it asks for', async () => {
    await using shop = await ScriptedServer.start(named('shop'), 0, SHOP);
    await using blog = await ScriptedServer.start(named('blog'), 0, BLOG);
    await using other = await ScriptedServer.start(named('other'), 0, createCertificate());
    await using started = await start([
      { name: 'shop', servers: [shop], serverNames: ['shop.example'] },
      { name: 'blog', servers: [blog], serverNames: ['*.blog.example'] },
      { name: 'other', servers: [other] },
    ]);
    const own = 'DNS:localhost, IP Address:127.0.0.1';
    assert.equal(await get(started, 'shop.example'), 'shop, DNS:shop.example, IP Address:127.0.0.1');
    assert.equal(await get(started, 'Shop.Example'), 'shop, DNS:shop.example, IP Address:127.0.0.1');
    assert.equal(await get(started, 'a.blog.example'), 'blog, DNS:*.blog.example, IP Address:127.0.0.1');
    assert.equal(await get(started, 'a.b.blog.example'), 'blog, DNS:*.blog.example, IP Address:127.0.0.1');
    assert.equal(await get(started, 'blog.example'), `other, ${own}`);
    assert.equal(await get(started, ''), `other, ${own}`);
    assert.deepEqual(failures(started), {});
  });

  test('without serverNames all servers are for all hosts, in turn', async () => {
    await using one = await ScriptedServer.start(named('one'), 0, SHOP);
    await using two = await ScriptedServer.start(named('two'), 0, SHOP);
    await using started = await start([{ name: 'shop', servers: [one, two] }]);
    const heard = [await get(started, 'a.example'), await get(started, 'b.example'), await get(started, '')];
    assert.equal(new Set(heard).size, 2);
  });

  test('a host that nobody is for is refused by name, and reaches no server', async () => {
    await using shop = await ScriptedServer.start(named('shop'), 0, SHOP);
    await using started = await start([{ name: 'shop', servers: [shop], serverNames: ['shop.example'] }]);
    await assert.rejects(TlsClient.connect(started.port, { servername: 'blog.example' }), { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    await assert.rejects(TlsClient.connect(started.port, { servername: '' }), { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    assert.deepEqual(failures(started), { UnrecognizedName: 2 });
    assert.deepEqual([shop.bytes, shop.askedFor], [[], []]);
  });

  test('every byte reaches the server as it was, whatever pieces it comes in', async () => {
    await using server = await answering('hello');
    await using started = await start([{ name: 'shop', servers: [server] }]);
    const bytes = Buffer.concat([records(askingFor('shop.example'), 20), Buffer.from('and more')]);
    using client = await RawClient.connect(started.port);
    for (const byte of bytes) {
      client.say(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await client.hear('hello');
    await until(() => server.received.length >= bytes.length, 'all of it has come');
    assert.equal(server.received, bytes.toString('latin1'));
  });

  test('what is no TLS is cut, and reaches no server', async () => {
    await using server = await RecordingServer.start();
    await using started = await start([{ name: 'shop', servers: [server] }]);
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\0', record(Buffer.concat([askingFor('a'), Buffer.of(0)]))]) {
      using client = await RawClient.connect(started.port);
      await client.say(bytes).all();
      assert.deepEqual([client.heard, client.ended], ['', 'reset']);
    }
    assert.deepEqual([failures(started), server.received], [{ Refused: 3 }, '']);
  });

  test('[36] a ClientHello that does not come in time is cut, and reaches no server', async () => {
    await using server = await RecordingServer.start();
    await using started = await start([{ name: 'shop', servers: [server] }], { limits: { headerTimeoutMs: 50 } });
    using silent = await RawClient.connect(started.port);
    using slow = await RawClient.connect(started.port);
    slow.say(record(askingFor('shop.example')).subarray(0, -1));
    await silent.all();
    await slow.all();
    assert.deepEqual([failures(started), server.received], [{ HeadTimeout: 2 }, '']);
  });

  test('a server that refuses is passed over for another of the same host, with every byte', async () => {
    await using server = await answering('the other');
    await using stranger = await answering('a stranger');
    const servers = [await refusedPort(), server];
    await using started = await start(
      [
        { name: 'shop', servers, serverNames: ['shop.example'] },
        { name: 'rest', servers: [stranger] },
      ],
      { heartbeat: { check: { type: 'TCP', port: server.port } } },
    );
    for (let each = 0; each < 2; each++) await asking(started, 'shop.example', 'the other');
    assert.match(started.balancer.metrics(), /^evenkeel_retries_total\{listener="http"\} 1$/m);
    assert.equal(
      server.recordings.every(({ received }) => received === record(askingFor('shop.example')).toString('latin1')),
      true,
    );
    assert.equal(stranger.received, '');
  });

  test('a host whose servers are all out is tried all the same, and never goes to those of another host', async () => {
    await using stranger = await answering('a stranger');
    await using started = await start([
      { name: 'shop', servers: [await refusedPort()], serverNames: ['shop.example'] },
      { name: 'rest', servers: [stranger] },
    ]);
    await until(() => started.report()?.failOpen.includes('http') ?? false, 'nobody is left for it');
    using client = await RawClient.connect(started.port);
    await client.say(record(askingFor('shop.example'))).all();
    assert.equal(stranger.received, '');
    await asking(started, 'blog.example', 'a stranger');
  });

  test('a server that is out by its heartbeats gets no more connections', async () => {
    await using one = await answering('one');
    await using two = await answering('two');
    await using started = await start([{ name: 'shop', servers: [one, two], serverNames: ['shop.example'] }]);
    await one[Symbol.asyncDispose]();
    await until(() => started.report()?.unhealthyEndpoints.some(({ state }) => state === 'Unhealthy') ?? false, 'it is out');
    for (let each = 0; each < 4; each++) await asking(started, 'shop.example', 'two');
    assert.equal(failures(started).ConnectFailed, undefined);
  });

  test('backends share a host by their weights', async () => {
    await using stable = await answering('stable');
    await using canary = await answering('canary');
    const serverNames = ['shop.example'];
    await using started = await start([
      { name: 'stable', weight: 3, servers: [stable], serverNames },
      { name: 'canary', weight: 1, servers: [canary], serverNames },
    ]);
    for (let each = 0; each < 8; each++) await asking(started, 'shop.example', /stable|canary/);
    assert.deepEqual([stable.recordings.length, canary.recordings.length], [6, 2]);
  });

  test('each half ends on its own', async () => {
    await using server = await RecordingServer.start();
    await using started = await start([{ name: 'shop', servers: [server] }]);
    using client = await RawClient.connect(started.port);
    client.say(record(askingFor('shop.example')));
    client.socket.end('the last of it');
    await client.all();
    assert.equal(client.ended, 'end');
    assert.match(server.received, /the last of it$/);
    await until(() => started.balancer.endpoints()[0]?.connections === 0, 'nothing of it is left');
  });

  test('a change of names drops no connection, and takes effect', async () => {
    await using shop = await RecordingServer.start();
    await using next = await answering('the next');
    const before = [{ name: 'shop', servers: [shop], serverNames: ['shop.example'] }];
    await using started = await start(before);
    using client = await RawClient.connect(started.port);
    client.say(record(askingFor('shop.example')));
    await until(() => shop.received !== '', 'it has arrived');
    const after = [
      { name: 'shop', servers: [shop], serverNames: ['old.example'] },
      { name: 'next', servers: [next], serverNames: ['shop.example'] },
    ];
    started.balancer.applyConfig({ ...config(after), generation: 2 });
    started.balancer.applyEndpoints(endpoints(after), false);
    await asking(started, 'shop.example', 'the next');
    shop.say('still here');
    await client.hear('still here');
  });

  test('a server that leaves keeps the connections that it has until its time is over', async () => {
    await using server = await RecordingServer.start();
    await using started = await start([{ name: 'shop', servers: [server] }], { failover: { drainTimeoutMs: 300 } });
    using client = await RawClient.connect(started.port);
    client.say(record(askingFor('shop.example')));
    await until(() => server.received !== '', 'it has arrived');
    started.balancer.applyEndpoints([], false);
    server.say('still here');
    await client.hear('still here');
    await client.all();
    await until(() => started.balancer.endpoints().length === 0, 'nothing is left');
  });

  test('who waits for the servers of one host does not hold up those of another', async () => {
    await using shop = await RecordingServer.start();
    await using blog = await answering('blog');
    await using started = await start(
      [
        { name: 'shop', servers: [shop], serverNames: ['shop.example'] },
        { name: 'blog', servers: [blog], serverNames: ['blog.example'] },
      ],
      { limits: { requestsPerServer: 1, pendingTimeoutMs: 20_000 } },
    );
    using first = await RawClient.connect(started.port);
    using second = await RawClient.connect(started.port);
    first.say(record(askingFor('shop.example')));
    await until(() => shop.recordings.length === 1, 'the first has a server');
    second.say(record(askingFor('shop.example')));
    await until(() => /^evenkeel_pending_requests\{listener="http"\} 1$/m.test(started.balancer.metrics()), 'the second waits');
    await asking(started, 'blog.example', 'blog');
    first.socket.destroy();
    await until(() => shop.recordings.length === 2, 'the second has its turn');
  });

  test('the PROXY protocol stands before TLS, from the client and to the server', async () => {
    await using server = await answering('hello');
    await using started = await start([{ name: 'shop', servers: [server], proxyProtocol: 'V1', serverNames: ['shop.example'] }], {
      listeners: [{ proxyProtocol: true }],
      heartbeat: { schedule: { type: 'Fixed', intervalMs: 3_600_000 } },
    });
    const told = 'PROXY TCP6 2001:db8::7 fd00::2 8080 443\r\n';
    using client = await RawClient.connect(started.port);
    await client
      .say(told)
      .say(record(askingFor('shop.example')))
      .hear('hello');
    assert.ok(server.received.endsWith(told + record(askingFor('shop.example')).toString('latin1')));
  });

  test("heartbeats speak TLS where the backend says how; clients' own is not wrapped", async () => {
    using mounted = new MountedSecrets();
    mounted.write('ca', { 'ca.crt': SHOP.cert });
    await using server = await ScriptedServer.start(named('shop'), 0, SHOP);
    const tls = { ca: mounted.authority('ca'), hostname: 'shop.example', certificate: null };
    const check = httpCheck();
    await using started = await start([{ name: 'shop', servers: [server], tls }], { heartbeat: { check } });
    await until(() => started.balancer.endpoints()[0]?.heartbeatMilliseconds !== null, 'a heartbeat is answered');
    assert.equal(await get(started, 'shop.example'), 'shop, DNS:shop.example, IP Address:127.0.0.1');
    assert.deepEqual(started.balancer.report().unhealthyEndpoints, []);
  });
});
