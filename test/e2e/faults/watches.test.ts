import assert from 'node:assert/strict';
import { after, before, suite } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { applyResource, client, get, made, resourceIn, startOperator, waitForConditions } from '../controllers/bench.ts';
import { pause, waitFor } from '../support/wait.ts';
import { AFTER, BEFORE, calm, changeDuring, contentOf, onStage, serve, settle, settled } from './scenario.ts';
import { install, SETTLED } from './stage.ts';

/** EVENKEEL_FULL=1: the operator as it is delivered, which gives a watch up after 150 s of silence. */
const FULL = process.env.EVENKEEL_FULL === '1';
const SILENCE_MS = 20_000;
const CLOSING_MS = 10_000;

suite('watches that fail', { concurrency: 4, timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  onStage('every watch falls silent without being closed', async (stage) => {
    const operator = FULL
      ? await stage.startOperator()
      : await startOperator(stage.namespace, { credentials: stage.credentials(), silenceMs: SILENCE_MS });
    try {
      await changeDuring(
        stage,
        async (change) => {
          assert.ok(stage.proxy.silenceWatches() >= 10);
          await change();
        },
        FULL ? 240_000 : undefined,
      );
    } finally {
      if ('stop' in operator) await operator.stop();
    }
  });

  onStage('every watch is closed every second, in order and then by a cut', async (stage) => {
    await stage.startOperator();
    await changeDuring(stage, async (change) => {
      let how: 'end' | 'cut' = 'end';
      const closing = setInterval(() => stage.proxy.endWatches(how), 1_000);
      await change();
      await pause(CLOSING_MS);
      how = 'cut';
      await pause(CLOSING_MS);
      clearInterval(closing);
    });
  });

  onStage('the resource is deleted and made anew, under its name, while nobody sees it', async (stage) => {
    await stage.startOperator();
    await settle(stage, BEFORE);
    const before = await stage.uids();
    await stage.proxy.goAway();
    await client.delete(Resources.LoadBalancedService, { namespace: stage.namespace, name: 'shop' });
    const { metadata } = await applyResource(resourceIn(stage.namespace, AFTER));
    await stage.proxy.comeBack();
    await settled(stage);
    const objects = await made(stage.namespace);
    for (const [name, object] of objects) {
      assert.equal(object.metadata?.ownerReferences?.[0]?.uid, metadata.uid, name);
      assert.notEqual(object.metadata?.uid, before[name], `${name} is another one`);
    }
    assert.deepEqual(stage.deletions(), [], 'what went, went by garbage collection');
    assert.deepEqual(await contentOf(stage.namespace), await calm(AFTER));
  });

  onStage('objects are deleted and made anew while nobody sees it: by a backup tool as ours, by somebody as theirs', async (stage) => {
    await stage.startOperator();
    const traffic = await serve(stage);
    const before = await stage.uids();
    await stage.proxy.goAway();
    traffic.bypassService();
    const [ours, theirs] = [await replaced(stage.namespace, 'shop--balancer'), await foreignService(stage.namespace)];
    await stage.proxy.comeBack();
    await waitForConditions(stage.namespace, { Accepted: 'False/NameConflict', Stalled: 'True/NameConflict' });
    assert.deepEqual((await get(Resources.Service, stage.namespace, 'shop'))?.metadata?.uid, theirs, 'it is left alone');
    await client.delete(Resources.Service, { namespace: stage.namespace, name: 'shop' });
    await settled(stage);
    const now = await stage.uids();
    assert.deepEqual(now, { ...before, 'ConfigMap/shop--balancer': ours, 'Service/shop': now['Service/shop'] });
    assert.deepEqual(stage.deletions(), []);
    assert.deepEqual(await contentOf(stage.namespace), await calm(BEFORE));
  });

  onStage('a spec that came and went while nobody saw it leaves nothing behind', async (stage) => {
    await stage.startOperator();
    await serve(stage);
    const before = await stage.uids();
    await stage.proxy.goAway();
    await applyResource(resourceIn(stage.namespace, AFTER));
    await applyResource(resourceIn(stage.namespace, BEFORE));
    await stage.proxy.comeBack();
    await waitForConditions(stage.namespace, SETTLED);
    await stage.quiet();
    assert.deepEqual(await stage.uids(), before);
  });
});

/** The ConfigMap deleted, and put back with other content and the same owner. Returns its uid. */
async function replaced(namespace: string, name: string): Promise<string> {
  const found = await client.get<KubeObject & { data?: unknown }>(Resources.ConfigMap, { namespace, name });
  await client.delete(Resources.ConfigMap, { namespace, name });
  const { labels, ownerReferences } = found.metadata ?? {};
  const metadata = { name, namespace, ...(labels ? { labels } : {}), ...(ownerReferences ? { ownerReferences } : {}) };
  const old = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.json': '{}' } };
  return (await client.create<KubeObject>(old, { fieldManager: 'backup' })).metadata?.uid ?? '';
}

async function foreignService(namespace: string): Promise<string> {
  await client.delete(Resources.Service, { namespace, name: 'shop' });
  await waitFor('the Service to go', async () => (await get(Resources.Service, namespace, 'shop')) === null);
  const theirs = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', namespace }, spec: { ports: [{ port: 80 }] } };
  return (await client.create<KubeObject>(theirs, { fieldManager: 'somebody' })).metadata?.uid ?? '';
}
