import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { suite } from 'node:test';
import type { Backend } from '../../src/api/v1alpha1/types.ts';
import { createCertificate } from '../support/certificate.ts';
import { quickHeartbeat, resource } from './support/manifests.ts';
import { waitFor } from './support/wait.ts';
import { Wire } from './support/wire.ts';
import { tlsSecret, wireServer, wireServerSource } from './support/wire-servers.ts';
import { useWorld } from './support/world.ts';

const UNARY = 20;
const UNRECOGNIZED_ONCE = /^evenkeel_failures_total\{listener="tls",reason="UnrecognizedName"\} 1$/m;

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request with all of its answer; a body makes it a POST, as a call of gRPC is one. */
async function ask(session: ClientHttp2Session, path: string, body?: string): Promise<Answer> {
  const head = body === undefined ? {} : { ':method': 'POST', te: 'trailers', 'content-type': 'application/grpc' };
  const stream = session.request({ ':authority': 'calls', ':path': path, ...head });
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.end(body);
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { headers, trailers, body: Buffer.concat(chunks).toString() };
}

suite('through a Service: HTTP/2, gRPC, and TLS that is passed on', () => {
  const world = useWorld('protocols');
  const balancer = { type: 'Dedicated', dedicated: { replicas: 1 } } as const;

  const passed = (name: string, serverName: string): Backend => ({
    name,
    type: 'Deployment',
    serverNames: [serverName],
    ports: [{ port: 8443 }],
    deployment: { replicas: 1, template: wireServer(`${name}-tls`) },
  });

  async function calls(wire: Wire, port: 80 | 443): Promise<ClientHttp2Session> {
    const { host } = await world.address('calls');
    return wire.http2(host, port, port === 443 ? { servername: 'calls.example' } : null);
  }

  world.test('come up', { timeout: 120_000 }, async () => {
    const names = [
      { port: 8080, name: 'grpc' },
      { port: 8081, name: 'grpcs' },
    ];
    const server = { name: 'web', type: 'Deployment', protocol: 'HTTP2', ports: names } as const;
    await world.apply(
      wireServerSource(),
      tlsSecret('blue-tls', createCertificate({ names: ['blue.example'] })),
      tlsSecret('green-tls', createCertificate({ names: ['www.green.example'] })),
      tlsSecret('calls-tls', createCertificate({ names: ['calls.example'] })),
      resource('passing', {
        ports: [{ name: 'tls', port: 443, protocol: 'TLS' }],
        backends: [passed('blue', 'blue.example'), passed('green', '*.green.example')],
        heartbeat: { type: 'TCP', schedule: quickHeartbeat.schedule },
        balancer,
      }),
      resource('calls', {
        ports: [
          { name: 'grpc', port: 80, protocol: 'HTTP' },
          { name: 'grpcs', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'calls-tls' }] } },
        ],
        backends: [{ ...server, deployment: { replicas: 2, template: wireServer() } }],
        heartbeat: { type: 'GRPC', schedule: quickHeartbeat.schedule, timeout: '200ms' },
        balancer,
      }),
    );
    await world.settled('calls');
    await world.conditions('passing', { Programmed: 'True', Ready: 'True', EndpointsHealthy: 'True', Reconciling: 'False' });
    await waitFor('both servers', async () => (await world.status('passing')).summary?.endpoints === '2/2');
  });

  world.test('TLS is passed on to the server of the host that is asked for, and a host that nobody has is refused', async () => {
    using wire = await Wire.open();
    const { host, port } = await world.address('passing');
    const reached = async (servername: string) => {
      const socket = await wire.tls(host, port, { servername });
      socket.write('hello');
      const [name] = (await once(socket, 'data')) as [Buffer];
      return { server: name.toString(), shown: socket.getPeerX509Certificate()?.subjectAltName?.split(',')[0] };
    };
    const [blue] = await world.servers('passing', 'blue');
    const [green] = await world.servers('passing', 'green');
    // kube-proxy takes a moment to learn of the first balancer.
    await waitFor('an answer through the Service', () => reached('blue.example').then(Boolean));
    assert.deepEqual(await reached('blue.example'), { server: blue?.metadata.name, shown: 'DNS:blue.example' });
    assert.deepEqual(await reached('www.green.example'), { server: green?.metadata.name, shown: 'DNS:www.green.example' });
    await assert.rejects(reached('red.example'), { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    const [pod] = await world.balancers('passing');
    assert.ok(pod);
    assert.match(await world.metrics(pod), UNRECOGNIZED_ONCE);
  });

  world.test('each stream of a connection of HTTP/2 is balanced on its own', async (context) => {
    using wire = await Wire.open();
    const session = await calls(wire, 80);
    const servers = (await world.servers('calls')).map(({ metadata }) => metadata.name);
    await world.spreadExactly(context, 'calls', [UNARY / 2, UNARY / 2], async () => {
      const answers = await Promise.all(Array.from({ length: UNARY }, () => ask(session, '/')));
      assert.ok(answers.every(({ headers, body }) => Number(headers[':status']) === 200 && headers['x-server'] === body));
      return servers.map((name) => answers.filter(({ body }) => body === name).length);
    });
  });

  for (const port of [80, 443] as const) {
    const how = port === 80 ? 'in clear text' : 'over TLS, agreed on by ALPN';
    world.test(`gRPC ${how}: a call with its status in trailers, and a stream both ways`, async () => {
      using wire = await Wire.open();
      const session = await calls(wire, port);
      const health = await ask(session, '/grpc.health.v1.Health/Check', '\0\0\0\0\0');
      assert.deepEqual([health.body, health.trailers['grpc-status']], ['\0\0\0\0\x02\x08\x01', '0']);

      const stream = session.request({ ':authority': 'calls', ':path': '/test/Echo', ':method': 'POST', te: 'trailers' });
      let status: unknown;
      stream.on('trailers', (fields) => {
        status = fields['grpc-status'];
      });
      // Each message is said only once the one before has come back: neither side waits for the other to end.
      for (const message of ['one', 'two', 'three']) {
        stream.write(message);
        const [echo] = (await once(stream, 'data')) as [Buffer];
        assert.equal(echo.toString(), message);
      }
      stream.end();
      await once(stream, 'end');
      await waitFor('the status', () => status !== undefined);
      assert.equal(status, '0');
    });
  }

  world.test('a server that says that it does not serve (grpc.health.v1) is out, and calls go on', async () => {
    using wire = await Wire.open();
    const session = await calls(wire, 80);
    const { body: failing } = await ask(session, '/test/Fail');
    const failover = await world.failover('calls', failing);
    assert.equal(failover.reason, 'HeartbeatBadStatus');
    for (let each = 0; each < UNARY; each++) {
      const { headers, trailers } = await ask(session, '/test/Echo', 'hello');
      assert.notEqual(headers['x-server'], failing);
      assert.equal(trailers['grpc-status'], '0');
    }
  });
});
