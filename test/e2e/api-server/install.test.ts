import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import { kubectl } from '../support/api.ts';

// Not beside tests that need what it installs and takes away again: rights and a policy of the whole cluster.
suite('deploy/install.yaml', () => {
  before(() => kubectl(['apply', '-f', 'crds/']));
  after(() => kubectl(['delete', '-f', 'deploy/install.yaml', '--wait=false']));

  test('kubectl apply of the CRDs and of install.yaml a second time changes nothing', async () => {
    const applied = async () => {
      const text = await kubectl(['apply', '-f', 'crds/', '-f', 'deploy/install.yaml', '-o', 'yaml']);
      return (parse(text) as { items: KubeObject[] }).items.map(version);
    };
    const first = await applied();
    assert.ok(first.length > 10);
    assert.deepEqual(await applied(), first);
  });
});

/** Kinds whose status Kubernetes' own controllers write, at times of their own. */
const MOVING = ['Deployment', 'PodDisruptionBudget', 'ValidatingAdmissionPolicy', 'CustomResourceDefinition'];

function version({ kind = '', metadata }: KubeObject): string {
  return `${kind}/${metadata?.name} ${metadata?.generation} ${MOVING.includes(kind) ? '' : metadata?.resourceVersion}`;
}
