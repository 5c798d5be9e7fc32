import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { kubectl } from './support/api.ts';
import { podTemplate, resource } from './support/manifests.ts';
import { isReady } from './support/objects.ts';
import { waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** A condition of the pods that the kubelet asks for beside the container's own readiness, and that only this test sets. */
const GATE = 'test.evenkeel.dev/seen';
const SERVERS = 3;

suite('a control plane that calls every server unready', () => {
  const world = useWorld('readiness');
  const name = 'shop';

  async function call(ready: boolean): Promise<void> {
    const pods = await waitFor('the servers', async () => {
      const found = await world.servers(name);
      return found.length === SERVERS ? found : null;
    });
    const patch = JSON.stringify({ status: { conditions: [{ type: GATE, status: ready ? 'True' : 'False' }] } });
    for (const { metadata } of pods) {
      await kubectl(['patch', 'pod', metadata.name, '-n', world.namespace, '--subresource=status', '-p', patch]);
    }
    await waitFor(`the servers to be ${ready ? '' : 'un'}ready`, async () =>
      (await world.servers(name)).every((pod) => isReady(pod) === ready),
    );
  }

  /** Lines of this kind in the logs of all balancers. */
  async function told(message: RegExp): Promise<number> {
    const logs = await Promise.all(
      (await world.balancers(name)).map(({ metadata }) => kubectl(['logs', metadata.name, '-n', world.namespace])),
    );
    return logs.filter((log) => message.test(log)).length;
  }

  world.test('their clients notice nothing, since heartbeats find them healthy', async (context) => {
    const hello = podTemplate(['evenkeel', 'hello']) as { spec: Record<string, unknown> };
    const template = { ...hello, spec: { ...hello.spec, readinessGates: [{ conditionType: GATE }] } };
    const deployment = { replicas: SERVERS, template };
    await world.apply(resource(name, { backends: [{ name: 'web', type: 'Deployment', ports: [{ port: 8080 }], deployment }] }));
    await call(true);
    await world.settled(name);
    const load = await world.load(name, { pace: { type: 'Open', rate: rate / 5 } });
    await call(false);
    const balancers = (await world.balancers(name)).length;
    await waitFor('each balancer to say so', async () => (await told(/no server is called ready any more/)) === balancers);
    const { ok } = await load.result();
    await waitFor('requests that are answered nevertheless', async () => (await load.result()).ok > ok + rate);
    assert.equal((await world.status(name)).conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
    await call(true);
    await waitFor('each balancer to say that it is over', async () => (await told(/there are servers again/)) === balancers);
    const { sent, failed, outcomes } = await load.stop();
    context.diagnostic(`${sent} GETs, ${JSON.stringify(outcomes)}`);
    assert.equal(failed, 0, JSON.stringify(outcomes));
  });
});
