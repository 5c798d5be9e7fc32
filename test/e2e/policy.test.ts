import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { balancerName } from '../../src/api/v1alpha1/names.ts';
import type { BalancerReport } from '../../src/api/v1alpha1/types.ts';
import { api, KubectlError, kubectl } from './support/api.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { type Pod, paths } from './support/objects.ts';
import { useWorld } from './support/world.ts';

suite('what a balancer may do, with the token of its pod', () => {
  const world = useWorld('policy');

  /** A token as the kubelet gives it to the pod. */
  function tokenOf(pod: Pod, resourceName: string): Promise<string> {
    const bound = ['--bound-object-kind=Pod', `--bound-object-name=${pod.metadata.name}`, `--bound-object-uid=${pod.metadata.uid}`];
    return kubectl(['create', 'token', balancerName(resourceName), '-n', world.namespace, ...bound]).then((token) => token.trim());
  }

  /** The same, not bound to a pod. */
  function looseToken(resourceName: string): Promise<string> {
    return kubectl(['create', 'token', balancerName(resourceName), '-n', world.namespace]).then((token) => token.trim());
  }

  async function balancerOf(name: string): Promise<Pod> {
    const [pod] = await world.balancers(name);
    assert.ok(pod);
    return pod;
  }

  /** kubectl with only this token: no client certificate, and no kubeconfig that has one. */
  async function as(token: string, args: readonly string[], input = ''): Promise<string> {
    const server = await kubectl(['config', 'view', '--raw', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}']);
    return kubectl(
      ['--kubeconfig=/dev/null', `--server=${server}`, '--insecure-skip-tls-verify', `--token=${token}`, '-n', world.namespace, ...args],
      input,
    );
  }

  /** `kubectl auth can-i`: yes or no, which it also tells by its exit status. */
  async function can(user: string, verb: string, what: string): Promise<string> {
    const answer = await kubectl(['auth', 'can-i', verb, what, '-n', world.namespace, `--as=${user}`]).catch((error: unknown) => {
      if (error instanceof KubectlError && error.stdout !== '') return error.stdout;
      throw error;
    });
    return answer.trim();
  }

  function report(pod: Pod, service: string, name = pod.metadata.name, owner: { name: string; uid: string } = pod.metadata): string {
    return JSON.stringify({
      apiVersion: 'evenkeel.dev/v1alpha1',
      kind: 'BalancerReport',
      metadata: {
        name,
        labels: { 'evenkeel.dev/service': service },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: owner.name, uid: owner.uid }],
      },
      spec: { appliedGeneration: 99 },
    });
  }

  const applyAs = (token: string, object: string) =>
    as(token, ['apply', '--server-side', '--force-conflicts', '--field-manager=evenkeel-balancer', '-f', '-'], object);

  world.test('two services come up', { timeout: 120_000 }, async () => {
    await world.apply(resource('shop', { backends: [helloBackend('web', 1)] }), resource('bank', { backends: [helloBackend('web', 1)] }));
    await world.settled('shop');
    await world.settled('bank');
  });

  world.test('writes its own report', async () => {
    const pod = await balancerOf('shop');
    await applyAs(await tokenOf(pod, 'shop'), report(pod, 'shop'));
  });

  world.test("cannot write another balancer's report", async () => {
    const [pod, other] = await world.balancers('shop');
    assert.ok(pod && other);
    const before = await api.get(`${paths.reports(world.namespace)}/${other.metadata.name}`);
    await assert.rejects(
      applyAs(await tokenOf(pod, 'shop'), report(other, 'shop')),
      /a balancer may write only the report named after its own pod/,
    );
    const after = await api.get<BalancerReport>(`${paths.reports(world.namespace)}/${other.metadata.name}`);
    assert.ok(before !== null && after?.spec?.appliedGeneration !== 99);
  });

  world.test('cannot make a report of a name of its own choice', async () => {
    const pod = await balancerOf('shop');
    await assert.rejects(applyAs(await tokenOf(pod, 'shop'), report(pod, 'shop', 'invented')), /named after its own pod/);
  });

  world.test('cannot speak for another service', async () => {
    const pod = await balancerOf('shop');
    await assert.rejects(applyAs(await tokenOf(pod, 'shop'), report(pod, 'bank')), /only for its own LoadBalancedService, not for "bank"/);
  });

  world.test('cannot have its report outlive its pod', async () => {
    const [pod, other] = await world.balancers('shop');
    assert.ok(pod && other);
    await assert.rejects(
      applyAs(await tokenOf(pod, 'shop'), report(pod, 'shop', pod.metadata.name, other.metadata)),
      /must be owned by its own pod/,
    );
  });

  world.test('cannot write a report with a token that is bound to no pod', async () => {
    const pod = await balancerOf('shop');
    await assert.rejects(applyAs(await looseToken('shop'), report(pod, 'shop')), /named after its own pod/);
  });

  world.test('may not read Secrets, write resources or their status, or read the configuration of another balancer', async () => {
    const balancer = `system:serviceaccount:${world.namespace}:shop--balancer`;
    assert.equal(await can(balancer, 'watch', 'configmaps/shop--balancer'), 'yes');
    assert.equal(await can(balancer, 'list', 'endpointslices.discovery.k8s.io'), 'yes');
    for (const [verb, what] of [
      ['get', 'configmaps/bank--balancer'],
      ['get', 'secrets'],
      ['list', 'secrets'],
      ['patch', 'loadbalancedservices.evenkeel.dev'],
      ['patch', 'loadbalancedservices.evenkeel.dev/status'],
      ['delete', 'balancerreports.evenkeel.dev'],
      ['create', 'pods'],
    ] as const) {
      assert.equal(await can(balancer, verb, what), 'no', `${verb} ${what}`);
    }
  });

  world.test('the operator may not read Secrets, run pods, or give itself more rights', async () => {
    const operator = 'system:serviceaccount:evenkeel-system:evenkeel-operator';
    assert.equal(await can(operator, 'create', 'deployments.apps'), 'yes');
    for (const [verb, what] of [
      ['get', 'secrets'],
      ['list', 'secrets'],
      ['create', 'pods'],
      ['create', 'pods/exec'],
      ['escalate', 'roles.rbac.authorization.k8s.io'],
      ['bind', 'roles.rbac.authorization.k8s.io'],
      ['delete', 'namespaces'],
    ] as const) {
      assert.equal(await can(operator, verb, what), 'no', `${verb} ${what}`);
    }
  });

  world.test("somebody with the cluster's role edit may edit services, and only read reports", async () => {
    await kubectl(['create', 'rolebinding', 'eve', '--clusterrole=edit', '--user=eve', '-n', world.namespace]);
    for (const verb of ['get', 'create', 'patch', 'delete']) {
      assert.equal(await can('eve', verb, 'loadbalancedservices.evenkeel.dev'), 'yes', verb);
      assert.equal(await can('eve', verb, 'balancerreports.evenkeel.dev'), verb === 'get' ? 'yes' : 'no', verb);
    }
  });
});
