import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BackendConfig, EgressConfig, HeartbeatConfig } from '../../../src/model/config.ts';
import { ask, GET_AND_CLOSE } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { backendConfig, balancerConfig, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { startWorkers } from '../../support/start-workers.ts';
import { until } from '../../support/until.ts';

const CLUSTER = { apiServers: ['10.96.0.1'] };
const TEN: EgressConfig = { allowedAddresses: ['10.0.0.0/8'], apiServers: [] };
const slices: BackendConfig['source'] = { type: 'EndpointSlices', service: 'shop--fixed', serverWeight: 1, ports: [] };

const metric = (text: string, name: string) => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);

test('an endpoint that an EndpointSlice gives is refused where it is on loopback: not connected to, counted and reported', async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startBalancer([], balancerConfig({ egress: TEN, backends: [backendConfig({ source: slices })] }), CLUSTER);
  const { balancer, port, report } = started;
  balancer.applyEndpoints([endpointAt(server.port), endpointAt(server.port + 1, { host: '10.96.0.1', id: '10.96.0.1:443' })], false);
  await until(() => report()?.refusedEndpoints.length === 2, 'it is reported');
  assert.deepEqual(report()?.refusedEndpoints, [
    {
      address: `127.0.0.1:${server.port}`,
      backend: 'fixed',
      message: 'is a loopback address, and no balancer in a cluster connects to one, whatever --allowed-addresses says',
    },
    {
      address: '10.96.0.1:443',
      backend: 'fixed',
      message: 'is an address of the API server, and no balancer in a cluster connects to one, whatever --allowed-addresses says',
    },
  ]);
  assert.equal(metric(balancer.metrics(), 'evenkeel_refused_endpoints'), 2);
  assert.match(await ask(port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
  assert.equal(server.bytes.length, 0);
  // It is taken in again as soon as nothing speaks against it.
  balancer.applyEndpoints([], false);
  await until(() => report()?.refusedEndpoints.length === 0, 'it is gone from the report');
  assert.equal(metric(balancer.metrics(), 'evenkeel_refused_endpoints'), 0);
});

suite('a name that stands for a refused address is connected to by nobody', () => {
  const http: HeartbeatConfig['check'] = httpCheck({ path: '/' });
  const ways: Record<string, { check: HeartbeatConfig['check']; backend: Partial<BackendConfig> }> = {
    'HTTP/1.1 and TCP checks': { check: { type: 'TCP', port: null }, backend: {} },
    'HTTP/1.1 and HTTP checks': { check: http, backend: {} },
    'HTTP/2 and gRPC checks': { check: { type: 'GRPC', service: '', port: null }, backend: { protocol: 'HTTP2' } },
    'the PROXY protocol': { check: http, backend: { proxyProtocol: 'V2' } },
  };
  for (const [way, { check, backend: changes }] of Object.entries(ways)) {
    for (const ownPort of [false, true]) {
      test(`${way}${ownPort ? ', on a port of its own' : ''}`, async () => {
        await using server = await ScriptedServer.start(named('a'));
        const heartbeat = { check: { ...check, port: ownPort ? server.port : null } };
        const config = balancerConfig({ egress: TEN, backends: [backendConfig(changes)], heartbeat });
        await using started = await startBalancer([], config, CLUSTER);
        const { balancer, port, report } = started;
        const at = ownPort ? server.port + 1 : server.port;
        balancer.applyEndpoints([endpointAt(at, { host: 'localhost', id: `localhost:${at}` })], false);
        await until(() => report()?.unhealthyEndpoints[0]?.state === 'Unhealthy', 'it is out');
        assert.equal(report()?.unhealthyEndpoints[0]?.reason, 'AddressRefused');
        assert.match(await ask(port, GET_AND_CLOSE), /^HTTP\/1\.1 50[23] /);
        assert.equal(server.bytes.length, 0, 'nobody connected');
        assert.ok(metric(balancer.metrics(), 'evenkeel_refused_lookups_total') > 0);
      });
    }
  }
});

suite('without a cluster anything goes', () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    test(host, async () => {
      await using server = await ScriptedServer.start(named('a'));
      await using started = await startBalancer([], balancerConfig());
      started.balancer.applyEndpoints([endpointAt(server.port, { host, id: `${host}:${server.port}` })], false);
      assert.match(await ask(started.port, GET_AND_CLOSE), /\r\n\r\na$/);
    });
  }
});

test('in a cluster a configuration without rules allows no server by address', async () => {
  await using server = await ScriptedServer.start(named('a'));
  await using started = await startBalancer([], balancerConfig({ egress: null }), CLUSTER);
  started.balancer.applyEndpoints([endpointAt(server.port, { host: '10.0.0.1', id: '10.0.0.1:80' })], false);
  await until(() => started.report()?.refusedEndpoints.length === 1, 'it is reported');
  assert.equal(started.report()?.refusedEndpoints[0]?.message, 'is not allowed: the operator was started without --allowed-addresses');
});

test('what was allowed and is no more is left at once', async () => {
  await using server = await ScriptedServer.start(named('a'));
  const config = balancerConfig();
  await using started = await startBalancer([], config, CLUSTER);
  const found = [endpointAt(server.port, { host: '10.0.0.1', id: '10.0.0.1:80' })];
  const endpoints = () => started.balancer.endpoints().map(({ endpoint }) => endpoint.id);
  started.balancer.applyConfig({ ...config, egress: TEN });
  started.balancer.applyEndpoints(found, false);
  assert.deepEqual(endpoints(), ['10.0.0.1:80']);
  started.balancer.applyConfig({ ...config, egress: { allowedAddresses: ['10.1.0.0/16'], apiServers: [] } });
  started.balancer.applyEndpoints(found, false);
  await until(() => endpoints().length === 0, 'it is gone');
});

test('workers keep to the rules, too', { skip: process.platform === 'linux' ? false : 'workers need Linux' }, async () => {
  await using server = await ScriptedServer.start(named('a'));
  // Heartbeats leave it alone, so that the first request is the first to look the name up.
  const heartbeat = { check: { type: 'TCP', port: null }, schedule: { type: 'Fixed', intervalMs: 600_000 }, timeoutMs: 10_000 } as const;
  await using started = await startWorkers(2, [], balancerConfig({ egress: TEN, backends: [backendConfig({})], heartbeat }));
  const { port } = server;
  started.balancer.applyEndpoints([endpointAt(port, { host: 'localhost', id: `localhost:${port}` })], false);
  await until(async () => /^HTTP\/1\.1 50[23] /.test(await ask(started.port, GET_AND_CLOSE)), 'it is refused');
  await until(() => started.log.some((line) => line.startsWith('an address is refused') && line.includes('"worker"')), 'a worker says so');
  assert.equal(server.bytes.length, 0, 'nobody connected');
});
