import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ListenerConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { GET, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { balancerConfig, startBalancer } from '../../support/start-balancer.ts';

const HEADER = 'PROXY TCP4 192.0.2.7 10.0.0.2 8080 80\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002070a0000021f900050', 'hex');
const config = (listener: Partial<ListenerConfig> = {}) => balancerConfig({ listeners: [{ proxyProtocol: true, ...listener }] });

describe('a port behind a proxy that speaks the PROXY protocol', { concurrency: 4 }, () => {
  for (const [version, header] of [
    ['1', Buffer.from(HEADER)],
    ['2', V2],
  ] as const) {
    test(`version ${version}: the client is who the header says, however it comes in pieces`, async () => {
      await using server = await ScriptedServer.start(named('the server'));
      await using started = await startBalancer([server.port], config());
      const request = Buffer.concat([header, Buffer.from(GET)]);
      for (const at of [1, 5, header.length - 1, header.length, header.length + 1, request.length]) {
        using client = await RawClient.connect(started.port);
        client.say(request.subarray(0, at));
        setImmediate(() => client.say(request.subarray(at)));
        await client.hear('the server');
        client.heard = '';
        await client.say(GET).hear('the server');
      }
      assert.equal(server.requests.length, 12);
      for (const { head } of server.requests) assert.match(head, /^X-Forwarded-For: 192\.0\.2\.7\r$/m);
    });
  }

  test('a proxy that speaks for itself is the client', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    await using started = await startBalancer([server.port], config());
    using client = await RawClient.connect(started.port);
    await client.say(`PROXY UNKNOWN\r\n${GET}`).hear('the server');
    assert.match(server.requests[0]?.head ?? '', /^X-Forwarded-For: 127\.0\.0\.1\r$/m);
  });

  test('without a header, with half of one or with a second one nothing reaches a server', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    await using started = await startBalancer([server.port], config());
    for (const bytes of [GET, `PROXY TCP4 me you 1 2\r\n${GET}`, `${HEADER}${HEADER}${GET}`]) {
      using client = await RawClient.connect(started.port);
      await client.say(bytes).all();
    }
    using half = await RawClient.connect(started.port);
    half.say('PROXY TCP4').socket.end();
    await half.all();
    assert.deepEqual(server.requests, []);
  });

  test('a header that does not come is waited for for a time, others unhurt', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    const limits = { headerTimeoutMs: 300 };
    await using started = await startBalancer([server.port], { ...config(), limits: { ...config().limits, ...limits } });
    using silent = await RawClient.connect(started.port);
    using client = await RawClient.connect(started.port);
    await client.say(`${HEADER}${GET}`).hear('the server');
    await silent.all();
    assert.equal(silent.ended, 'reset');
  });

  test('a port without it takes a header for no request', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    await using started = await startBalancer([server.port]);
    using client = await RawClient.connect(started.port);
    assert.match(await client.say(`${HEADER}${GET}`).all(), /^HTTP\/1\.1 (400|505) /);
    assert.deepEqual(server.requests, []);
  });

  test('over TLS the header comes before the handshake', async () => {
    const { cert, key } = createCertificate();
    using mounted = new MountedSecrets();
    mounted.write('local', { 'tls.crt': cert, 'tls.key': key });
    await using server = await ScriptedServer.start(named('the server'));
    const tls = { certificates: [mounted.certificate('local')], minVersion: '1.2', clientCa: null } as const;
    await using started = await startBalancer([server.port], config({ protocol: 'HTTPS', tls }));
    for (const together of [false, true]) {
      const tcp = connect({ port: started.port, host: '127.0.0.1' });
      if (together) tcp.cork();
      tcp.write(HEADER);
      const client = connectTls({ socket: tcp, ca: cert, servername: 'localhost' });
      if (together) setImmediate(() => tcp.uncork());
      await once(client, 'secureConnect');
      client.write(GET);
      const [answer] = (await once(client, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
      client.destroy();
    }
    for (const { head } of server.requests) assert.match(head, /^X-Forwarded-For: 192\.0\.2\.7\r$/m);
    assert.equal(server.requests.length, 2);
  });

  test('a TCP port takes the header off, and passes on what comes behind it', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    await using started = await startBalancer([server.port], config({ protocol: 'TCP' }));
    using client = await RawClient.connect(started.port);
    await client.say(`${HEADER}${GET}`).hear('the server');
    client.heard = '';
    await client.say(GET).hear('the server');
    assert.ok(server.bytes[0]?.startsWith('GET / '));
  });
});
