import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/api/meta.ts';
import type { BalancerReport } from '../../../src/api/v1alpha1/types.ts';
import { ClusterConfigSource } from '../../../src/kube/balancer-source.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { inClusterCredentials } from '../../../src/kube/credentials.ts';
import type { EndpointSlice } from '../../../src/kube/endpoint-slices.ts';
import { ApiError, isConflict, isForbidden } from '../../../src/kube/errors.ts';
import { EventRecorder } from '../../../src/kube/events.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';
import type { Lease } from '../../../src/kube/lease.ts';
import { Reflector } from '../../../src/kube/reflector.ts';
import { ReportSink } from '../../../src/kube/report-sink.ts';
import { Resources } from '../../../src/kube/resources.ts';
import type { BalancerConfig } from '../../../src/model/config.ts';
import type { BalancerReportBody } from '../../../src/model/report.ts';
import { buildRole } from '../../../src/resources/access.ts';
import { failoverReport, reportBody } from '../../support/reports.ts';
import { backendConfig, balancerConfig } from '../../support/start-balancer.ts';
import { waitFor } from '../support/wait.ts';

// Needs an API server only: CLUSTER_PARTS=api test/cluster/run node --test test/e2e/api-server/kube-client.test.ts

const root = join(import.meta.dirname, '../../..');
const manager = { fieldManager: 'test' };
const namespace = `kube-${randomBytes(4).toString('hex')}`;

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const named = (name: string) => ({ namespace, name });
const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: named(name),
  data,
});

suite('the Kubernetes client against a real API server', () => {
  let client: KubeClient;

  before(async () => {
    client = new KubeClient(await findCredentials());
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, manager);
  });
  after(async () => {
    await client.delete(Resources.Namespace, { name: namespace });
    client.close();
  });

  test('applies, finds out who else owns a field, and takes it over when told to', async () => {
    await client.apply(configMap('applied', { a: '1', b: '1' }), { fieldManager: 'one' });
    const other = configMap('applied', { a: '2' });
    await assert.rejects(client.apply(other, { fieldManager: 'two' }), (error) => {
      assert.ok(isConflict(error) && error instanceof ApiError);
      assert.equal(error.details.causes?.[0]?.field, '.data.a');
      return true;
    });
    assert.deepEqual((await client.apply(other, { fieldManager: 'two', force: true })).data, { a: '2', b: '1' });
    assert.deepEqual(
      (await client.apply(configMap('applied', {}), { fieldManager: 'one' })).data,
      { a: '2' },
      'what one no longer asks for goes',
    );
  });

  test('an apply with a uid makes nothing, and changes no other object', async () => {
    const withUid = (name: string) => ({
      ...configMap(name, { a: '1' }),
      metadata: { ...named(name), uid: 'd0d54512-0000-4000-8000-000000000000' },
    });
    await assert.rejects(client.apply(withUid('not-there'), manager), (error) => error instanceof ApiError && error.code === 409);
    await client.create(configMap('somebodys'), manager);
    await assert.rejects(
      client.apply(withUid('somebodys'), { ...manager, force: true }),
      (error) => error instanceof ApiError && error.code === 422,
    );
    assert.equal((await client.get<ConfigMap>(Resources.ConfigMap, named('somebodys'))).data, undefined);
  });

  test('a dry run changes nothing', async () => {
    await client.create(configMap('dry'), { ...manager, dryRun: true });
    assert.equal(await client.find(Resources.ConfigMap, named('dry')), null);
  });

  test('replaces only what it has read, patches, and deletes only the very object', async () => {
    const first = await client.create(configMap('changed', { a: '1', b: '2' }), manager);
    const patched = await client.mergePatch<ConfigMap>(Resources.ConfigMap, named('changed'), { data: { a: null } }, manager);
    assert.deepEqual(patched.data, { b: '2' });
    await assert.rejects(client.replace({ ...first, data: {} }, manager), isConflict);
    await client.replace({ ...patched, data: { c: '3' } }, manager);
    await assert.rejects(client.delete(Resources.ConfigMap, named('changed'), { uid: 'another' }), isConflict);
    await assert.rejects(client.delete(Resources.ConfigMap, named('changed'), { resourceVersion: '1' }), isConflict);
    assert.equal(await client.delete(Resources.ConfigMap, named('changed'), { uid: first.metadata?.uid }), true);
    assert.equal(await client.delete(Resources.ConfigMap, named('changed')), false);
  });

  test('lists page by page, and by selectors', async () => {
    for (let index = 0; index < 7; index++) {
      const object = configMap(`page-${index}`);
      await client.create({ ...object, metadata: { ...object.metadata, labels: { parity: index % 2 ? 'odd' : 'even' } } }, manager);
    }
    const list = async (options: object) =>
      (await client.list(Resources.ConfigMap, { namespace, ...options })).items.map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
    assert.equal((await list({ labelSelector: 'parity in (odd,even)', limit: 3 })).length, 7);
    assert.deepEqual(await list({ labelSelector: 'parity=odd' }), ['ConfigMap page-1', 'ConfigMap page-3', 'ConfigMap page-5']);
    assert.deepEqual(await list({ fieldSelector: 'metadata.name=page-2' }), ['ConfigMap page-2']);
  });

  test('writes the status subresource, and only that', async () => {
    const name = `status-${namespace}`;
    const object = (replicas: number) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named(name),
      status: { replicas, conditions: [] },
    });
    const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named(name),
      spec: { selector: { matchLabels: { app: name } }, template },
    };
    await client.create<KubeObject>(deployment, manager);
    const written = (await client.applyStatus<KubeObject>(object(3), { fieldManager: 'status', force: true })) as {
      status?: { replicas?: number };
    };
    assert.equal(written.status?.replicas, 3);
    const patched = (await client.mergePatch(
      Resources.Deployment,
      named(name),
      { status: { replicas: 4 } },
      { ...manager, subresource: 'status' },
    )) as typeof written;
    assert.equal(patched.status?.replicas, 4);
  });

  test('a watch begins where the list ended, shows bookmarks, and ends when it should', async () => {
    const { resourceVersion } = await client.list(Resources.ConfigMap, { namespace });
    await client.create(configMap('watched', { large: 'x'.repeat(700_000) }), manager);
    const events: string[] = [];
    let created: Promise<unknown> | null = null;
    const settings = {
      namespace,
      resourceVersion,
      timeoutSeconds: 10,
      signal: new AbortController().signal,
      // A watch that has seen nothing live is told nothing by a bookmark either.
      onOpen: () => {
        created = client.create(configMap('watched-live'), manager);
      },
    };
    await client.watch<ConfigMap>(Resources.ConfigMap, settings, ({ type, object }) => {
      events.push(`${type} ${object.metadata?.name ?? ''} ${object.data?.large?.length ?? ''}`.trim());
    });
    await created;
    assert.deepEqual(events.slice(0, 2), ['ADDED watched 700000', 'ADDED watched-live']);
    assert.equal(events.at(-1), 'BOOKMARK');
  });

  test('a reflector follows, and sees a successor as another object', async () => {
    const seen: string[] = [];
    const reflector = new Reflector<ConfigMap>({
      client,
      resource: Resources.ConfigMap,
      namespace,
      fieldSelector: 'metadata.name=followed',
    });
    reflector.onChange(({ type }) => void seen.push(type));
    reflector.start();
    await reflector.synced;
    await client.create(configMap('followed'), manager);
    await client.apply(configMap('followed', { a: '1' }), manager);
    await client.delete(Resources.ConfigMap, named('followed'));
    await client.create(configMap('followed'), manager);
    await client.create(configMap('not-followed'), manager);
    await waitFor('all changes', async () => seen.length === 4, { saw: () => seen });
    assert.deepEqual(seen, ['Added', 'Updated', 'Deleted', 'Added']);
    assert.equal(reflector.get(`${namespace}/followed`)?.kind, 'ConfigMap');
    await reflector.stop();
  });

  test('an event is written whole, and folded into its series', async (context) => {
    const recorder = new EventRecorder({ client, reportingController: 'evenkeel.dev/operator', reportingInstance: 'test' });
    context.after(() => recorder.close(0));
    const regarding = await client.create(configMap('regarded'), manager);
    const event = { regarding, type: 'Warning', reason: 'Failover', action: 'RemoveEndpoint', note: 'an endpoint is out' } as const;
    const written = async () =>
      (await client.list(Resources.Event, { namespace })).items as { note?: string; series?: { count: number } }[];
    recorder.record(event);
    await waitFor('the event', async () => (await written()).length === 1);
    recorder.record(event);
    recorder.record(event);
    await waitFor('its series', async () => (await written())[0]?.series?.count === 3);
    assert.deepEqual([(await written()).length, (await written())[0]?.note, recorder.dropped], [1, 'an endpoint is out', 0]);
    await recorder.close(5_000);
  });

  suite('with the rights of a balancer', () => {
    const resource = {
      apiVersion: 'evenkeel.dev/v1alpha1',
      kind: 'LoadBalancedService',
      metadata: named('web'),
      spec: { ports: [], backends: [] },
    } as const;
    let folder: string;
    let balancer: KubeClient;

    before(async () => {
      for (const file of ['evenkeel.dev_loadbalancedservices.yaml', 'evenkeel.dev_balancerreports.yaml']) {
        await client.apply(parse(await readFile(join(root, 'crds', file), 'utf8')) as KubeObject, { ...manager, force: true });
      }
      await waitFor('the new kinds', async () => Boolean(await client.list(Resources.BalancerReport, { namespace })));
      const role = buildRole(
        structuredClone({ ...resource, metadata: { ...resource.metadata, uid: 'u' } }) as unknown as Parameters<typeof buildRole>[0],
      );
      const { name = '' } = role.metadata;
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: named(name) };
      await client.create(account, manager);
      await client.create({ ...role, metadata: named(name) } as KubeObject, manager);
      await client.create<KubeObject>(
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: named(name),
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
          subjects: [{ kind: 'ServiceAccount', ...named(name) }],
        } as KubeObject,
        manager,
      );
      folder = await mountToken(name);
      const { hostname, port } = client.credentials.server;
      balancer = new KubeClient(
        await inClusterCredentials({
          folder,
          environment: { KUBERNETES_SERVICE_HOST: hostname.replace(/[[\]]/g, ''), KUBERNETES_SERVICE_PORT: port || '443' },
        }),
      );
    });
    after(async () => {
      balancer.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** What the kubelet mounts into a pod. */
    async function mountToken(account: string): Promise<string> {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
      const { status } = await client.request<{ status: { token: string } }>('POST', path, { body });
      const mounted = await mkdtemp(join(tmpdir(), 'evenkeel-'));
      await writeFile(join(mounted, 'token'), status.token);
      await writeFile(join(mounted, 'namespace'), namespace);
      await writeFile(join(mounted, 'ca.crt'), await serverCertificate());
      return mounted;
    }

    /** The CA, where the kubeconfig has one; else what the API server shows, since a cluster for tests signs for itself. */
    async function serverCertificate(): Promise<string> {
      const { tls } = await client.credentials.current();
      if (tls.ca) return tls.ca;
      const { connect } = await import('node:tls');
      const { hostname, port } = client.credentials.server;
      return new Promise((resolve, reject) => {
        const socket = connect({ host: hostname, port: Number(port || 443), rejectUnauthorized: false }, () => {
          const chain = socket.getPeerX509Certificate();
          socket.destroy();
          resolve([chain, chain?.issuerCertificate].map((each) => each?.toString() ?? '').join('\n'));
        });
        socket.on('error', reject);
      });
    }

    test('a foreign object is refused with verb and resource', async () => {
      await assert.rejects(balancer.list(Resources.Pod, { namespace }), (error) => {
        assert.ok(isForbidden(error) && error instanceof ApiError);
        assert.match(
          error.message,
          new RegExp(`^cannot list pods in namespace "${namespace}": pods is forbidden: .*cannot list resource "pods"`),
        );
        return true;
      });
      await assert.rejects(balancer.get(Resources.ConfigMap, named('applied')), isForbidden);
    });

    test('the config source delivers configuration and endpoints, and follows both', async (context) => {
      const told: string[] = [];
      const source = new ClusterConfigSource({ client: balancer, namespace, configMap: 'web--balancer' });
      context.after(() => source.stop());
      const starting = source.start({
        applyConfig: ({ generation }) => void told.push(`config ${generation}`),
        rejectConfig: (message) => void told.push(message),
        applyEndpoints: (endpoints, stale) => void told.push(`${endpoints.map(({ id }) => id).join(' ')}${stale ? ' stale' : ''}`),
      });
      const slice: EndpointSlice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...named('web--stable-x'), labels: { 'kubernetes.io/service-name': 'web--stable' } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [{ addresses: ['10.244.0.1'] }],
      };
      await client.create(slice, manager);
      const write = (generation: number) =>
        client.apply(configMap('web--balancer', { 'config.json': JSON.stringify(config(generation)) }), { ...manager, force: true });
      await write(1);
      await starting;
      assert.deepEqual(told, ['config 1', '10.244.0.1:8080']);
      await client.mergePatch(Resources.EndpointSlice, named('web--stable-x'), { endpoints: [{ addresses: ['10.244.0.2'] }] }, manager);
      await waitFor('the endpoint', async () => told.at(-1) === '10.244.0.2:8080', { saw: () => told });
      await write(2);
      await waitFor('the configuration', async () => told.includes('config 2'), { saw: () => told });
      await source.stop();
    });

    test('the report sink writes a report that the API server takes, and makes it anew', async (context) => {
      const sink = new ReportSink({
        client: balancer,
        namespace,
        podName: 'web-x',
        podUid: '5d0d4512-0000-4000-8000-000000000000',
        service: 'web',
      });
      context.after(() => sink.close());
      const stored = () => client.find<BalancerReport>(Resources.BalancerReport, named('web-x'));
      sink.publish(report(1));
      await waitFor('the report', async () => (await stored())?.spec.appliedGeneration === 1);
      assert.deepEqual(ageless((await stored())?.spec), ageless(report(1)));
      assert.equal((await stored())?.metadata.ownerReferences?.[0]?.kind, 'Pod');
      await client.delete(Resources.BalancerReport, named('web-x'));
      sink.publish({ ...report(2), failovers: [], unhealthyEndpoints: [] });
      await waitFor('the report again', async () => (await stored())?.spec.appliedGeneration === 2);
      await sink.close();
    });
  });

  suite('the election', () => {
    const candidates: ChildProcess[] = [];
    after(() => {
      for (const candidate of candidates) candidate.kill('SIGKILL');
    });

    /** A process of its own, to be killed; resolves to it, and to what waits until it leads. */
    function stand(name: string): { process: ChildProcess; leads: Promise<void> } {
      const candidate = spawn(process.execPath, [join(import.meta.dirname, 'candidate.ts'), namespace, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      candidates.push(candidate);
      const leads = new Promise<void>((resolve) => {
        createInterface({ input: candidate.stdout }).on('line', (line) => line === 'leads' && resolve());
      });
      return { process: candidate, leads };
    }

    async function within(ms: number, what: string, promise: Promise<void>): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
      });
      await Promise.race([promise, late]).finally(() => clearTimeout(timer));
    }

    test('is over within 20 s of a kill -9 of the leader, and 3 s of a SIGTERM', async () => {
      const a = stand('a');
      await a.leads;
      const b = stand('b');
      const holder = async () => (await client.find<Lease>(Resources.Lease, named('election')))?.spec?.holderIdentity ?? '';
      // It has seen the lease by the time that this process has seen it renewed twice.
      const renewals = new Set<string>();
      await waitFor(
        'renewals',
        async () => renewals.add((await client.get<Lease>(Resources.Lease, named('election'))).spec?.renewTime ?? '').size > 3,
      );
      assert.match(await holder(), /^a_/);
      a.process.kill('SIGKILL');
      await within(20_000, 'b leads', b.leads);
      const c = stand('c');
      await waitFor(
        'renewals',
        async () => renewals.add((await client.get<Lease>(Resources.Lease, named('election'))).spec?.renewTime ?? '').size > 6,
      );
      b.process.kill('SIGTERM');
      await within(3_000, 'c leads', c.leads);
      assert.match(await holder(), /^c_/);
    });
  });
});

function config(generation: number): BalancerConfig {
  const ports = [{ listener: 'http', port: 'http' }];
  return balancerConfig({
    name: 'web',
    namespace,
    generation,
    listeners: [{ bindPort: 10_080 }],
    backends: [backendConfig({ name: 'stable', source: { type: 'EndpointSlices', service: 'web--stable', serverWeight: 1, ports } })],
  });
}

/** What is written later than it was told is older by then. */
function ageless(report: object | undefined): unknown {
  return JSON.parse(JSON.stringify(report ?? null, (key, value) => (/^(for|ago)Milliseconds$/.test(key) ? undefined : value)));
}

function report(appliedGeneration: number): BalancerReportBody {
  const endpoint = { address: '10.0.0.1:8080', backend: 'stable', podName: 'p', nodeName: 'n' };
  return reportBody({
    appliedGeneration,
    backends: [{ name: 'stable', endpoints: 3, healthy: 2 }],
    unhealthyEndpoints: [{ ...endpoint, state: 'Unhealthy', reason: 'HeartbeatTimeout', forMilliseconds: 50 }],
    failOpen: ['http'],
    failovers: [failoverReport({ rescued: 1, agoMilliseconds: 60 })],
  });
}
