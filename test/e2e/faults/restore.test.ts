import assert from 'node:assert/strict';
import { after, before, suite } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { isObjectWrite, type Passage } from '../../support/fault-proxy.ts';
import { ControlPlane } from './control-plane.ts';

// Whatever these import talks to the cluster of $KUBECONFIG.
const plane = await ControlPlane.start();
process.env.KUBECONFIG = plane.kubeconfig;
const { applyResource, backend, client, get, resourceIn, waitForConditions } = await import('../controllers/bench.ts');
const { AFTER, BEFORE, calm, contentOf, onStage, serve, settle, settled } = await import('./scenario.ts');
const { install, SETTLED } = await import('./stage.ts');
const { waitFor } = await import('../support/wait.ts');

/** More than happens by itself while a control plane starts. */
const MANY_WRITES = 300;

suite('etcd is restored from a backup', { timeout: 600_000 }, () => {
  before(install);
  after(async () => {
    client.close();
    await plane.end();
  });

  onStage('resource versions go back: objects and status are again what the restored spec asks', async (stage) => {
    const expected = { before: await calm(BEFORE), after: await calm(AFTER) };
    await stage.startOperator({ lease: 'operator' });
    stage.standIn.distort((report) => ({
      ...report,
      unhealthyEndpoints: [
        { address: '10.1.2.3:8080', backend: 'stable', state: 'Unhealthy' as const, reason: 'HeartbeatTimeout', forMilliseconds: 0 },
      ],
    }));
    await serve(stage);
    await waitForConditions(stage.namespace, { EndpointsHealthy: 'False' });
    const uids = await stage.uids();
    await plane.backUp();

    stage.standIn.distort((report) => report);
    await settle(stage, AFTER);
    await waitForConditions(stage.namespace, { EndpointsHealthy: 'True' });
    await writeAlot(stage.namespace);
    const before = stage.proxy.passages.length;
    await plane.restore();
    // As balancers do twice a minute.
    stage.standIn.writeAgain();
    await waitForConditions(stage.namespace, { ...SETTLED, EndpointsHealthy: 'True' }, 'shop', 60_000);
    await stage.quiet();
    assert.deepEqual(await stage.uids(), uids);
    assert.deepEqual(stage.deletions(), []);
    const ofTheLostSpec = stage.proxy.passages
      .slice(before)
      .filter((each) => isObjectWrite(each) && /"port":81\b|\b8081\b/.test(each.body));
    assert.deepEqual(done(ofTheLostSpec), [], 'nothing that the lost spec asked for is put back');
    assert.deepEqual(await contentOf(stage.namespace), expected.before);
    await settle(stage, AFTER);
    assert.deepEqual(await stage.uids(), uids);
    assert.deepEqual(await contentOf(stage.namespace), expected.after);
  });

  onStage('resource versions go back, and have caught up before the operator is back', async (stage) => {
    const expected = await calm(BEFORE);
    await stage.startOperator({ lease: 'operator' });
    await serve(stage);
    const uids = await stage.uids();
    await plane.backUp();

    await settle(stage, { backends: [backend('blue', 2)] });
    await waitFor('the old backend to go', async () => (await get(Resources.Deployment, stage.namespace, 'shop--stable')) === null);
    await stage.quiet();
    const before = stage.proxy.passages.length;
    await stage.proxy.goAway();
    await plane.restore();
    await writeAlot(stage.namespace);
    await stage.proxy.comeBack();
    stage.standIn.writeAgain();
    // The restored status says so from the beginning; the operator's watches come back one after the other, up to 15 s apart.
    await stage.quiet(16_000);
    await settled(stage);
    assert.deepEqual(await stage.uids(), uids);
    const since = stage.proxy.passages.slice(before);
    const ofTheLostSpec = since.filter((passage) => isObjectWrite(passage) && passage.path.endsWith('/shop--blue'));
    // What a copy still shows that is not there may be deleted, and is not found.
    assert.deepEqual(done(ofTheLostSpec), [], 'nothing of the lost spec is made once more');
    assert.deepEqual(done(since.filter(({ method }) => method === 'DELETE')), []);
    assert.deepEqual(await contentOf(stage.namespace), expected);
    await applyResource(resourceIn(stage.namespace, AFTER));
    await settled(stage);
    assert.deepEqual(await stage.uids(), uids);
  });
});

/** Without the writes of status, which are for the very version that they were made from, and what was not there. */
function done(passages: readonly Passage[]): string[] {
  const written = passages.filter(({ path, answered }) => !path.endsWith('/status') && answered !== 404);
  return written.map(({ method, path }) => `${method} ${path}`);
}

async function writeAlot(namespace: string): Promise<void> {
  const name = { namespace, name: 'counter' };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: name };
  await waitFor('a write', () => client.apply<KubeObject>(object, { fieldManager: 'test', force: true }), { timeoutMs: 60_000 });
  for (let count = 0; count < MANY_WRITES; count++) {
    await client.mergePatch(Resources.ConfigMap, name, { data: { count: String(count) } }, { fieldManager: 'test' });
  }
}
