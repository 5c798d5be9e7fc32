import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ListenerTlsConfig } from '../../../src/model/config.ts';
import { createCertificate } from '../../support/certificate.ts';
import { ask, GET, GET_AND_CLOSE } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { MountedSecrets } from '../../support/secrets.ts';
import { balancerConfig, endpointAt, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { TlsClient } from '../../support/tls-client.ts';
import { until } from '../../support/until.ts';

const OLD = createCertificate({ names: ['old.example'] });
const NEW = createCertificate({ names: ['new.example'] });
const pair = ({ cert, key }: { cert: string; key: string }) => ({ 'tls.crt': cert, 'tls.key': key });

function config(tls: ListenerTlsConfig) {
  return balancerConfig({ listeners: [{}, { name: 'https', port: 443, protocol: 'HTTPS', tls }] });
}

const tlsOf = (mounted: MountedSecrets, ...names: string[]): ListenerTlsConfig => ({
  certificates: names.map((name) => mounted.certificate(name)),
  minVersion: '1.2',
  clientCa: null,
});

async function start(server: ScriptedServer, tls: ListenerTlsConfig): Promise<StartedBalancer> {
  const started = await startBalancer([server.port], config(tls));
  const ports = ['http', 'https'].map((portName) => endpointAt(server.port, { portName, id: `${portName}:${server.port}` }));
  started.balancer.applyEndpoints(ports, false);
  return started;
}

async function shown({ balancer }: StartedBalancer, servername = ''): Promise<string> {
  using client = await TlsClient.connect(balancer.port('https'), { servername });
  return client.shown;
}

const problem = ({ balancer }: StartedBalancer) => balancer.report().configError;

describe('Secrets of a running balancer', { concurrency: 4 }, () => {
  test('a renewed certificate is for new handshakes, and no connection is dropped', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    await using started = await start(server, tlsOf(mounted, 'shop'));
    using client = await TlsClient.connect(started.balancer.port('https'));
    await client.say(GET).hear('the server');
    mounted.write('shop', pair(NEW));
    await until(async () => /new/.test(await shown(started)), 'the new certificate is shown');
    client.heard = '';
    await client.say(GET).hear('the server');
    assert.match(client.shown, /old/);
    assert.equal(problem(started), '');
  });

  test('when the certificates end that are shown is told, and no longer than they are', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    mounted.write('next', pair(createCertificate({ names: ['next.example'], days: 10 })));
    await using started = await start(server, tlsOf(mounted, 'shop', 'missing'));
    const days = (): Record<string, number> => {
      const found = started.balancer
        .metrics()
        .matchAll(/^evenkeel_certificate_expiration_timestamp_seconds\{listener="https",secret="(\w+)"\} ([\d.e+]+)$/gm);
      return Object.fromEntries([...found].map(([, secret = '', end]) => [secret, Math.round((Number(end) - Date.now() / 1000) / 86_400)]));
    };
    assert.deepEqual(days(), { shop: 365 });
    started.balancer.applyConfig({ ...config(tlsOf(mounted, 'next')), generation: 2 });
    assert.deepEqual(days(), { next: 10 });
    mounted.write('next', pair(NEW));
    await until(() => days().next === 365, 'it is renewed');
  });

  const broken = {
    'no certificate': { ...pair(NEW), 'tls.crt': 'nothing' },
    'no key': { ...pair(NEW), 'tls.key': 'nothing' },
    "another certificate's key": { ...pair(NEW), 'tls.key': OLD.key },
  };
  for (const [what, files] of Object.entries(broken)) {
    test(`a new certificate with ${what} is refused and reported, and the old one goes on`, async () => {
      await using server = await ScriptedServer.start(named('the server'));
      using mounted = new MountedSecrets();
      mounted.write('shop', pair(OLD));
      await using started = await start(server, tlsOf(mounted, 'shop'));
      mounted.write('shop', files);
      await until(() => problem(started) !== '', 'it is reported');
      assert.match(problem(started), /^port https: Secret shop: tls\.(crt|key) (holds no|is not the key)/);
      assert.match(await shown(started), /old/);
      assert.equal(started.balancer.notReady(), null);
      mounted.write('shop', pair(NEW));
      await until(() => problem(started) === '', 'it is taken back');
      assert.match(await shown(started), /new/);
    });
  }

  test('a Secret that is deleted is reported, and its certificate goes on', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    await using started = await start(server, tlsOf(mounted, 'shop'));
    mounted.delete('shop');
    await until(() => problem(started) !== '', 'it is reported');
    assert.match(problem(started), /^port https: Secret shop: it is missing or has no tls\.crt/);
    assert.match(await shown(started), /old/);
  });

  test('without its Secret a port serves nobody, the others go on, and the balancer is not ready until it comes', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    await using started = await start(server, tlsOf(mounted, 'shop'));
    assert.match(started.balancer.notReady() ?? '', /^port https: Secret shop: it is missing/);
    assert.match(problem(started), /Secret shop/);
    await assert.rejects(shown(started));
    assert.match(await ask(started.port, GET_AND_CLOSE), /the server/);
    mounted.write('shop', pair(NEW));
    await until(() => started.balancer.notReady() === null, 'it is ready');
    assert.match(await shown(started), /new/);
    assert.equal(problem(started), '');
  });

  test('a configuration with a Secret that is missing leaves the port with the certificates that it has', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    await using started = await start(server, tlsOf(mounted, 'shop'));
    started.balancer.applyConfig(config(tlsOf(mounted, 'blog')));
    assert.match(await shown(started), /old/);
    assert.equal(started.balancer.notReady(), null);
    assert.match(problem(started), /Secret blog/);
    mounted.write('blog', pair(NEW));
    await until(async () => /new/.test(await shown(started)), 'the new one is shown');
    assert.match(await shown(started, 'old.example'), /new/);
  });

  test('of several certificates those that there are serve', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    await using started = await start(server, tlsOf(mounted, 'blog', 'shop'));
    assert.match(await shown(started), /old/);
    assert.equal(started.balancer.notReady(), null);
    mounted.write('blog', pair(NEW));
    await until(async () => /new/.test(await shown(started)), 'the first is shown');
    assert.match(await shown(started, 'old.example'), /old/);
  });

  test('without the authorities that clients are held against nobody is let in', async () => {
    await using server = await ScriptedServer.start(named('the server'));
    using mounted = new MountedSecrets();
    mounted.write('shop', pair(OLD));
    await using started = await start(server, { ...tlsOf(mounted, 'shop'), clientCa: mounted.authority('clients') });
    await assert.rejects(shown(started));
    assert.match(started.balancer.notReady() ?? '', /Secret clients: it is missing or has no ca\.crt/);
    mounted.write('clients', { 'ca.crt': 'nothing' });
    await until(() => /ca\.crt holds no certificate/.test(problem(started)), 'it is reported');
    await assert.rejects(shown(started));
  });
});
