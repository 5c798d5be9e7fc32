import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedServiceSpec } from '../../../src/api/v1alpha1/types.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { isObjectWrite } from '../../support/fault-proxy.ts';
import { applyResource, backend, client, conditionsHold, get, resourceIn, resourceNow } from '../controllers/bench.ts';
import { waitFor } from '../support/wait.ts';
import { contentOf, settled } from './scenario.ts';
import { install, SETTLED, Stage } from './stage.ts';

type Spec = Partial<LoadBalancedServiceSpec>;

const FIRST: Spec = { backends: [backend('stable', 2), backend('old', 1)] };
/** Every kind of write: what is new is made, what changes is applied, `replicas` is let go of, what is obsolete is deleted. */
const SECOND: Spec = { service: { name: 'front' }, backends: [backend('stable', undefined), backend('blue', 1)] };
const OBSOLETE = ['deployments/shop--old', 'services/shop', 'services/shop--old'];

/** More writes than there are: a run that meets no crash ends the test. */
const MAX_WRITES = 80;
const AT_ONCE = 8;

interface Outcome {
  /** In which phases there was an n-th write. */
  readonly crashes: number;
  /** While it was changed. None of them failed. */
  readonly gets: number;
  readonly content: Record<string, string>;
}

suite('the operator is killed before each write, and started again', { timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  test('one run for each write of a creation and of a change: the end is the same', { timeout: 600_000 }, async (context) => {
    const { content } = await runWithCrashes(MAX_WRITES);
    let runs = 0;
    let gets = 0;
    for (let n = 1; ; n += AT_ONCE) {
      const outcomes = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => runWithCrashes(n + index)));
      for (const [index, outcome] of outcomes.entries()) assert.deepEqual(outcome.content, content, `killed before write ${n + index}`);
      gets += outcomes.reduce((sum, outcome) => sum + outcome.gets, 0);
      runs += outcomes.filter(({ crashes }) => crashes > 0).length;
      if (outcomes.some(({ crashes }) => crashes === 0)) break;
      assert.ok(n < MAX_WRITES, 'it never ends');
    }
    context.diagnostic(`${runs} runs with a crash, ${gets} GETs, none failed`);
    assert.ok(runs >= 12, `only ${runs} runs`);
  });
});

/** In a namespace of its own: FIRST, then SECOND, and in each of the two the operator dies as it is about to do its n-th write. */
async function runWithCrashes(n: number): Promise<Outcome> {
  const stage = await Stage.open();
  try {
    const first = await phase(stage, FIRST, n);
    const replicas = (await get<KubeObject & { spec: { replicas: number } }>(Resources.Deployment, stage.namespace, 'shop--stable'))?.spec
      .replicas;
    assert.equal(replicas, 2);
    assert.deepEqual(stage.deletions(), [], `write ${n} of the creation`);
    const before = await stage.uids();
    const traffic = await stage.startTraffic();
    const second = await phase(stage, SECOND, n);
    const gets = await traffic.end();
    const after = await stage.uids();
    for (const [name, uid] of Object.entries(before))
      if (name in after) assert.equal(after[name], uid, `${name}, write ${n} of the change`);
    const deleted = new Set(stage.deletions().map(({ path }) => path.split('/').slice(-2).join('/')));
    assert.deepEqual([...deleted].sort(), OBSOLETE, `write ${n} of the change`);
    return { crashes: Number(first) + Number(second), gets, content: await contentOf(stage.namespace) };
  } catch (error) {
    console.error(`--- killed before write ${n}: last lines of the operators\n${stage.lastLines()}`);
    throw error;
  } finally {
    await stage.close();
  }
}

/** Whether there was an n-th write. */
async function phase(stage: Stage, spec: Spec, n: number): Promise<boolean> {
  const operator = await stage.startOperator();
  let writes = 0;
  let killed = false;
  const endFault = stage.proxy.addFault((passage) => {
    if (!isObjectWrite(passage) || ++writes < n) return null;
    killed = true;
    operator.signal('SIGKILL');
    return { type: 'Cut' };
  });
  await applyResource(resourceIn(stage.namespace, spec));
  const done = async () => killed || conditionsHold(await resourceNow(stage.namespace), SETTLED);
  await waitFor('the crash, or the end', done, { timeoutMs: 60_000 });
  if (!killed) await stage.quiet();
  endFault();
  await operator.end();
  if (!killed) return false;
  const successor = await stage.startOperator();
  await settled(stage);
  await successor.end();
  return true;
}
