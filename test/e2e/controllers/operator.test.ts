import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { pause, waitFor } from '../support/wait.ts';
import {
  applyResource,
  backend,
  client,
  createNamespace,
  get,
  installCrds,
  made,
  type RunningOperator,
  resourceIn,
  resourceNow,
  startOperator,
  stopOperators,
  waitForConditions,
} from './bench.ts';
import { StandIn } from './stand-in.ts';

// Needs an API server with its controllers, and no node: CLUSTER_PARTS=controllers test/cluster/run node --test test/e2e/controllers/operator.test.ts

const MANAGER = { fieldManager: 'somebody' };
const SETTLED = { Accepted: 'True', Programmed: 'True', Ready: 'True', Reconciling: 'False', Stalled: 'False' };

interface Deployment extends KubeObject {
  spec: { replicas: number };
}
interface Service extends KubeObject {
  spec: { ports: { name: string; port: number }[]; selector?: Record<string, string> };
}
interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

suite('the operator against a real API server', { timeout: 300_000 }, () => {
  let namespace: string;
  let operator: RunningOperator;
  let standIn: StandIn;

  before(installCrds);
  after(() => client.close());

  beforeEach(async () => {
    namespace = await createNamespace();
    operator = await startOperator(namespace);
    standIn = new StandIn(namespace).start();
  });

  afterEach(async () => {
    const ends = await Promise.allSettled([standIn.stop(), stopOperators(), client.delete(Resources.Namespace, { name: namespace })]);
    assert.deepEqual(
      ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : [])),
      [],
    );
  });

  const versions = async () =>
    new Map([...(await made(namespace))].map(([name, object]) => [name, `${object.metadata?.uid}@${object.metadata?.resourceVersion}`]));
  const deployment = async (name: string) => get<Deployment>(Resources.Deployment, namespace, name);
  const replicas = async (name: string) => (await deployment(name))?.spec.replicas;
  const configGeneration = async () => {
    const configMap = await get<ConfigMap>(Resources.ConfigMap, namespace, 'shop--balancer');
    return configMap === null
      ? null
      : (JSON.parse(configMap.data['config.json'] ?? '{}') as { generation: number; backends: { name: string }[] });
  };
  const restartOperator = async () => {
    await operator.stop();
    operator = await startOperator(namespace);
  };

  test('a resource gets its objects, all of them owned by it, and settles', async () => {
    const { metadata } = await applyResource(resourceIn(namespace));
    const { status } = await waitForConditions(namespace, SETTLED);
    const objects = await made(namespace);
    assert.deepEqual([...objects.keys()].sort(), [
      'ConfigMap/shop--balancer',
      'Deployment/shop--balancer',
      'Deployment/shop--stable',
      'NetworkPolicy/shop--balancer',
      'PodDisruptionBudget/shop--balancer',
      'Role/shop--balancer',
      'RoleBinding/shop--balancer',
      'Service/shop',
      'Service/shop--stable',
      'ServiceAccount/shop--balancer',
    ]);
    for (const [name, object] of objects) assert.equal(object.metadata?.ownerReferences?.[0]?.uid, metadata.uid, name);
    assert.deepEqual(status?.summary, { endpoints: '2/2', balancers: '2/2', strategy: 'RoundRobin' });
  });

  /** Requests that the running operator has sent, other than to read, and the objects that it has applied. */
  const written = async () => {
    const metrics = await operator.metrics();
    const requests = [...metrics.matchAll(/^rest_client_requests_total\{.*method="(?!GET)\w+".*\} (\d+)$/gm)];
    const applies = [...metrics.matchAll(/^evenkeel_object_writes_total\{verb="apply",kind="(\w+)"\} (\d+)$/gm)];
    return {
      requests: requests.reduce((sum, [, count]) => sum + Number(count), 0),
      applied: applies.map(([, kind, count]) => `${kind} ${count}`).sort(),
    };
  };
  const lookedAt = async () =>
    waitFor('the resource to have been looked at', async () => {
      const counted = (await operator.metrics()).matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm);
      return [...counted].reduce((sum, [, count]) => sum + Number(count), 0) > 0;
    });

  test('at rest nothing is written, and a restarted operator writes nothing where nothing differs', async () => {
    const spec = { backends: [backend('stable', 2), backend('canary', undefined)], telemetry: { responseHeader: 'x-served-by' } };
    await applyResource(resourceIn(namespace, spec));
    await waitForConditions(namespace, SETTLED);
    const objects = await versions();
    const { resourceVersion } = (await resourceNow(namespace)).metadata;
    for (let restarts = 0; restarts < 2; restarts++) {
      await restartOperator();
      await lookedAt();
      await pause(1_000);
      assert.deepEqual(await written(), { requests: 0, applied: [] });
    }
    assert.deepEqual(await versions(), objects);
    assert.equal((await resourceNow(namespace)).metadata.resourceVersion, resourceVersion);
  });

  test('what somebody changed while no operator ran is put right by the next one, and only that is written', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    await operator.stop();
    const named = (name: string) => ({ namespace, name });
    const label = 'app.kubernetes.io/managed-by';
    const labelled = async () => (await get(Resources.Role, namespace, 'shop--balancer'))?.metadata?.labels?.[label];
    await client.mergePatch(Resources.Service, named('shop'), { spec: { ports: [{ name: 'theirs', port: 80, targetPort: 1 }] } }, MANAGER);
    // Taken away: nobody owns it then, and nobody is said to have done it.
    await client.mergePatch(Resources.Role, named('shop--balancer'), { metadata: { labels: { [label]: null } } }, MANAGER);
    // Taken over and let go of: it falls back to its default.
    const stable = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: named('shop--stable') };
    await client.apply({ ...stable, spec: { replicas: 5 } } as KubeObject, { ...MANAGER, force: true });
    await client.apply(stable, { ...MANAGER, force: true });
    assert.deepEqual([await labelled(), await replicas('shop--stable')], [undefined, 1]);

    operator = await startOperator(namespace);
    await waitFor('all to be put right', async () => {
      const service = await get<Service>(Resources.Service, namespace, 'shop');
      return service?.spec.ports[0]?.name === 'http' && (await labelled()) === 'evenkeel' && (await replicas('shop--stable')) === 2;
    });
    assert.deepEqual((await written()).applied, ['Deployment 1', 'Role 1', 'Service 1']);
  });

  test('what is taken out of the spec is taken out of the objects', async () => {
    const two = [
      { name: 'http', port: 80 },
      { name: 'admin', port: 81 },
    ];
    const ports = [
      { name: 'http', port: 8080 },
      { name: 'admin', port: 8081 },
    ];
    await applyResource(resourceIn(namespace, { ports: two, backends: [backend('stable', 1, { ports })] }));
    const portsOf = async () => (await get<Service>(Resources.Service, namespace, 'shop'))?.spec.ports.map(({ port }) => port);
    await waitFor('two ports', async () => (await portsOf())?.length === 2);
    await applyResource(resourceIn(namespace));
    await waitFor('one port', async () => (await portsOf())?.join() === '80', { saw: () => portsOf });
  });

  test('a Service of somebody else stays as it is, and the resource is taken up when the name is free', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace },
      spec: { selector: { app: 'other' }, ports: [{ port: 80 }] },
    };
    const theirs = await client.create<KubeObject>(service, MANAGER);
    await applyResource(resourceIn(namespace));
    const { status } = await waitForConditions(namespace, {
      Accepted: 'False/NameConflict',
      Stalled: 'True/NameConflict',
      Reconciling: 'False/Stalled',
    });
    assert.match(status?.conditions?.[0]?.message ?? '', /Service "shop" is there already/);
    assert.deepEqual(await get(Resources.Service, namespace, 'shop'), theirs);
    assert.equal((await made(namespace)).size, 0, 'nothing else was made');
    await client.delete(Resources.Service, { namespace, name: 'shop' });
    await waitForConditions(namespace, SETTLED);
  });

  test('an object of somebody else of another kind stays as it is too', async () => {
    const theirs = await client.create<KubeObject>(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop--balancer', namespace }, data: { theirs: 'yes' } } as KubeObject,
      MANAGER,
    );
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, { Accepted: 'False/NameConflict', Stalled: 'True/NameConflict' });
    assert.deepEqual(await get(Resources.ConfigMap, namespace, 'shop--balancer'), theirs);
  });

  test('what somebody changes or deletes is put right, and what is theirs stays', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const name = { namespace, name: 'shop' };
    await client.mergePatch(
      Resources.Service,
      name,
      { metadata: { annotations: { theirs: 'yes' } }, spec: { selector: { app: 'nobody' } } },
      MANAGER,
    );
    // A merge patch adds to a map: what was there before says nothing.
    await waitFor('the selector', async () => (await get<Service>(Resources.Service, namespace, 'shop'))?.spec.selector?.app === undefined);
    assert.equal((await get<Service>(Resources.Service, namespace, 'shop'))?.spec.selector?.['evenkeel.dev/service'], 'shop');
    assert.equal((await get(Resources.Service, namespace, 'shop'))?.metadata?.annotations?.theirs, 'yes');

    const former = (await get(Resources.RoleBinding, namespace, 'shop--balancer'))?.metadata?.uid;
    await client.delete(Resources.RoleBinding, { namespace, name: 'shop--balancer' });
    await waitFor(
      'a new RoleBinding',
      async () => ((await get(Resources.RoleBinding, namespace, 'shop--balancer'))?.metadata?.uid ?? former) !== former,
    );

    const labels = { 'app.kubernetes.io/managed-by': 'somebody', 'evenkeel.dev/service': null };
    await client.mergePatch(
      Resources.ConfigMap,
      { namespace, name: 'shop--balancer' },
      { metadata: { labels }, data: { 'config.json': '{}' } },
      MANAGER,
    );
    await waitFor(
      'the ConfigMap',
      async () => (await configGeneration())?.generation === 1 && (await made(namespace)).has('ConfigMap/shop--balancer'),
    );
  });

  test("replicas taken out of the spec keep the live number, which then is an autoscaler's, until they are put back", async () => {
    await applyResource(resourceIn(namespace, { backends: [backend('stable', 3)] }));
    await waitFor('three', async () => (await replicas('shop--stable')) === 3);
    await applyResource(resourceIn(namespace, { backends: [backend('stable', undefined)] }));
    await waitFor('the generation to be applied', async () => (await configGeneration())?.generation === 2);
    assert.equal(await replicas('shop--stable'), 3);
    await client.mergePatch(
      Resources.Deployment,
      { namespace, name: 'shop--stable' },
      { spec: { replicas: 5 } },
      { fieldManager: 'autoscaler', subresource: 'scale' },
    );
    await applyResource(resourceIn(namespace, { backends: [backend('stable', undefined)], strategy: { type: 'Random' } }));
    await waitFor('the next generation', async () => (await configGeneration())?.generation === 3);
    await restartOperator();
    await applyResource(resourceIn(namespace, { backends: [backend('stable', undefined)] }));
    await waitFor('the generation after it', async () => (await configGeneration())?.generation === 4);
    assert.equal(await replicas('shop--stable'), 5);
    await applyResource(resourceIn(namespace, { backends: [backend('stable', 2)] }));
    await waitFor('two', async () => (await replicas('shop--stable')) === 2);
  });

  test("a pod template that is refused: Stalled in the API server's words, the last configuration goes on, and the next spec is taken", async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const broken = { spec: { containers: [{ name: 'Not A Name', image: 'server:1' }] } };
    await applyResource(resourceIn(namespace, { backends: [backend('stable', 2, { deployment: { replicas: 2, template: broken } })] }));
    const { status } = await waitForConditions(namespace, {
      Accepted: 'False/Invalid',
      Stalled: 'True/Invalid',
      Programmed: 'False/Pending',
      Ready: 'True',
    });
    assert.match(status?.conditions?.find(({ type }) => type === 'Stalled')?.message ?? '', /containers\[0\]\.name/);
    assert.equal((await configGeneration())?.generation, 1);
    const refusals = () => operator.log.filter((line) => line.includes('an object cannot be written')).length;
    assert.equal(refusals(), 1, 'it is not sent again and again');
    await applyResource(resourceIn(namespace, { strategy: { type: 'Random' } }));
    await waitForConditions(namespace, SETTLED);
  });

  test('while suspended nothing is changed, and afterwards what was missed is', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const before = await versions();
    await applyResource(resourceIn(namespace, { suspend: true, strategy: { type: 'Random' }, backends: [backend('stable', 7)] }));
    await waitForConditions(namespace, { Programmed: 'False/Suspended', Reconciling: 'False/Suspended', Ready: 'True' });
    assert.deepEqual(await versions(), before);
    await applyResource(resourceIn(namespace, { strategy: { type: 'Random' } }));
    await waitForConditions(namespace, SETTLED);
    assert.equal((await configGeneration())?.generation, 3);
  });

  test('a renamed backend: the old one goes on until the new one is whole, then it goes', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const isBlue = (pod: KubeObject) => pod.metadata?.labels?.['evenkeel.dev/backend'] === 'blue';
    standIn.holdPods(isBlue);
    await applyResource(resourceIn(namespace, { backends: [backend('blue', 2)] }));
    await waitForConditions(namespace, { Programmed: 'True', Ready: 'True', Reconciling: 'True/ReplacingBackends' });
    assert.deepEqual(
      (await configGeneration())?.backends.map(({ name }) => name),
      ['blue', 'stable'],
    );
    // A restarted operator knows what it waits for.
    await restartOperator();
    await waitForConditions(namespace, { Reconciling: 'True/ReplacingBackends' });
    assert.notEqual(await deployment('shop--stable'), null);
    standIn.holdPods(() => false);
    await waitForConditions(namespace, SETTLED);
    await waitFor(
      'the old backend to go',
      async () => !(await made(namespace)).has('Deployment/shop--stable') && !(await made(namespace)).has('Service/shop--stable'),
    );
    assert.deepEqual(
      (await configGeneration())?.backends.map(({ name }) => name),
      ['blue'],
    );
  });

  test('the Service for clients is renamed: the new one is made, the old one goes', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    await applyResource(resourceIn(namespace, { service: { name: 'front' } }));
    await waitForConditions(namespace, SETTLED);
    await waitFor('the old Service to go', async () => (await get(Resources.Service, namespace, 'shop')) === null);
    assert.notEqual(await get(Resources.Service, namespace, 'front'), null);
  });

  test('a Service that a backend refers to is missing, comes, and is of a type that has no endpoints', async () => {
    const legacy = { name: 'legacy', type: 'Service' as const, ports: [{ port: 80 }], serviceRef: { name: 'old' } };
    await applyResource(resourceIn(namespace, { backends: [backend('stable', 1), legacy] }));
    await waitForConditions(namespace, {
      Accepted: 'False/ServiceNotFound',
      Stalled: 'True/ServiceNotFound',
      Programmed: 'True',
      Ready: 'True',
    });
    await client.create(
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'old', namespace }, spec: { ports: [{ port: 80 }] } } as KubeObject,
      MANAGER,
    );
    await waitForConditions(namespace, SETTLED);
    await client.mergePatch(
      Resources.Service,
      { namespace, name: 'old' },
      { spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null } },
      MANAGER,
    );
    await waitForConditions(namespace, { Accepted: 'False/ServiceUnsupported' });
  });

  test('a failover is in the status and in an Event, once, over a restart of the operator too', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const endpoint = {
      address: '10.1.2.3:8080',
      backend: 'stable',
      podName: 'shop--stable-1',
      nodeName: 'n3',
      reason: 'HeartbeatTimeout' as const,
    };
    const failover = { ...endpoint, detectionMilliseconds: 410, rescued: 3, lost: 1 };
    const outage = (outMilliseconds: number | null) => (body: Parameters<Parameters<StandIn['distort']>[0]>[0], pod: string) => ({
      ...body,
      unhealthyEndpoints: outMilliseconds === null ? [{ ...endpoint, state: 'Unhealthy' as const, forMilliseconds: 0 }] : [],
      failovers: [{ ...failover, id: `${pod}-1`, agoMilliseconds: outMilliseconds ?? 0, removed: false, outMilliseconds }],
    });
    standIn.distort(outage(null));
    const down = await waitForConditions(namespace, { EndpointsHealthy: 'False', Ready: 'True', Reconciling: 'False' });
    assert.equal(down.status?.failovers, 1);
    await waitFor('both balancers', async () => (await resourceNow(namespace)).status?.unhealthyEndpoints?.[0]?.unhealthyBalancers === 2);
    await restartOperator();
    standIn.distort(outage(2000));
    const up = await waitFor('the recovery', async () => {
      const resource = await resourceNow(namespace);
      return resource.status?.recentFailovers?.[0]?.recoveryTime === undefined ? null : resource;
    });
    assert.equal(up.status?.failovers, 1);
    assert.deepEqual([up.status?.recentFailovers?.[0]?.rescued, up.status?.recentFailovers?.[0]?.lost], [6, 2]);
    const events = async () => (await client.list<KubeObject & { reason: string; note: string }>(Resources.Event, { namespace })).items;
    const told = async (reason: string) => (await events()).filter((event) => event.reason === reason);
    await waitFor('an Event of the recovery', async () => (await told('Recovered')).length === 1);
    assert.equal((await told('Failover')).length, 1);
    assert.match(
      (await told('Failover'))[0]?.note ?? '',
      /10\.1\.2\.3:8080 .*pod shop--stable-1, node n3.*HeartbeatTimeout, seen after 410 ms/,
    );
  });

  test('a resource that is deleted takes everything along; one of the same name right after it gets all anew', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const former = await versions();
    await client.delete(Resources.LoadBalancedService, { namespace, name: 'shop' });
    const { metadata } = await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const objects = await made(namespace);
    assert.equal(objects.size, former.size);
    for (const [name, object] of objects) assert.equal(object.metadata?.ownerReferences?.[0]?.uid, metadata.uid, name);
    await client.delete(Resources.LoadBalancedService, { namespace, name: 'shop' });
    await waitFor('everything to go', async () => (await made(namespace)).size === 0);
  });

  test('a namespace that is being deleted is left alone', async () => {
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    await client.delete(Resources.Namespace, { name: namespace });
    await waitFor('it to be gone', async () => (await client.find(Resources.Namespace, { name: namespace })) === null, {
      timeoutMs: 60_000,
    });
    assert.deepEqual(
      operator.log.filter((line) => /"level":"error"|an object cannot be written|"reason":"Stalled"/.test(line)),
      [],
      "what it cannot make any more is nobody's business",
    );
  });

  test('of two operators one leads, and the other takes over within 3 s of a clean end', async () => {
    await operator.stop();
    const first = await startOperator(namespace, { identity: 'first', lease: 'operator' });
    await applyResource(resourceIn(namespace));
    await waitForConditions(namespace, SETTLED);
    const second = await startOperator(namespace, { identity: 'second', lease: 'operator' });
    await waitFor('the second to stand by', async () => second.log.some((line) => line.includes('caches are filled')));
    const since = performance.now();
    await first.stop();
    await waitFor('the second to lead', () => second.log.some((line) => line.includes('"leading"')), { everyMs: 10 });
    assert.ok(performance.now() - since < 3_000);
    await applyResource(resourceIn(namespace, { strategy: { type: 'Random' } }));
    await waitForConditions(namespace, SETTLED);
  });
});
