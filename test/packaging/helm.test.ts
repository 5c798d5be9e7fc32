/** The Helm chart: lint, golden files (UPDATE_GOLDEN=1 writes them), and that it installs what deploy/install.yaml does. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import { kustomize, runTool, withoutTools } from '../support/tools.ts';
import { objectsIn, objectsInFile, operatorContainer, root } from './objects.ts';

const CHART = 'deploy/helm/evenkeel';
const VALUES = 'test/packaging/values.yaml';
const template = (...flags: string[]) => runTool('helm', ['template', 'evenkeel', CHART, '--namespace', 'evenkeel-system', ...flags]);

suite('the Helm chart', { skip: withoutTools }, () => {
  test('passes helm lint, also with every value set', () => {
    for (const flags of [[], ['--values', VALUES]]) runTool('helm', ['lint', '--strict', '--quiet', CHART, ...flags]);
  });

  test('renders golden/values.yaml with every value set', () => {
    const path = join(root, 'test/packaging/golden/values.yaml');
    // What holds values. The rest is compared with deploy/install.yaml, and the dashboard with its source.
    const shown = ['deployment', 'service-monitor', 'pod-monitor', 'prometheus-rule'].flatMap((file) => [
      '--show-only',
      `templates/${file}.yaml`,
    ]);
    const rendered = template('--values', VALUES, ...shown);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, rendered);
    assert.equal(rendered, readFileSync(path, 'utf8'));
  });

  test('installs by default what deploy/install.yaml does, but for labels of its own', () => {
    const rendered = objectsIn(template('--set', 'crds.enabled=false'));
    const installed = objectsInFile('deploy/install.yaml');
    installed.delete('Namespace/evenkeel-system'); // helm install --create-namespace
    assert.deepEqual([...rendered.keys()].toSorted(), [...installed.keys()].toSorted());
    for (const [name, object] of installed) assert.deepEqual(withLabelsOf(rendered.get(name), object), object, name);
  });

  test('brings the CRDs, which stay when the release is removed', () => {
    const rendered = objectsIn(template());
    for (const file of ['balancerreports', 'loadbalancedservices']) {
      const [crd] = [...objectsInFile(`crds/evenkeel.dev_${file}.yaml`).values()];
      assert.ok(crd);
      const templated = rendered.get(`CustomResourceDefinition/${file}.evenkeel.dev`);
      assert.deepEqual((templated as { spec?: unknown }).spec, (crd as { spec?: unknown }).spec);
      assert.equal(templated?.metadata?.annotations?.['helm.sh/resource-policy'], 'keep');
    }
    const unkept = objectsIn(template('--set', 'crds.keep=false')).get('CustomResourceDefinition/balancerreports.evenkeel.dev');
    assert.equal(unkept?.metadata?.annotations, undefined);
  });

  test('brings what watches it only when told to, and then as kustomize does', () => {
    const monitoring = objectsIn(kustomize('test/packaging/monitoring'));
    const rendered = objectsIn(template('--values', VALUES));
    const byDefault = objectsIn(template());
    assert.equal(monitoring.size, 4);
    for (const [name, object] of monitoring) {
      assert.equal(byDefault.get(name), undefined, name);
      assert.equal(rendered.get(name)?.metadata?.labels?.['release'], 'prometheus');
      assert.deepEqual(withLabelsOf(rendered.get(name), object), object, name);
    }
  });

  test('a namespace of its own is everywhere', () => {
    assert.doesNotMatch(runTool('helm', ['template', 'evenkeel', CHART, '--namespace', 'elsewhere']), /evenkeel-system/);
  });

  test('a digest goes before the tag, for operator and balancers', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const image = `registry.example.com/evenkeel@${digest}`;
    const flags = ['--set', 'image.repository=registry.example.com/evenkeel', '--set', `image.digest=${digest}`];
    const container = operatorContainer(objectsIn(template(...flags)));
    assert.equal(container.image, image);
    assert.equal(container.env.find(({ name }) => name === 'EVENKEEL_IMAGE')?.value, image);
  });

  for (const wrong of ['replicaCount=3', 'image.tag=', 'image.digest=1234', 'logLevel=loud', 'replicas=two', 'crds.remove=true']) {
    test(`refuses ${wrong}`, () => {
      assert.throws(() => template('--set', wrong), /values don't meet the specifications of the schema/);
    });
  }
});

function withLabelsOf(object: KubeObject | undefined, like: KubeObject): KubeObject | undefined {
  const labels = Object.entries(object?.metadata?.labels ?? {}).filter(([label]) => label in (like.metadata?.labels ?? {}));
  return object && { ...object, metadata: { ...object.metadata, labels: Object.fromEntries(labels) } };
}
