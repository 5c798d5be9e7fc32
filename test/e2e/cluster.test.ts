import assert from 'node:assert/strict';
import { suite } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import { fetchInside } from './support/agent.ts';
import { kubectl } from './support/api.ts';
import { plainService } from './support/manifests.ts';
import { isReady, podsOf } from './support/objects.ts';
import { waitFor } from './support/wait.ts';
import { useWorld } from './support/world.ts';

suite('the cluster that the other tests stand on', () => {
  const world = useWorld('cluster');
  const labels = { app: 'plain' };
  // Other tests have taken the API server away, and the controllers try what failed then again later and later (seen: after two minutes).
  const plain = () =>
    waitFor(
      'two plain pods',
      async () => {
        const pods = await podsOf(world.namespace, labels);
        return pods.length === 2 && pods.every(isReady) ? pods : null;
      },
      { timeoutMs: 300_000 },
    );

  world.test('runs the pods of a Deployment', { timeout: 330_000 }, async () => {
    await world.apply(...plainService('plain', 2));
    for (const pod of await plain()) assert.match(pod.status.podIP ?? '', /^[0-9.]+$/);
  });

  world.test('tells what a pod logs, and runs a command in it', async () => {
    const [pod] = await plain();
    assert.ok(pod);
    const { name } = pod.metadata;
    assert.match(await kubectl(['logs', '-n', world.namespace, name]), new RegExp(`${name} says hello on port 8080`));
    assert.match(await kubectl(['exec', '-n', world.namespace, name, '--', 'evenkeel', 'version']), /^evenkeel [0-9]+\.[0-9]+\.[0-9]+/);
  });

  world.test('answers for a Service from each of its pods', async () => {
    const pods = await plain();
    await world.reachable('plain');
    const load = await world.load('plain', { pace: { type: 'Sequential', count: 60 }, connections: 'New' });
    const { ok, servers } = await load.finished();
    assert.equal(ok, 60);
    assert.deepEqual(
      Object.keys(servers).sort(),
      pods.map(({ metadata }) => metadata.name),
    );
  });

  world.test('has a pod reach itself through its Service', async () => {
    const [pod] = await plain();
    assert.ok(pod);
    const { host } = await world.address('plain');
    const script = `for (let i = 0; i < 12; i++) await fetch('http://${host}/').then((r) => r.text()); console.log('reached')`;
    assert.equal((await kubectl(['exec', '-n', world.namespace, pod.metadata.name, '--', 'node', '-e', script])).trim(), 'reached');
  });

  world.test('refuses a pod that the restricted standard does not allow', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'loose' },
      spec: { containers: [{ name: 'c', image: 'none', securityContext: { privileged: true } }] },
    };
    await assert.rejects(world.apply(pod as KubeObject), /violates PodSecurity "restricted/);
  });

  world.test('has the load client tell what fails, and how', async () => {
    const [pod] = await plain();
    const host = pod?.status.podIP ?? '';
    assert.equal((await fetchInside({ host, port: 8080, path: '/?status=503' })).outcome, '503');
    assert.equal((await fetchInside({ host, port: 8081 })).outcome, 'ECONNREFUSED');
    assert.equal((await fetchInside({ host, port: 8080, path: '/?hang=1', timeoutMs: 200 })).outcome, 'Timeout');
  });
});
