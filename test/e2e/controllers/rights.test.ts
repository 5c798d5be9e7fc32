import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { SERVICE_LABEL } from '../../../src/api/v1alpha1/labels.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { apply } from '../support/api.ts';
import { impersonating, tokenCredentials, tokenOf, withToken } from '../support/identity.ts';
import { objectsOf, podTemplate } from '../support/manifests.ts';
import { rightsOf, servedKinds } from '../support/rights.ts';
import { waitFor } from '../support/wait.ts';
import {
  client as admin,
  applyResource,
  backend,
  createNamespace,
  get,
  installCrds,
  type RunningOperator,
  resourceIn,
  startOperator,
} from './bench.ts';

// CLUSTER_PARTS=controllers test/cluster/run node --test test/e2e/controllers/rights.test.ts

const SYSTEM = 'evenkeel-system';
const OPERATOR = `system:serviceaccount:${SYSTEM}:evenkeel-operator`;
const RBAC = 'rbac.authorization.k8s.io/v1';

interface Pod extends KubeObject {
  readonly metadata: { readonly name: string; readonly uid: string };
}

suite('who may do what', { timeout: 180_000 }, () => {
  let namespace: string;
  let elsewhere: string;
  let operator: RunningOperator | null = null;
  let kinds: Awaited<ReturnType<typeof servedKinds>>;
  const clients: KubeClient[] = [];
  const noted = (made: KubeClient): KubeClient => {
    clients.push(made);
    return made;
  };

  before(async () => {
    await installCrds();
    // All that is installed but the pods, whose place the operator of this process takes, with a token of their service account.
    const installed = objectsOf('deploy/install.yaml').filter(({ kind }) => kind !== 'Deployment' && kind !== 'PodDisruptionBudget');
    const isNamespace = ({ kind }: KubeObject) => kind === 'Namespace';
    await apply(...installed.filter(isNamespace));
    await apply(...installed.filter((object) => !isNamespace(object)));
    namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    elsewhere = await createNamespace();
    kinds = await servedKinds(admin);
    const credentials = await tokenCredentials(await tokenOf(admin, SYSTEM, 'evenkeel-operator'));
    operator = await startOperator(namespace, { credentials });
    const template = podTemplate(['evenkeel', 'hello']);
    for (const name of ['shop', 'bank']) {
      await applyResource(resourceIn(namespace, { backends: [backend('web', 1, { deployment: { replicas: 1, template } })] }, name));
    }
    await waitFor(
      'the Services of both, which are made last',
      async () => (await get(Resources.Service, namespace, 'shop')) && (await get(Resources.Service, namespace, 'bank')),
    );
  });
  after(async () => {
    await operator?.stop();
    for (const each of clients) each.close();
    for (const name of [namespace, elsewhere]) await admin.delete(Resources.Namespace, { name });
    admin.close();
  });

  const scope = () => ({
    namespaces: [namespace, elsewhere, 'kube-system', SYSTEM],
    names: { configmaps: ['shop--balancer', 'bank--balancer'], leases: ['evenkeel-operator'], secrets: ['shop--balancer'] },
  });
  /** What an identity may do beyond what every service account of the cluster may. */
  async function rights(user: string): Promise<string[]> {
    const everybody = new Set(await rightsOf(noted(await impersonating(`system:serviceaccount:${namespace}:nobody`)), kinds, scope()));
    return (await rightsOf(noted(await impersonating(user)), kinds, scope())).filter((right) => !everybody.has(right));
  }
  const refusal = (action: Promise<unknown>) =>
    action.then(
      () => 'done',
      (error: unknown) => (error instanceof ApiError ? `${error.code} ${error.message}` : String(error)),
    );
  const forbidden = async (action: Promise<unknown>, what: RegExp) => {
    const answer = await refusal(action);
    assert.match(answer, /^403 /);
    assert.match(answer, what);
  };

  suite('a balancer', () => {
    const account = 'shop--balancer';
    let pods: Pod[];
    let balancer: KubeClient;
    const reports = () => `/apis/evenkeel.dev/v1alpha1/namespaces/${namespace}/balancerreports`;

    before(async () => {
      pods = await waitFor('two pods of balancers', async () => {
        const labelSelector = `${SERVICE_LABEL}=shop,evenkeel.dev/component=balancer`;
        const { items } = await admin.list<Pod>(Resources.Pod, { namespace, labelSelector });
        return items.length === 2 ? items : null;
      });
      const [pod] = pods;
      balancer = noted(await withToken(await tokenOf(admin, namespace, account, pod?.metadata)));
    });

    const report = (name: string, owner: Pod['metadata'], service = 'shop') => ({
      apiVersion: 'evenkeel.dev/v1alpha1',
      kind: 'BalancerReport',
      metadata: {
        name,
        namespace,
        labels: { [SERVICE_LABEL]: service },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: owner.name, uid: owner.uid }],
      },
      spec: { appliedGeneration: 99 },
    });
    const manager = { fieldManager: 'evenkeel-balancer', force: true };
    const [own, other] = [() => pods[0]?.metadata ?? { name: '', uid: '' }, () => pods[1]?.metadata ?? { name: '', uid: '' }];

    test('follows the EndpointSlices of its namespace and its own ConfigMap, writes reports, and nothing else', async () => {
      assert.deepEqual(await rights(`system:serviceaccount:${namespace}:${account}`), [
        `create balancerreports.evenkeel.dev in ${namespace}`,
        `get configmaps "shop--balancer" in ${namespace}`,
        `list configmaps "shop--balancer" in ${namespace}`,
        `list endpointslices.discovery.k8s.io in ${namespace}`,
        `patch balancerreports.evenkeel.dev in ${namespace}`,
        `watch configmaps "shop--balancer" in ${namespace}`,
        `watch endpointslices.discovery.k8s.io in ${namespace}`,
      ]);
    });

    test('does these', async () => {
      const fieldSelector = 'metadata.name=shop--balancer';
      assert.equal((await balancer.list(Resources.ConfigMap, { namespace, fieldSelector })).items.length, 1);
      await balancer.list(Resources.EndpointSlice, { namespace });
      for (let time = 0; time < 2; time++) await balancer.apply(report(own().name, own()), manager);
      assert.notEqual(await get(Resources.BalancerReport, namespace, own().name), null);
    });

    test("does not read another's configuration, other namespaces, Secrets or pods", async () => {
      await forbidden(balancer.get(Resources.ConfigMap, { namespace, name: 'bank--balancer' }), /configmaps "bank--balancer"/);
      await forbidden(balancer.list(Resources.ConfigMap, { namespace }), /configmaps/);
      await forbidden(balancer.list(Resources.EndpointSlice, { namespace: elsewhere }), /endpointslices/);
      await forbidden(balancer.list(Resources.EndpointSlice), /endpointslices/);
      await forbidden(balancer.list(Resources.Pod, { namespace }), /pods/);
      await forbidden(balancer.request('GET', `/api/v1/namespaces/${namespace}/secrets`), /secrets/);
      await forbidden(balancer.request('GET', reports()), /balancerreports/);
    });

    test('does not write its configuration, its resource or its status, and does not run pods', async () => {
      const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop--balancer', namespace }, data: {} };
      await forbidden(balancer.apply(config, manager), /configmaps "shop--balancer"/);
      const status = {
        apiVersion: 'evenkeel.dev/v1alpha1',
        kind: 'LoadBalancedService',
        metadata: { name: 'shop', namespace },
        status: {},
      };
      await forbidden(balancer.applyStatus(status, manager), /loadbalancedservices\/status/);
      await forbidden(balancer.apply({ ...status, spec: {} }, manager), /loadbalancedservices/);
      await forbidden(balancer.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace } }, manager), /pods/);
      await forbidden(balancer.delete(Resources.BalancerReport, { namespace, name: own().name }), /balancerreports/);
    });

    test("does not write another balancer's report, or one of a name of its choice", async () => {
      const named = /may write only the report named after its own pod/;
      await forbidden(balancer.apply(report(other().name, other()), manager), named);
      await forbidden(balancer.apply(report('invented', own()), manager), named);
      const loose = noted(await withToken(await tokenOf(admin, namespace, account)));
      await forbidden(loose.apply(report(own().name, own()), manager), named);
    });

    test('does not speak for another resource, and its report does not outlive its pod', async () => {
      await forbidden(balancer.apply(report(own().name, own(), 'bank'), manager), /only for its own LoadBalancedService, not for "bank"/);
      await forbidden(balancer.apply(report(own().name, other()), manager), /must be owned by its own pod/);
    });
  });

  suite('the operator', () => {
    let client: KubeClient;
    before(async () => {
      client = noted(await withToken(await tokenOf(admin, SYSTEM, 'evenkeel-operator')));
    });
    const manager = { fieldManager: 'evenkeel', force: true };

    test('has these rights in every namespace, and no others', async () => {
      const everywhere = (verbs: string, ...resources: string[]) =>
        resources.flatMap((resource) =>
          verbs.split(' ').flatMap((verb) => scope().namespaces.map((place) => `${verb} ${resource} in ${place}`)),
        );
      const objects = [
        'configmaps',
        'deployments.apps',
        'networkpolicies.networking.k8s.io',
        'poddisruptionbudgets.policy',
        'rolebindings.rbac.authorization.k8s.io',
        'roles.rbac.authorization.k8s.io',
        'serviceaccounts',
        'services',
      ];
      const expected = [
        ...everywhere('get list watch create patch delete', ...objects),
        ...everywhere('list watch', 'pods', 'endpointslices.discovery.k8s.io'),
        ...everywhere('get list watch', 'loadbalancedservices.evenkeel.dev'),
        ...everywhere('patch', 'loadbalancedservices.evenkeel.dev/status'),
        ...everywhere('list watch create patch', 'balancerreports.evenkeel.dev'),
        ...everywhere('create patch', 'events.events.k8s.io'),
        `create leases.coordination.k8s.io in ${SYSTEM}`,
        `get leases.coordination.k8s.io "evenkeel-operator" in ${SYSTEM}`,
        `update leases.coordination.k8s.io "evenkeel-operator" in ${SYSTEM}`,
      ];
      assert.deepEqual(await rights(OPERATOR), expected.sort());
    });

    test('needs them in one namespace only where it serves no other', async () => {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'alone', namespace: elsewhere } };
      const binding = {
        apiVersion: RBAC,
        kind: 'RoleBinding',
        metadata: { name: 'alone', namespace: elsewhere },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'evenkeel-operator' },
        subjects: [{ kind: 'ServiceAccount', name: 'alone', namespace: elsewhere }],
      };
      for (const object of [account, binding]) await admin.create<KubeObject>(object, { fieldManager: 'test' });
      const alone = await startOperator(elsewhere, { credentials: await tokenCredentials(await tokenOf(admin, elsewhere, 'alone')) });
      try {
        await applyResource(resourceIn(elsewhere, {}, 'solo'));
        await waitFor('its Service, which is made last', () => get(Resources.Service, elsewhere, 'solo'));
        assert.match(alone.log.join('\n'), /no right to the EndpointSlices of default\/kubernetes/);
      } finally {
        await alone.stop();
      }
    });

    test('gives nobody a right that it has not itself', async () => {
      const role = (rules: object[]) => ({ apiVersion: RBAC, kind: 'Role', metadata: { name: 'more', namespace }, rules });
      await client.apply(role([{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]), manager);
      const escalation = /attempting to grant RBAC permissions not currently held/;
      for (const rule of [
        { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['escalate'] },
      ]) {
        await forbidden(client.apply(role([rule]), manager), escalation);
      }
      const binding = (kind: string, name: string) => ({
        apiVersion: RBAC,
        kind: 'RoleBinding',
        metadata: { name: `to-${name}`, namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
        subjects: [{ kind: 'ServiceAccount', name: 'evenkeel-operator', namespace: SYSTEM }],
      });
      for (const name of ['cluster-admin', 'admin', 'edit', 'view']) {
        await forbidden(client.create(binding('ClusterRole', name), manager), escalation);
      }
    });

    test('does not touch what holds for the whole cluster, does not read Secrets, run pods, or be somebody else', async () => {
      const path = '/apis/rbac.authorization.k8s.io/v1';
      const body = { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] };
      const patch = { body, contentType: 'application/merge-patch+json' };
      await forbidden(client.request('PATCH', `${path}/clusterroles/evenkeel-operator`, patch), /clusterroles/);
      await forbidden(client.request('GET', '/api/v1/secrets'), /secrets/);
      await forbidden(client.request('GET', `/api/v1/namespaces/${SYSTEM}/secrets/any`), /secrets/);
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: podTemplate(['evenkeel', 'hello']).spec };
      await forbidden(client.request('POST', `/api/v1/namespaces/${namespace}/pods`, { body: pod }), /pods/);
      await forbidden(tokenOf(client, namespace, 'shop--balancer'), /serviceaccounts\/token/);
      await forbidden(client.delete(Resources.Namespace, { name: elsewhere }), /namespaces/);
    });
  });

  suite("people with the cluster's own roles", () => {
    const ofUs = async (user: string) =>
      (
        await rightsOf(
          noted(await impersonating(user)),
          kinds.filter(({ group }) => group === 'evenkeel.dev'),
          scope(),
        )
      ).filter((right) => right.includes('evenkeel.dev'));
    const READ = [
      'get balancerreports',
      'get loadbalancedservices',
      'get loadbalancedservices/status',
      'list balancerreports',
      'list loadbalancedservices',
      'list loadbalancedservices/status',
      'watch balancerreports',
      'watch loadbalancedservices',
      'watch loadbalancedservices/status',
    ];
    const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'].map((verb) => `${verb} loadbalancedservices`);

    for (const [role, expected] of Object.entries({ view: READ, edit: [...READ, ...WRITE], admin: [...READ, ...WRITE] })) {
      test(`${role}: ${role === 'view' ? 'reads' : 'writes'} resources, and only reads reports and status`, async () => {
        const user = `somebody-with-${role}`;
        await admin.apply(
          {
            apiVersion: RBAC,
            kind: 'RoleBinding',
            metadata: { name: user, namespace },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
            subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
          } as KubeObject,
          { fieldManager: 'test' },
        );
        const wanted = expected.map((right) => `${right.replace(/(?=\/|$)/, '.evenkeel.dev')} in ${namespace}`).sort();
        await waitFor('the roles to be aggregated', async () => (await ofUs(user)).length >= wanted.length);
        assert.deepEqual(await ofUs(user), wanted);
        const who = noted(await impersonating(user));
        const made = refusal(
          who.create({ ...resourceIn(namespace, { suspend: true }, `by-${role}`) }, { fieldManager: 'test', dryRun: true }),
        );
        if (role === 'view') assert.match(await made, /^403 /);
        else assert.equal(await made, 'done');
      });
    }
  });

  suite('the restricted Pod Security Standard, which the namespace enforces', () => {
    test('lets the pods of balancers and servers in', async () => {
      for (const component of ['balancer', 'backend']) {
        await waitFor(`a pod of a ${component}`, async () => {
          const { items } = await admin.list(Resources.Pod, {
            namespace,
            labelSelector: `${SERVICE_LABEL}=shop,evenkeel.dev/component=${component}`,
          });
          return items.length > 0;
        });
      }
    });

    test('lets the pod of the operator in, whose own namespace enforces it', async () => {
      const found = await get<KubeObject>(Resources.Namespace, '', SYSTEM);
      assert.equal(found?.metadata?.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
      const deployment = objectsOf('deploy/install.yaml').find(({ kind }) => kind === 'Deployment') as unknown as {
        spec: { template: { spec: object } };
      };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator', namespace: SYSTEM }, spec: deployment.spec.template.spec };
      assert.equal(await refusal(admin.create(pod, { fieldManager: 'test', dryRun: true })), 'done');
    });

    test('keeps others out', async () => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'root', namespace },
        spec: { containers: [{ name: 'a', image: 'a' }] },
      };
      assert.match(await refusal(admin.create(pod, { fieldManager: 'test', dryRun: true })), /^403 .*violates PodSecurity "restricted/);
    });
  });
});
