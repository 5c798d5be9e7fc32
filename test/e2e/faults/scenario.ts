import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { LoadBalancedServiceSpec } from '../../../src/api/v1alpha1/types.ts';
import { APPLIED_ANNOTATION } from '../../../src/operator/child.ts';
import { managedFieldsOf } from '../../../src/operator/field-ownership.ts';
import { applyResource, backend, made, resourceIn, waitForConditions } from '../controllers/bench.ts';
import { SETTLED, Stage } from './stage.ts';
import type { Traffic } from './traffic.ts';

/** As the fault finds it. */
export const BEFORE: Partial<LoadBalancedServiceSpec> = { backends: [backend('stable', 2)] };

/** What is asked for while the fault goes on: nearly every object changes, and none may go. */
export const AFTER: Partial<LoadBalancedServiceSpec> = {
  ports: [
    { name: 'http', port: 80 },
    { name: 'admin', port: 81 },
  ],
  backends: [
    backend('stable', 3, {
      ports: [
        { name: 'http', port: 8080 },
        { name: 'admin', port: 8081 },
      ],
    }),
  ],
  strategy: { type: 'Random' },
};

/** A fault may last half a minute, and what was tried again later and later comes at most a minute after it. */
const PATIENCE_MS = 120_000;

/** A test with a stage of its own; what an operator said last is printed when it fails. Where clients ask in it, no GET may fail. */
export function onStage(name: string, body: (stage: Stage, context: TestContext) => Promise<void>): void {
  void test(name, { timeout: 400_000 }, async (context) => {
    const stage = await Stage.open();
    try {
      await body(stage, context);
      if (stage.traffic) context.diagnostic(`${await stage.traffic.end()} GETs, none failed`);
    } catch (error) {
      console.error(`--- ${name}: ${stage.traffic?.outcome() ?? 'no GETs'}; last lines of the operators\n${stage.lastLines()}`);
      throw error;
    } finally {
      await stage.close();
    }
  });
}

export async function settle(stage: Stage, spec: Partial<LoadBalancedServiceSpec>): Promise<void> {
  await applyResource(resourceIn(stage.namespace, spec));
  await settled(stage);
}

/** The service stands, and its clients ask. */
export async function serve(stage: Stage, spec: Partial<LoadBalancedServiceSpec> = BEFORE): Promise<Traffic> {
  await settle(stage, spec);
  return stage.startTraffic();
}

export async function settled(stage: Stage, patienceMs = PATIENCE_MS): Promise<void> {
  await waitForConditions(stage.namespace, SETTLED, 'shop', patienceMs);
  await stage.quiet();
}

/** The service stands and its clients ask, `fault` goes on while AFTER is asked for, and in the end all is as AFTER asks, of the same objects. */
export async function changeDuring(
  stage: Stage,
  fault: (change: () => Promise<void>) => Promise<void>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  await serve(stage);
  const before = await stage.uids();
  await fault(async () => {
    await applyResource(resourceIn(stage.namespace, AFTER));
  });
  await settled(stage, patienceMs);
  assert.deepEqual(await stage.uids(), before, 'the very same objects are there');
  assert.deepEqual(stage.deletions(), [], 'nothing was deleted');
  assert.deepEqual(await contentOf(stage.namespace), await calm(AFTER));
}

const calmRuns = new Map<unknown, Promise<Record<string, string>>>();

/** What the objects of a spec are where nothing goes wrong. */
export function calm(spec: Partial<LoadBalancedServiceSpec>): Promise<Record<string, string>> {
  const known = calmRuns.get(spec) ?? undisturbed(spec);
  calmRuns.set(spec, known);
  return known;
}

async function undisturbed(spec: Partial<LoadBalancedServiceSpec>): Promise<Record<string, string>> {
  const stage = await Stage.open();
  try {
    await stage.startOperator();
    await settle(stage, BEFORE);
    if (spec !== BEFORE) await settle(stage, spec);
    return await contentOf(stage.namespace);
  } finally {
    await stage.close();
  }
}

interface Content extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
}

/** What each object says, without what differs from one namespace to the next, and who says so. */
export async function contentOf(namespace: string): Promise<Record<string, string>> {
  const objects = [...(await made(namespace))] as [string, Content][];
  return Object.fromEntries(
    objects.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, object]) => [name, withoutPlace(content(object), namespace, object)]),
  );
}

function content(object: Content): unknown {
  const { metadata = {}, status: _status, spec = {}, ...rest } = object;
  const { clusterIP: _ip, clusterIPs: _ips, ...kept } = spec;
  // A digest of all the rest, with the names of its place in it.
  const { 'deployment.kubernetes.io/revision': _revision, [APPLIED_ANNOTATION]: _applied, ...annotations } = metadata.annotations ?? {};
  const managers = managedFieldsOf(object)
    .filter(({ manager }) => manager?.startsWith('evenkeel'))
    .map(({ manager, operation, subresource }) => ({ manager, operation, subresource }));
  return { ...rest, spec: kept, labels: metadata.labels, annotations, owners: metadata.ownerReferences, managers };
}

function withoutPlace(value: unknown, namespace: string, object: KubeObject): string {
  const uid = object.metadata?.ownerReferences?.[0]?.uid ?? '-';
  const text = JSON.stringify(value, null, 1).replaceAll(namespace, 'NAMESPACE').replaceAll(uid, 'UID');
  return text.replace(/\\"generation\\": \d+/g, 'GENERATION');
}
