import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ClusterConfigSource } from '../../../src/kube/balancer-source.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import type { EndpointSlice } from '../../../src/kube/endpoint-slices.ts';
import type { BackendConfig, BalancerConfig } from '../../../src/model/config.ts';
import type { ConfigTarget } from '../../../src/model/ports.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { backendConfig, balancerConfig } from '../../support/start-balancer.ts';
import { until as inRealTime } from '../../support/until.ts';

const CONFIG_MAPS = '/api/v1/namespaces/shop/configmaps';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';

const backend = (name: string): BackendConfig =>
  backendConfig({
    name,
    source: { type: 'EndpointSlices', service: `web--${name}`, serverWeight: 1, ports: [{ listener: 'http', port: 8080 }] },
  });

const config = (generation: number, backends: readonly BackendConfig[]): BalancerConfig =>
  balancerConfig({ name: 'web', namespace: 'shop', generation, backends, listeners: [{ bindPort: 10_080 }] });

describe('the config source of a balancer in a cluster', () => {
  let server: FakeApiServer;
  let client: KubeClient;
  let timers: FakeTimers;
  let source: ClusterConfigSource;
  let told: string[];
  let returns: number;

  const target: ConfigTarget = {
    applyConfig: ({ generation }) => void told.push(`config ${generation}`),
    rejectConfig: (message) => void told.push(`rejected: ${message}`),
    applyEndpoints: (endpoints, stale) => void told.push(`${endpoints.map(({ id }) => id).join(' ') || 'none'}${stale ? ' stale' : ''}`),
  };

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.listen();
    client = new KubeClient(server.credentials());
    timers = new FakeTimers();
    told = [];
    returns = 0;
    const onReturn = () => void returns++;
    source = new ClusterConfigSource({ client, namespace: 'shop', configMap: 'web--balancer', timers, random: () => 0.5, onReturn });
  });
  afterEach(async () => {
    await source.stop();
    client.close();
    await server.close();
  });

  const writeConfig = (data: Record<string, string>) =>
    server.put(CONFIG_MAPS, { ...{ data }, metadata: { name: 'web--balancer', namespace: 'shop' } } as object);
  const putConfig = (generation: number, ...backends: BackendConfig[]) =>
    writeConfig({ 'config.json': JSON.stringify(config(generation, backends)) });
  function putSlice(name: string, backendName: string, ...addresses: string[]): void {
    const slice: EndpointSlice = {
      metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': `web--${backendName}` } },
      addressType: 'IPv4',
      ports: [{ port: 8080 }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    };
    server.put(SLICES, slice);
  }
  const until = (condition: () => boolean, what: string) => timers.advanceUntil(condition, what);
  const untilLast = (expected: string) => until(() => told.at(-1) === expected, `${expected}, after: ${told.join(' | ')}`);

  test('delivers the configuration and then its endpoints, before start() resolves', async () => {
    putSlice('s1', 'stable', '10.0.0.1', '10.0.0.2');
    putConfig(1, backend('stable'));
    await source.start(target);
    assert.deepEqual(told, ['config 1', '10.0.0.1:8080 10.0.0.2:8080']);
  });

  test('watches its own ConfigMap and the slices of its Services, and nothing else', async () => {
    putConfig(1, backend('stable'), backend('canary'));
    await source.start(target);
    assert.deepEqual(
      server.requests
        .filter(({ query }) => !query.has('watch'))
        .map(({ path, query }) => [path, query.get('fieldSelector') ?? query.get('labelSelector')]),
      [
        [CONFIG_MAPS, 'metadata.name=web--balancer'],
        [SLICES, 'kubernetes.io/service-name in (web--canary,web--stable)'],
      ],
    );
  });

  test('follows the slices', async () => {
    putSlice('s1', 'stable', '10.0.0.1');
    putConfig(1, backend('stable'));
    await source.start(target);
    putSlice('s1', 'stable', '10.0.0.1', '10.0.0.2');
    await untilLast('10.0.0.1:8080 10.0.0.2:8080');
    server.remove(SLICES, 's1');
    await untilLast('none');
  });

  test('delivers once for a burst of slices', async () => {
    putConfig(1, backend('stable'));
    await source.start(target);
    await until(() => server.watches('endpointslices').length === 1 && server.openWatches === 2, 'the watches');
    for (let index = 1; index <= 9; index++) putSlice(`s${index}`, 'stable', `10.0.0.${index}`);
    await until(() => told.at(-1)?.includes('10.0.0.9') ?? false, 'all of them');
    assert.ok(told.length < 6, told.join(' | '));
  });

  test('a change that names the same Services is applied over the same watch', async () => {
    putSlice('s1', 'stable', '10.0.0.1');
    putConfig(1, backend('stable'));
    await source.start(target);
    putConfig(2, backend('stable'));
    await until(() => told.includes('config 2'), 'the new one');
    assert.equal(server.lists('endpointslices').length, 1);
  });

  test('a configuration that names a new Service waits for its slices, so that it never begins without servers', async () => {
    putSlice('s1', 'old', '10.0.0.1');
    putSlice('s2', 'new', '10.0.0.2');
    putConfig(1, backend('old'));
    await source.start(target);
    let isHeld = true;
    server.addFault(({ query }, response) => {
      const held = isHeld && (query.get('labelSelector')?.includes('web--new') ?? false);
      if (held) server.refuse(response, 500, 'InternalError', 'not now');
      return held;
    });
    putConfig(2, backend('new'));
    await until(() => told.some((line) => line.startsWith('rejected')), 'a word on the delay');
    assert.match(told.at(-1) ?? '', /^rejected: no EndpointSlices yet for .*web--new.*: cannot list endpointslices.*not now/);
    putSlice('s1', 'old', '10.0.0.1', '10.0.0.3');
    await untilLast('10.0.0.1:8080 10.0.0.3:8080');
    isHeld = false;
    await until(() => told.includes('config 2'), 'the new configuration');
    await untilLast('10.0.0.2:8080');
    await inRealTime(() => server.openWatches === 2, 'the end of the old watch');
  });

  test('servers of a Service that is gone go on until it is known whether the configuration still names it', async () => {
    putSlice('s1', 'old', '10.0.0.1');
    putConfig(1, backend('old'));
    await source.start(target);
    await until(() => server.openWatches === 2, 'the watches');
    const isBack = server.addFault(({ path, query }, response) => {
      const refused = path === CONFIG_MAPS || (query.get('labelSelector')?.includes('web--new') ?? false);
      if (refused) server.refuse(response, 500, 'InternalError', 'not now');
      return refused;
    });
    // The API was away, and meanwhile one backend took the place of the other; or etcd was restored.
    server.endWatches('cut');
    putConfig(2, backend('new'));
    putSlice('s2', 'new', '10.0.0.2');
    server.remove(SLICES, 's1');
    await until(() => server.watches('endpointslices').length === 2, 'the slices to be listed anew');
    const asked = server.lists('configmaps').length;
    await until(() => server.lists('configmaps').length > asked + 1, 'the configuration to be asked for');
    isBack();
    await untilLast('10.0.0.2:8080');
    const changes = told.filter((line, index) => line !== told[index - 1]);
    assert.deepEqual(changes, ['config 1', '10.0.0.1:8080', 'config 2', '10.0.0.2:8080']);
  });

  test('of two configurations that wait, only the newer is applied', async () => {
    putConfig(1, backend('old'));
    await source.start(target);
    server.addFault(({ query }) => query.get('labelSelector')?.includes('web--slow') ?? false);
    putConfig(2, backend('slow'));
    await until(() => server.lists('endpointslices').length === 2, 'the first to wait');
    putConfig(3, backend('new'));
    await until(() => told.includes('config 3'), 'the second');
    assert.ok(!told.includes('config 2'));
    await inRealTime(() => server.openWatches === 2, 'one watch for each');
  });

  const unusable: Record<string, { data: Record<string, string>; expected: RegExp }> = {
    'that is no JSON': { data: { 'config.json': '{' }, expected: /^rejected: the ConfigMap web--balancer cannot be used: .*JSON/ },
    'of an unknown format': { data: { 'config.json': '{"formatVersion":9}' }, expected: /format version 9/ },
    'without its key': { data: {}, expected: /it has no key config\.json/ },
  };
  for (const [what, { data, expected }] of Object.entries(unusable)) {
    test(`rejects a configuration ${what}, and goes on with the last good one`, async () => {
      putSlice('s1', 'stable', '10.0.0.1');
      putConfig(1, backend('stable'));
      await source.start(target);
      writeConfig(data);
      await until(() => told.some((line) => expected.test(line)), 'the rejection');
      putSlice('s1', 'stable', '10.0.0.2');
      await untilLast('10.0.0.2:8080');
    });
  }

  test('goes on when its ConfigMap is deleted, and says so', async () => {
    putConfig(1, backend('stable'));
    await source.start(target);
    server.remove(CONFIG_MAPS, 'web--balancer');
    await untilLast('rejected: the ConfigMap web--balancer is gone');
    putSlice('s1', 'stable', '10.0.0.1');
    await untilLast('10.0.0.1:8080');
  });

  test('waits for an API server that is away at the start', async () => {
    await server.close();
    const started = source.start(target);
    await timers.advance(60_000);
    putSlice('s1', 'stable', '10.0.0.1');
    putConfig(1, backend('stable'));
    await server.listen();
    await untilLast('10.0.0.1:8080');
    await started;
  });

  test('calls what it knows stale when the API server is away, and current again when it is back', async () => {
    putSlice('s1', 'stable', '10.0.0.1');
    putConfig(1, backend('stable'));
    await source.start(target);
    await until(() => server.openWatches === 2, 'the watches');
    await server.close();
    await untilLast('10.0.0.1:8080 stale');
    await server.listen();
    await untilLast('10.0.0.1:8080');
  });

  test('tells when the API server was away and is back, and not at the start', async () => {
    putSlice('s1', 'stable', '10.0.0.1');
    putConfig(1, backend('stable'));
    await source.start(target);
    await until(() => server.openWatches === 2, 'both watches');
    assert.equal(returns, 0);
    await server.close();
    await server.listen();
    await until(() => returns === 1, 'the return');
  });

  test('given addresses need no slices, and are never stale', async () => {
    putConfig(1, backendConfig({ source: { type: 'Addresses', addresses: [{ listener: 'http', host: 'a.test', port: 1, weight: 1 }] } }));
    await source.start(target);
    await server.close();
    await timers.advance(60_000);
    assert.deepEqual(told, ['config 1', 'a.test:1']);
    assert.equal(server.lists('endpointslices').length, 0);
  });

  test('a start that is stopped resolves', async () => {
    const started = source.start(target);
    await source.stop();
    await started;
    assert.deepEqual([told, timers.waits], [[], []]);
  });
});
