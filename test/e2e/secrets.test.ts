import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import type { KubeObject } from '../../src/api/meta.ts';
import type { Port } from '../../src/api/v1alpha1/types.ts';
import { type Certificate, createCertificate } from '../support/certificate.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { isReady } from './support/objects.ts';
import { PortForward } from './support/port-forward.ts';
import { waitFor } from './support/wait.ts';
import { useWorld } from './support/world.ts';

/** The kubelet brings a change of a Secret with its next look at the pod, about once a minute. */
const KUBELET_MS = 180_000;

suite('Secrets that an HTTPS port needs', () => {
  const world = useWorld('secrets');
  const name = 'shop';
  const first = createCertificate({ names: ['first.example'] });
  const second = createCertificate({ names: ['second.example'] });

  const secret = ({ cert, key }: Certificate) =>
    ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'shop-tls' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': cert, 'tls.key': key },
    }) as KubeObject;

  const message = async (type: string) =>
    (await world.status(name)).conditions?.find((condition) => condition.type === type)?.message ?? '';

  /** A balancer's HTTPS port, as a port of this machine. */
  async function forwarded<T>(use: (port: number) => Promise<T>): Promise<T> {
    const [pod] = await world.balancers(name);
    assert.ok(pod);
    using forward = await PortForward.start(world.namespace, pod.metadata.name, 10443);
    return await use(forward.port);
  }

  async function secured(port: number): Promise<TLSSocket> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** What a request over this connection is answered, or that it was closed; it is of no use afterwards. */
  async function answered(socket: TLSSocket): Promise<string> {
    socket.write('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    for await (const chunk of socket) return String(chunk);
    return 'closed without an answer';
  }

  async function shown(): Promise<string> {
    return forwarded(async (port) => {
      const socket = await secured(port);
      const names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
      socket.destroy();
      return names;
    });
  }

  world.test('while it is missing no balancer is ready, and Programmed names it', { timeout: 120_000 }, async () => {
    const https: Port = { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'shop-tls' }] } };
    const balancer = { type: 'Dedicated', dedicated: { replicas: 1 } } as const;
    // One connection has to stand, with nothing to do, until the kubelet comes by.
    const limits = { idleTimeout: '10m' };
    await world.apply(resource(name, { backends: [helloBackend('web', 1)], ports: [https], balancer, limits }));
    await world.conditions(name, { Accepted: 'True', Programmed: 'False' });
    await waitFor('the name of the Secret', async () => /Secret shop-tls: it is missing/.test(await message('Programmed')));
    assert.deepEqual((await world.balancers(name)).filter(isReady), []);
  });

  world.test('once it is there the port serves, without a restart', { timeout: KUBELET_MS + 30_000 }, async () => {
    const [before] = await world.balancers(name);
    await world.apply(secret(first));
    await world.conditions(name, { Programmed: 'True', Ready: 'True' }, KUBELET_MS);
    assert.match(await shown(), /first/);
    const [after] = await world.balancers(name);
    assert.equal(after?.metadata.uid, before?.metadata.uid);
    await forwarded(async (port) => assert.match(await answered(await secured(port)), /^HTTP\/1\.1 200 /));
  });

  world.test('a renewed one is shown to new clients, and a connection that stands goes on', { timeout: KUBELET_MS + 60_000 }, async () => {
    await forwarded(async (port) => {
      const standing = await secured(port);
      await world.apply(secret(second));
      await waitFor('the second certificate', async () => /second/.test(await shown()), { timeoutMs: KUBELET_MS, everyMs: 1_000 });
      assert.match(await answered(standing), /^HTTP\/1\.1 200 /);
    });
  });
});
