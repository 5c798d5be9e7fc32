/** What deploy/gitops gives to Flux and Argo CD is valid by the CRDs that they install, and leads to what is there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { isJsonObject } from '../../../src/api/json.ts';
import type { KubeObject } from '../../../src/api/meta.ts';
import { api, kubectl } from '../support/api.ts';
import { root } from '../support/manifests.ts';

const crds = execFileSync(join(root, 'test/tools/gitops-crds'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const PATCH = 'deploy/gitops/argocd/argocd-cm.yaml';
const objects = globSync('deploy/gitops/*/*.yaml', { cwd: root })
  .filter((file) => file !== PATCH)
  .flatMap((file) => parseAllDocuments(readFileSync(join(root, file), 'utf8')).map((document) => document.toJS() as KubeObject));
const named = ({ kind, metadata }: KubeObject) => `${kind}/${metadata?.name}`;

suite('deploy/gitops', { skip: crds === '' && 'Go is needed to fetch the CRDs of Flux and Argo CD' }, () => {
  before(async () => {
    await kubectl(['apply', '--server-side', '-f', crds]);
    await kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', crds]);
    for (const namespace of ['flux-system', 'argocd']) await kubectl(['create', 'namespace', namespace]);
  });

  assert.deepEqual(new Set(objects.map(({ kind }) => kind)), new Set(['Application', 'GitRepository', 'HelmRelease', 'Kustomization']));
  for (const object of objects) {
    test(`${named(object)} is taken as it stands`, async () => {
      const taken = await kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'], JSON.stringify(object));
      assert.equal(named(JSON.parse(taken) as KubeObject), named(object));
    });
  }

  test('each path leads to a folder of the repository, and each reference to one of the objects', () => {
    const names = new Set(objects.map(named));
    const found = { paths: 0, references: 0 };
    const visit = (value: unknown, key = ''): void => {
      if (Array.isArray(value)) for (const item of value) visit(item, key);
      if ((key === 'path' || key === 'chart') && typeof value === 'string' && ++found.paths)
        assert.ok(existsSync(join(root, value)), value);
      if (!isJsonObject(value)) return;
      if (key === 'sourceRef' && ++found.references) assert.ok(names.has(`${value['kind']}/${value['name']}`), JSON.stringify(value));
      if (key === 'dependsOn' && ++found.references) assert.ok(names.has(`Kustomization/${value['name']}`), JSON.stringify(value));
      for (const [name, child] of Object.entries(value)) visit(child, name);
    };
    for (const object of objects) visit(object);
    assert.deepEqual(found, { paths: 5, references: 4 });
  });

  test('the health script gets into the ConfigMap that Argo CD has, by the command that stands above it', async () => {
    await kubectl(['create', 'configmap', 'argocd-cm', '-n', 'argocd', '--from-literal=url=https://argocd.example.com']);
    const [, command = ''] = /kubectl (patch .*)$/m.exec(readFileSync(join(root, PATCH), 'utf8')) ?? [];
    await kubectl(command.replace('argocd-cm.yaml', join(root, PATCH)).split(' '));
    const { data } = (await api.get<KubeObject & { data: Record<string, string> }>('/api/v1/namespaces/argocd/configmaps/argocd-cm')) ?? {};
    const script = readFileSync(join(root, 'deploy/gitops/argocd/health.lua'), 'utf8').trim();
    assert.equal(data?.['resource.customizations.health.evenkeel.dev_LoadBalancedService']?.trim(), script);
    assert.equal(data?.['url'], 'https://argocd.example.com');
  });
});
