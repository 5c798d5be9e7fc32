import assert from 'node:assert/strict';
import { after, before, suite } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { Lease } from '../../../src/kube/lease.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { isObjectWrite, isWrite } from '../../support/fault-proxy.ts';
import { applyResource, backend, client, resourceIn, resourceNow, waitForConditions } from '../controllers/bench.ts';
import { waitFor } from '../support/wait.ts';
import type { PodProcess } from './pod-process.ts';
import { AFTER, calm, changeDuring, contentOf, onStage, serve, settle, settled } from './scenario.ts';
import { install, SETTLED, startProxy } from './stage.ts';

const LEASE = 'operator';
const FAILOVER = {
  address: '10.1.2.3:8080',
  backend: 'stable',
  podName: 'shop--stable-1',
  nodeName: 'n3',
  reason: 'HeartbeatTimeout' as const,
};

suite('leaders', { concurrency: 4, timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  onStage('a lease is stolen: for some seconds two lead, and all comes about once', async (stage, context) => {
    const proxy = await startProxy();
    try {
      const first = await stage.startOperator({ lease: LEASE, identity: 'first' });
      await first.says('"leading"');
      const second = await stage.startOperator({ lease: LEASE, identity: 'second', proxy });
      let both = 0;
      await changeDuring(stage, async (change) => {
        // The first hears nothing of its lease any more, so that it leads on until its time is over.
        const stopped = new Promise(() => {});
        stage.proxy.addFault(({ path }) => (path.includes('/leases') ? { type: 'Hold', until: stopped } : null));
        await stealLease(stage.namespace);
        await second.says('"leading"');
        const writes = (): number[] => [stage.proxy, proxy].map(({ passages }) => passages.filter(isObjectWrite).length);
        assert.ok(!first.log.some((line) => line.includes('no longer leading')));
        const since = writes();
        stage.standIn.distort((report, pod) => ({
          ...report,
          unhealthyEndpoints: [{ ...FAILOVER, state: 'Unhealthy', forMilliseconds: 0 }],
          failovers: [
            {
              ...FAILOVER,
              id: `${pod}-1`,
              detectionMilliseconds: 410,
              rescued: 3,
              lost: 0,
              agoMilliseconds: 0,
              removed: false,
              outMilliseconds: null,
            },
          ],
        }));
        await change();
        await first.says('no longer leading');
        both = writes().filter((count, index) => count > (since[index] ?? 0)).length;
      });
      context.diagnostic(`writes of ${both} leaders while there were two`);
      assert.equal(both, 2, 'both have written');
      assert.deepEqual(
        proxy.passages.filter(({ method }) => method === 'DELETE'),
        [],
      );
      await waitFor('the failover', async () => (await resourceNow(stage.namespace)).status?.failovers === 1);
      const events = (await client.list<KubeObject & { reason: string }>(Resources.Event, { namespace: stage.namespace })).items;
      assert.equal(events.filter(({ reason }) => reason === 'Failover').length, 1, 'told once');
    } finally {
      await proxy.stop();
    }
  });

  onStage('a standby whose watch is silent takes over: it undoes nothing of what it has not seen', async (stage) => {
    const proxy = await startProxy();
    try {
      const first = await stage.startOperator({ lease: LEASE, identity: 'first' });
      await first.says('"leading"');
      await serve(stage);
      const second = await stage.startOperator({ lease: LEASE, identity: 'second', proxy });
      assert.equal(
        proxy.silenceWatches(({ path }) => path.endsWith('/loadbalancedservices')),
        1,
      );
      const renamed = { backends: [backend('blue', 2)] };
      await settle(stage, renamed);
      await waitFor('the old backend to go', async () => !('Deployment/shop--stable' in (await stage.uids())));
      const before = await stage.uids();
      await first.end();
      // Something for it to write: where nothing differs it says nothing.
      const blue = { namespace: stage.namespace, name: 'shop--blue' };
      await client.mergePatch(Resources.Deployment, blue, { spec: { replicas: 3 } }, { fieldManager: 'somebody' });
      await second.says('"leading"');
      await waitFor('it to work', () => second.log.some((line) => line.includes('object written')));
      await waitForConditions(stage.namespace, SETTLED);
      assert.deepEqual(await stage.uids(), before);
      const undone = proxy.passages.filter((passage) => isWrite(passage) && /"name":"stable"|--stable/.test(passage.body));
      assert.deepEqual(undone, []);
      await applyResource(resourceIn(stage.namespace, AFTER));
      await settled(stage);
      assert.deepEqual(await contentOf(stage.namespace), await calm(AFTER));
    } finally {
      await proxy.stop();
    }
  });

  onStage('two lead, and one of them knows a spec of the past only: it makes, changes and deletes nothing', async (stage) => {
    const proxy = await startProxy();
    try {
      await stage.startOperator({ identity: 'first' });
      await serve(stage);
      const second = await stage.startOperator({ identity: 'second', proxy });
      await waitFor('the second to have looked at it', async () => (await reconciles(second)) > 0);
      assert.equal(
        proxy.silenceWatches(({ path }) => path.endsWith('/loadbalancedservices')),
        1,
      );
      await applyResource(resourceIn(stage.namespace, { backends: [backend('blue', 2)] }));
      const asksWhetherItIsSo = () =>
        proxy.passages.some(({ method, path }) => method === 'GET' && path.endsWith('/loadbalancedservices/shop'));
      await waitFor('the second to find what its spec does not ask for', asksWhetherItIsSo, { timeoutMs: 60_000 });
      await settled(stage);
      await waitFor('the old backend to go', async () => !('Deployment/shop--stable' in (await stage.uids())));
      await stage.quiet();
      await second.end();
      assert.deepEqual(
        proxy.passages.filter((passage) => isObjectWrite(passage) && !passage.path.endsWith('/status')).map(({ path }) => path),
        [],
      );
    } finally {
      await proxy.stop();
    }
  });
});

async function reconciles({ adminPort }: PodProcess): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const counted = metrics.matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm);
  return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** As if somebody had released it. */
async function stealLease(namespace: string): Promise<void> {
  const lease = await client.get<Lease>(Resources.Lease, { namespace, name: LEASE });
  await client.replace({ ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } }, { fieldManager: 'thief' });
}
