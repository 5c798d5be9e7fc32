import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminServer } from '../../../src/operator/admin-server.ts';

test('health, readiness and metrics are told, and nothing can be changed', async () => {
  let dead: string | null = null;
  let unready: string | null = 'caches are empty';
  const server = new AdminServer({
    address: '127.0.0.1',
    port: 0,
    dead: () => dead,
    unready: () => unready,
    metrics: () => 'a_metric 1\n',
  });
  const port = await server.listen();
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return `${response.status} ${(await response.text()).trim()}`;
  };
  try {
    assert.equal(await ask('/healthz'), '200 ok');
    assert.equal(await ask('/readyz?verbose'), '503 caches are empty');
    unready = null;
    dead = 'default/shop has been worked on for 301 s';
    assert.equal(await ask('/readyz'), '200 ok');
    assert.equal(await ask('/healthz'), `503 ${dead}`);
    assert.equal(await ask('/metrics'), '200 a_metric 1');
    assert.equal((await ask('/metrics', 'POST')).slice(0, 3), '405');
    assert.equal((await ask('/debug')).slice(0, 3), '404');
  } finally {
    await server.close();
  }
});

test('a port in use is an error', async () => {
  const options = { address: '127.0.0.1', dead: () => null, unready: () => null, metrics: () => '' };
  const first = new AdminServer({ ...options, port: 0 });
  const port = await first.listen();
  await assert.rejects(new AdminServer({ ...options, port }).listen(), { code: 'EADDRINUSE' });
  await first.close();
});
