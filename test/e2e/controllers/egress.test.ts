import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import type { BalancerConfig } from '../../../src/model/config.ts';
import { waitFor } from '../support/wait.ts';
import {
  applyResource,
  backend,
  client,
  createNamespace,
  get,
  installCrds,
  type RunningOperator,
  resourceIn,
  startOperator,
  waitForConditions,
} from './bench.ts';

// CLUSTER_PARTS=controllers test/cluster/run node --test test/e2e/controllers/egress.test.ts

interface Slice extends KubeObject {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
}

suite('servers by address, with a real API server', { timeout: 120_000 }, () => {
  let namespace: string;
  let operator: RunningOperator | null = null;

  before(installCrds);
  after(() => client.close());
  beforeEach(async () => {
    namespace = await createNamespace();
  });
  afterEach(async () => {
    await operator?.stop();
    await client.delete(Resources.Namespace, { name: namespace });
  });

  const fixed = (...hosts: string[]) => ({
    name: 'fixed',
    type: 'Addresses' as const,
    addresses: hosts.map((host, index) => ({ host, port: 8080 + index })),
  });
  const message = async (name: string) =>
    (
      await waitForConditions(namespace, { Accepted: 'False/AddressNotAllowed', Stalled: 'True/AddressNotAllowed' }, name)
    ).status?.conditions?.find(({ type }) => type === 'Accepted')?.message;
  const config = async (name: string) => {
    const found = await waitFor(`the configuration of ${name}`, () =>
      get<KubeObject & { data: Record<string, string> }>(Resources.ConfigMap, namespace, `${name}--balancer`),
    );
    return JSON.parse(found.data['config.json'] ?? '') as BalancerConfig;
  };
  const apiServers = async () => {
    const { items } = await client.list<Slice>(Resources.EndpointSlice, {
      namespace: 'default',
      labelSelector: 'kubernetes.io/service-name=kubernetes',
    });
    return items.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
  };

  test('an operator that was started without ranges allows none, says so, and does the rest', async () => {
    operator = await startOperator(namespace);
    await applyResource(resourceIn(namespace, { backends: [backend('stable', 1), fixed('10.0.0.7')] }));
    assert.equal(await message('shop'), 'backend fixed: 10.0.0.7 is not allowed: the operator was started without --allowed-addresses');
    await waitFor('the other backend', () => get(Resources.Deployment, namespace, 'shop--stable'));
    assert.deepEqual((await config('shop')).egress?.allowedAddresses, []);
  });

  test('in its ranges they are accepted, and balancers are told the ranges and where the API server is', async () => {
    operator = await startOperator(namespace, { allowedAddresses: ['10.0.0.0/24', '0.0.0.0/0'] });
    await applyResource(resourceIn(namespace, { backends: [fixed('10.0.0.7')] }));
    await waitForConditions(namespace, { Accepted: 'True' });
    const { egress } = await config('shop');
    assert.deepEqual(egress?.allowedAddresses, ['10.0.0.0/24', '0.0.0.0/0']);
    const [apiServer = '', ...others] = await apiServers();
    assert.notEqual(apiServer, '');
    for (const address of [apiServer, ...others]) assert.ok(egress?.apiServers.includes(address), address);

    await applyResource(resourceIn(namespace, { backends: [fixed(apiServer, '127.0.0.1')] }, 'bad'));
    const never = 'and no balancer in a cluster connects to one, whatever --allowed-addresses says';
    assert.equal(
      await message('bad'),
      `backend fixed: ${apiServer} is an address of the API server, ${never}; backend fixed: 127.0.0.1 is a loopback address, ${never}`,
    );
  });

  test('where a range is taken back, balancers lose it and the resource says so', async () => {
    operator = await startOperator(namespace, { allowedAddresses: ['10.0.0.0/24'] });
    await applyResource(resourceIn(namespace, { backends: [fixed('10.0.0.7')] }));
    await waitForConditions(namespace, { Accepted: 'True' });
    await operator.stop();
    operator = await startOperator(namespace, { allowedAddresses: ['10.1.0.0/24'] });
    assert.match(
      (await message('shop')) ?? '',
      /10\.0\.0\.7 is not allowed: the operator was started with --allowed-addresses=10\.1\.0\.0\/24$/,
    );
    await waitFor('the narrower configuration', async () => (await config('shop')).egress?.allowedAddresses.join() === '10.1.0.0/24');
  });
});
