import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { LimitsConfig, ListenerTlsConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { Http2Client } from '../../support/http2-client.ts';
import { FrameType, framesIn, PREFACE } from '../../support/http2-frames.ts';
import { GET, POST, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { balancerConfig, clientConnections, failures, startBalancer } from '../../support/start-balancer.ts';
import { TlsClient } from '../../support/tls-client.ts';
import { until } from '../../support/until.ts';

const LOCAL = createCertificate();
const SHOP = createCertificate({ names: ['shop.example', '*.shop.example'] });
const BLOG = createCertificate({ names: ['blog.shop.example'] });
const AUTHORITY = createCertificate({ commonName: 'clients' });
const STRANGER = createCertificate({ commonName: 'strangers' });

const pair = ({ cert, key }: { cert: string; key: string }) => ({ 'tls.crt': cert, 'tls.key': key });

function secrets(): MountedSecrets {
  const mounted = new MountedSecrets();
  mounted.write('local', pair(LOCAL));
  mounted.write('shop', pair(SHOP));
  mounted.write('blog', pair(BLOG));
  mounted.write('clients', { 'ca.crt': AUTHORITY.cert });
  return mounted;
}

function https(mounted: MountedSecrets, tls: Partial<ListenerTlsConfig> = {}, limits: Partial<LimitsConfig> = {}) {
  const all: ListenerTlsConfig = { certificates: [mounted.certificate('local')], minVersion: '1.2', clientCa: null, ...tls };
  return balancerConfig({ limits, listeners: [{ protocol: 'HTTPS', tls: all }] });
}

async function get(port: number, options: ConnectionOptions = {}): Promise<string> {
  using client = await TlsClient.connect(port, options);
  return await client.say(GET).hear('the server');
}

/** A client that is refused may learn of it with its first bytes only: in TLS 1.3 its own handshake is over before the server has judged it. */
async function refused(port: number, options: ConnectionOptions): Promise<boolean> {
  return get(port, options).then(
    () => false,
    () => true,
  );
}

describe('a port of protocol HTTPS', { concurrency: 4 }, () => {
  test('answers, and tells the server that the client spoke https', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    assert.match(await get(started.port, { ca: LOCAL.cert, rejectUnauthorized: true }), /^HTTP\/1\.1 200 /);
    assert.match(server.requests[0]?.head ?? '', /^X-Forwarded-Proto: https\r$/m);
    assert.match(server.requests[0]?.head ?? '', /^Forwarded: for=127\.0\.0\.1;host=shop;proto=https\r$/m);
  });

  test('speaks HTTP/2 with clients that agree on it by ALPN, and with no other: the preface alone is nothing', async () => {
    await using server = await ScriptedServer.start((_request, reply) => reply.send('x'.repeat(100_000)));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await Http2Client.connectSecurely(started.port);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.ask()));
    assert.ok(answers.every(({ status, body }) => status === 200 && body.length === 100_000));
    assert.match(server.requests[0]?.head ?? '', /^Via: 2\.0 .*\r\n[\s\S]*^X-Forwarded-Proto: https\r$/m);
    using other = await TlsClient.connect(started.port, { ALPNProtocols: ['http/1.1'] });
    await other.say(PREFACE).hear('505');
  });

  for (const [what, says] of [
    ['says nothing', ''],
    ['sends the preface and nothing else', PREFACE],
  ] as const) {
    test(`[34] over headerTimeout the connection of a client that agreed on HTTP/2 and ${what} ends with GOAWAY`, async () => {
      using mounted = secrets();
      await using started = await startBalancer([], https(mounted, {}, { headerTimeoutMs: 1_000 }));
      using client = await TlsClient.connect(started.port, { ALPNProtocols: ['h2'] });
      client.say(says);
      await until(() => client.ended !== 'no', 'the connection ends');
      const goaway = framesIn(Buffer.from(client.heard, 'latin1')).find(({ type }) => type === FrameType.Goaway);
      assert.equal(goaway?.payload.readUInt32BE(4), constants.NGHTTP2_ENHANCE_YOUR_CALM);
      assert.deepEqual(failures(started), { HeadTimeout: 1 });
    });
  }

  test('shows the certificate that names the host: exactly, by a wildcard, else the first', async () => {
    using mounted = secrets();
    const certificates = ['local', 'shop', 'blog'].map((name) => mounted.certificate(name));
    await using started = await startBalancer([], https(mounted, { certificates }));
    const shown = async (servername: string) => {
      using client = await TlsClient.connect(started.port, { servername });
      return client.shown;
    };
    assert.match(await shown('localhost'), /DNS:localhost/);
    assert.match(await shown('SHOP.example'), /DNS:shop\.example/);
    assert.match(await shown('www.shop.example'), /DNS:shop\.example/);
    assert.match(await shown('blog.shop.example'), /DNS:blog/);
    assert.match(await shown('a.b.shop.example'), /DNS:localhost/);
    assert.match(await shown(''), /DNS:localhost/);
  });

  test('[37] speaks TLS 1.2 and 1.3, and 1.3 only where that is asked for', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using both = await startBalancer([server.port], https(mounted));
    await using newest = await startBalancer([server.port], https(mounted, { minVersion: '1.3' }));
    const old = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2') => ({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' });
    assert.equal(await refused(both.port, old('TLSv1.2')), false);
    assert.equal(await refused(both.port, { minVersion: 'TLSv1.3' }), false);
    assert.equal(await refused(both.port, old('TLSv1.1')), true);
    assert.equal(await refused(both.port, old('TLSv1')), true);
    assert.equal(await refused(newest.port, old('TLSv1.2')), true);
    assert.equal(await refused(newest.port, {}), false);
    assert.equal(server.requests.length, 3, 'of those that were let in');
  });

  test('[37] refuses to negotiate anew in midstream', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await TlsClient.connect(started.port, { maxVersion: 'TLSv1.2' });
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    client.socket.renegotiate({ rejectUnauthorized: false }, resolve);
    client.socket.once('error', resolve);
    assert.ok(await promise, 'an error, not a new session');
    assert.deepEqual(server.bytes, [], 'what the server received');
  });

  test('agrees on http/1.1, and with a client that speaks none of ours on nothing', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await TlsClient.connect(started.port, { ALPNProtocols: ['http/1.1', 'http/1.0'] });
    assert.equal(client.socket.alpnProtocol, 'http/1.1');
    assert.equal(await refused(started.port, { ALPNProtocols: ['imap'] }), true);
  });

  test('resumes sessions', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      using first = await TlsClient.connect(started.port, { maxVersion });
      const ticket = maxVersion === 'TLSv1.3' ? once(first.socket, 'session') : null;
      await first.say(GET).hear('the server');
      const session: Buffer = ticket ? (await ticket)[0] : first.socket.getSession();
      using second = await TlsClient.connect(started.port, { maxVersion, session });
      assert.equal(second.socket.isSessionReused(), true, maxVersion);
      await second.say(GET).hear('the server');
    }
  });

  test('passes large bodies both ways', async () => {
    const size = 3_000_000;
    await using server = await ScriptedServer.start((request, reply) => reply.send(request.body));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await TlsClient.connect(started.port);
    client.say(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\n\r\n${'0123456789'.repeat(size / 10)}`);
    await until(() => client.heard.length >= size, 'all of it comes back');
    assert.ok(client.heard.endsWith('\r\n\r\n'.concat('0123456789'.repeat(size / 10))));
  });

  test('becomes a tunnel where client and server agree to', async () => {
    await using server = await ScriptedServer.start((_request, reply) => {
      reply.raw('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello');
      reply.socket.on('data', (chunk: Buffer) => reply.socket.write(chunk));
    });
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await TlsClient.connect(started.port);
    await client.say('GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n').hear('hello');
    await client.say('marco').hear('marco');
  });

  test('[43] a response that breaks off is seen to break off', async () => {
    await using server = await ScriptedServer.start((request, reply) => {
      reply.raw(request.target === '/length' ? 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome' : 'HTTP/1.1 200 OK\r\n\r\nsome');
      if (request.target !== '/end') setImmediate(() => reply.reset());
      else reply.socket.end();
    });
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    // To a client of HTTP/1.0 the end of the connection is the end of the body: nothing else tells it that some is missing.
    for (const [target, version, how] of [
      ['/length', '1.1', 'cut'],
      ['/close', '1.0', 'cut'],
      ['/end', '1.0', 'end'],
    ] as const) {
      using client = await TlsClient.connect(started.port);
      client.say(`GET ${target} HTTP/${version}\r\nHost: shop\r\n\r\n`);
      assert.equal(await client.end(), how, target);
    }
  });

  test('finishes what is under way when it goes down', async () => {
    const held: (() => void)[] = [];
    await using server = await ScriptedServer.start((_request, reply) => held.push(() => reply.send('the server')));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    using client = await TlsClient.connect(started.port);
    client.say(GET);
    await until(() => held.length === 1, 'the request arrives');
    const down = started.balancer.drain(20_000);
    for (const answer of held) answer();
    assert.match(await client.hear('the server'), /\r\nConnection: close\r\n/);
    assert.equal(await client.end(), 'end');
    client.socket.end();
    await down;
  });

  test('a client over the limit is turned away, and the others go on', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted, {}, { connectionsPerPort: 1 }));
    using first = await TlsClient.connect(started.port);
    assert.equal(await refused(started.port, {}), true);
    await first.say(GET).hear('the server');
  });
});

describe('clients that must show a certificate', { concurrency: 4 }, () => {
  const known = createCertificate({ issuer: AUTHORITY, commonName: 'a client' });
  const stranger = createCertificate({ issuer: STRANGER, commonName: 'a client' });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${maxVersion}: only one that the authority has signed is let in`, async () => {
      await using server = await ScriptedServer.start(named('the server'));
      using mounted = secrets();
      const certificates = ['local', 'shop'].map((name) => mounted.certificate(name));
      await using started = await startBalancer([server.port], https(mounted, { certificates, clientCa: mounted.authority('clients') }));
      for (const servername of ['localhost', 'shop.example', '']) {
        const options = { maxVersion, servername };
        assert.equal(await refused(started.port, { ...options, ...known }), false, `${servername}: a known one`);
        assert.equal(await refused(started.port, options), true, `${servername}: none`);
        assert.equal(await refused(started.port, { ...options, ...stranger }), true, `${servername}: a stranger's`);
        assert.equal(await refused(started.port, { ...options, ...createCertificate() }), true, `${servername}: one's own`);
      }
      assert.equal(server.requests.length, 3);
    });
  }

  test('a stranger gets no session that could be resumed', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted, { clientCa: mounted.authority('clients') }));
    const tickets: Buffer[] = [];
    using client = await TlsClient.connect(started.port, stranger);
    client.socket.on('session', (ticket: Buffer) => tickets.push(ticket));
    await client.say(GET).end();
    assert.deepEqual(tickets, []);
    assert.equal(server.requests.length, 0);
  });

  test('a session ends with the authority that let its client in', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted, { clientCa: mounted.authority('clients') }));
    using client = await TlsClient.connect(started.port, known);
    const ticket = once(client.socket, 'session');
    await client.say(GET).hear('the server');
    const [session] = (await ticket) as [Buffer];
    assert.equal(await refused(started.port, { ...known, session }), false);
    mounted.write('clients', { 'ca.crt': STRANGER.cert });
    await until(async () => !(await refused(started.port, stranger)), 'the new authority counts');
    assert.equal(await refused(started.port, { ...known, session }), true);
  });
});

describe('hostile clients of a port of protocol HTTPS', { concurrency: 4 }, () => {
  test('[36] a handshake that stalls is closed in time, others unhurt', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted, {}, { headerTimeoutMs: 300 }));
    using silent = await RawClient.connect(started.port);
    using half = await RawClient.connect(started.port);
    half.say(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1]));
    using client = await TlsClient.connect(started.port);
    await Promise.all([silent.all(), half.all()]);
    await client.say(GET).hear('the server');
    assert.match(started.balancer.metrics(), /evenkeel_failures_total\{listener="http",reason="HandshakeFailed"\} 2\n/);
    assert.equal(server.bytes.length, 1, 'only the client who finished its handshake reached the server');
  });

  test('[36] whatever name a client asks for, nothing breaks', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    const names = [
      '__proto__',
      'constructor',
      '.',
      '..',
      '*',
      '*.',
      '-',
      'ü',
      '\u{1f4a3}.example',
      'a'.repeat(255),
      `${'a.'.repeat(127)}a`,
      '%00',
      "'; --",
    ];
    for (const servername of names) assert.match(await get(started.port, { servername }), /200/, servername);
    assert.equal(server.requests.length, names.length);
  });

  test('[16] bytes that are no TLS are closed, and so is a client that resets', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    for (const bytes of [GET, POST, '\x16\x03\x01\x00\x00', '\x80\x2e\x01\x03\x01', '\0'.repeat(1000), '\x16\x03\x01\xff\xff'.repeat(20)]) {
      using client = await RawClient.connect(started.port);
      client.say(bytes);
      client.socket.end();
      await client.all();
    }
    using client = await RawClient.connect(started.port);
    client.say(Buffer.from([0x16, 3, 1])).socket.resetAndDestroy();
    assert.match(await get(started.port), /200/);
    assert.equal(server.requests.length, 1);
  });

  test('[16] bytes that are no TLS, after a handshake, end the connection', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = secrets();
    await using started = await startBalancer([server.port], https(mounted));
    const tcp = connect({ port: started.port, host: '127.0.0.1' });
    await once(tcp, 'connect');
    using client = await TlsClient.connect(started.port, { socket: tcp });
    await client.say(GET).hear('the server');
    tcp.write('no TLS');
    tcp.write(Buffer.alloc(100));
    assert.equal(await client.end(), 'cut');
    await until(() => clientConnections(started) === 0, 'the connection is given back');
    assert.equal(server.requests.length, 1);
  });
});
