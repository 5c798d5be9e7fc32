import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { ApiError, ConnectionError } from '../../../src/kube/errors.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { FakeApiServer } from '../../support/fake-api-server.ts';
import { FakeTimers } from '../../support/fake-timers.ts';
import { until } from '../../support/until.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const manager = { fieldManager: 'test' };

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

describe('the client', () => {
  const server = new FakeApiServer();
  let client: KubeClient;
  const removeFaults: (() => void)[] = [];
  const fault = (...args: Parameters<FakeApiServer['addFault']>) => removeFaults.push(server.addFault(...args));

  before(() => server.listen());
  after(() => server.close());
  beforeEach(() => {
    for (const remove of removeFaults.splice(0)) remove();
    server.requests.length = 0;
    client = new KubeClient(server.credentials());
    removeFaults.push(() => client.close());
  });
  after(() => {
    for (const remove of removeFaults) remove();
  });

  const lastRequest = () => {
    const request = server.requests.at(-1);
    assert.ok(request);
    return request;
  };

  test('applies with the content type of server-side apply, a JSON body, its field manager and force', async () => {
    await client.apply(configMap('applied', { a: '1' }), { ...manager, force: true });
    const { method, path, query, headers, body } = lastRequest();
    assert.equal(method, 'PATCH');
    assert.equal(path, `${CONFIG_MAPS}/applied`);
    assert.equal(headers['content-type'], 'application/apply-patch+yaml');
    assert.equal(headers.authorization, 'Bearer test');
    assert.deepEqual(Object.fromEntries(query), { fieldManager: 'test', force: 'true' });
    assert.deepEqual(JSON.parse(body), configMap('applied', { a: '1' }));
  });

  test('applies to the status subresource', async () => {
    const resource = { apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', metadata: { name: 'shop', namespace: 'default' } };
    fault(({ path }, response) => {
      if (!path.endsWith('/status')) return false;
      server.answer(response, 200, resource);
      return true;
    });
    await client.applyStatus(resource, manager);
    assert.equal(lastRequest().path, '/apis/evenkeel.dev/v1alpha1/namespaces/default/loadbalancedservices/shop/status');
  });

  test('patches with the content type of a merge patch', async () => {
    server.put(CONFIG_MAPS, configMap('patched', { a: '1', b: '2' }));
    const patched = await client.mergePatch<ConfigMap>(
      Resources.ConfigMap,
      { namespace: 'default', name: 'patched' },
      { data: { a: null } },
      manager,
    );
    assert.equal(lastRequest().headers['content-type'], 'application/merge-patch+json');
    assert.deepEqual(patched.data, { b: '2' });
  });

  test('deletes with preconditions and a propagation policy, and says false where there was nothing', async () => {
    server.put(CONFIG_MAPS, configMap('doomed'));
    const name = { namespace: 'default', name: 'doomed' };
    assert.equal(await client.delete(Resources.ConfigMap, name, { uid: 'u', resourceVersion: '7', propagation: 'Foreground' }), true);
    assert.deepEqual(JSON.parse(lastRequest().body), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u', resourceVersion: '7' },
    });
    assert.equal(await client.delete(Resources.ConfigMap, name), false);
  });

  test('lists page by page, and gives each item its apiVersion and kind', async () => {
    const collection = '/api/v1/namespaces/pages/configmaps';
    for (let index = 0; index < 5; index++) server.put(collection, { metadata: { name: `item-${index}`, namespace: 'pages' } });
    const { items, resourceVersion } = await client.list(Resources.ConfigMap, { namespace: 'pages', limit: 2 });
    assert.deepEqual(
      items.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata?.name]),
      [0, 1, 2, 3, 4].map((index) => ['v1', 'ConfigMap', `item-${index}`]),
    );
    assert.equal(server.lists('configmaps').length, 3);
    assert.match(resourceVersion, /^\d+$/);
  });

  test('lists all at once where the continue token has expired', async () => {
    const collection = '/api/v1/namespaces/expired/configmaps';
    for (let index = 0; index < 3; index++) server.put(collection, { metadata: { name: `item-${index}`, namespace: 'expired' } });
    fault(({ query }, response) => {
      if (!query.has('continue')) return false;
      server.refuse(response, 410, 'Expired', 'the continue token is too old');
      return true;
    });
    const { items } = await client.list(Resources.ConfigMap, { namespace: 'expired', limit: 2 });
    assert.equal(items.length, 3);
    assert.equal(lastRequest().query.has('limit'), false);
  });

  test('uses one connection for requests one after the other', async () => {
    const before = server.connections;
    for (let index = 0; index < 20; index++) await client.list(Resources.ConfigMap, { namespace: 'default' });
    assert.equal(server.connections - before, 1);
  });

  test('says which verb on which resource was refused, with the words of the API server', async () => {
    fault((_, response) => {
      server.refuse(response, 403, 'Forbidden', 'configmaps is forbidden: User "u" cannot list resource "configmaps"');
      return true;
    });
    await assert.rejects(client.list(Resources.ConfigMap, { namespace: 'shop' }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(
        error.message,
        'cannot list configmaps in namespace "shop": configmaps is forbidden: User "u" cannot list resource "configmaps" (403 Forbidden)',
      );
      assert.deepEqual([error.code, error.reason], [403, 'Forbidden']);
      return true;
    });
  });

  const unusable: Record<string, { answer: Parameters<FakeApiServer['addFault']>[0]; code: ConnectionError['code'] }> = {
    'a body that is cut': {
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"kind":"ConfigMapList","items":[', () => response.socket?.destroy());
        return true;
      },
      code: 'ApiUnreachable',
    },
    'an answer that is no JSON': {
      answer: (_, response) => {
        server.answer(response, 200, '<html>login</html>');
        return true;
      },
      code: 'ApiBadResponse',
    },
    'an answer that is too large': {
      answer: (_, response) => {
        server.answer(response, 200, 'x'.repeat(5_000));
        return true;
      },
      code: 'ApiResponseTooLarge',
    },
    'no answer': { answer: () => true, code: 'ApiTimeout' },
    'an answer that never ends': {
      answer: (_, response) => {
        response.writeHead(200).write('{');
        return true;
      },
      code: 'ApiTimeout',
    },
  };
  for (const [what, { answer, code }] of Object.entries(unusable)) {
    test(`fails with ${code} on ${what}`, async () => {
      const timers = new FakeTimers();
      const small = new KubeClient(server.credentials(), { timers, maxResponseBytes: 4_000, timeoutMs: 7_000 });
      fault(answer);
      const failed = assert.rejects(
        small.list(Resources.ConfigMap, {}),
        (error) => error instanceof ConnectionError && error.code === code,
      );
      await until(() => server.requests.length === 1, 'the request');
      if (code === 'ApiTimeout') await timers.advance(7_000);
      await failed;
      assert.deepEqual(timers.waits, [], 'no timer is left');
      small.close();
    });
  }

  test('waits as long as an overloaded API server asks, then tries again', async () => {
    const timers = new FakeTimers();
    const patient = new KubeClient(server.credentials(), { timers, random: () => 0 });
    fault((_, response) => {
      if (server.requests.length > 2) return false;
      server.refuse(response, 429, 'TooManyRequests', 'busy', { 'retry-after': '3' });
      return true;
    });
    const listed = patient.list(Resources.ConfigMap, { namespace: 'default' });
    await until(() => timers.waits.includes(3_000), 'the wait');
    await timers.advance(2_999);
    assert.equal(server.requests.length, 1);
    await timers.advance(1);
    await until(() => server.requests.length === 2 && timers.waits.includes(3_000), 'the second wait');
    await timers.advance(3_000);
    await listed;
    assert.equal(server.requests.length, 3);
    patient.close();
  });

  test('gives up at once where the wait is longer than its time', async () => {
    fault((_, response) => {
      server.refuse(response, 429, 'TooManyRequests', 'busy', { 'retry-after': '3600' });
      return true;
    });
    await assert.rejects(client.list(Resources.ConfigMap, {}), (error) => error instanceof ApiError && error.code === 429);
    assert.equal(server.requests.length, 1);
  });

  test('reads its credentials anew after a 401, and tries once more', async () => {
    let token = 'old';
    let renewals = 0;
    const base = server.credentials();
    const renewing = new KubeClient({
      ...base,
      current: async () => ({ headers: { authorization: `Bearer ${token}` }, tls: { ca: server.ca } }),
      renew: () => {
        renewals++;
        token = 'new';
      },
    });
    fault(({ headers }, response) => {
      if (headers.authorization === 'Bearer new') return false;
      server.refuse(response, 401, 'Unauthorized', 'Unauthorized');
      return true;
    });
    await renewing.list(Resources.ConfigMap, { namespace: 'default' });
    assert.equal(renewals, 1);
    renewing.close();
  });

  test('makes new connections when the CA changes, and finds a server that it does not vouch for untrusted', async () => {
    const other = new FakeApiServer();
    let ca = server.ca;
    let renewals = 0;
    const base = server.credentials();
    const renew = () => void renewals++;
    const changing = new KubeClient({ ...base, renew, current: async () => ({ headers: {}, tls: { ca } }) });
    await changing.list(Resources.ConfigMap, {});
    ca = other.ca;
    await assert.rejects(
      changing.list(Resources.ConfigMap, {}),
      (error) => error instanceof ConnectionError && error.code === 'ApiUntrusted',
    );
    assert.equal(renewals, 1, 'what it trusts is read anew');
    ca = server.ca;
    await changing.list(Resources.ConfigMap, {});
    changing.close();
  });

  test('asks again for what may be asked twice when a kept connection turns out to be closed', async () => {
    const asked: string[] = [];
    fault(({ method, path }, response) => {
      asked.push(method);
      if (asked.length !== 2) return false;
      response.socket?.destroy();
      return path !== '';
    });
    await client.list(Resources.ConfigMap, { namespace: 'default' });
    await client.list(Resources.ConfigMap, { namespace: 'default' });
    assert.deepEqual(asked, ['GET', 'GET', 'GET']);
  });

  test('does not ask twice for what must not be done twice', async () => {
    await client.list(Resources.ConfigMap, { namespace: 'default' });
    fault(({ method }, response) => {
      if (method === 'POST') response.socket?.destroy();
      return method === 'POST';
    });
    await assert.rejects(client.create(configMap('once'), manager), ConnectionError);
    assert.equal(server.count('POST', 'configmaps'), 1);
  });

  test('tells each answer once, with its method and status', async () => {
    const told: string[] = [];
    const observed = new KubeClient(server.credentials(), { onAnswer: (method, status) => void told.push(`${method} ${status}`) });
    removeFaults.push(() => observed.close());
    await observed.apply(configMap('told'), manager);
    await observed.find(Resources.ConfigMap, { namespace: 'default', name: 'nowhere' });
    assert.deepEqual(told, ['PATCH 201', 'GET 404']);
  });

  test('says that nobody is there', async () => {
    const gone = new FakeApiServer();
    await gone.listen();
    await gone.close();
    const told: (number | null)[] = [];
    const lost = new KubeClient(gone.credentials(), { onAnswer: (_, status) => void told.push(status) });
    await assert.rejects(lost.list(Resources.ConfigMap, {}), (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.code, 'ApiUnreachable');
      assert.match(error.message, /^cannot reach the Kubernetes API at https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
      return true;
    });
    assert.deepEqual(told, [null]);
  });
});
