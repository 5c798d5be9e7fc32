import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SteadyLoad } from '../../../src/local/steady-load.ts';
import { until } from '../../support/until.ts';

test('it counts what is answered, and what fails in any way', async () => {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    if (count === 5) response.writeHead(503).end();
    else if (count === 6) response.destroy();
    else if (count === 7) response.writeHead(200, { 'content-length': 10 }).write('half');
    else response.end('whole');
    if (count === 7) setImmediate(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const load = new SteadyLoad({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, perSecond: 500, timeoutMs: 10_000 });
  await until(() => load.counts.sent >= 20, 'twenty requests');
  await load.stop();
  const { sent, answered, failed, lastFailure } = load.counts;
  assert.equal(failed, 3, lastFailure);
  assert.equal(answered, sent - 3);
  assert.notEqual(lastFailure, '');
  server.close();
});

test('a request that is never answered has failed when the client’s patience ends', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const load = new SteadyLoad({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, perSecond: 100, timeoutMs: 50 });
  await until(() => load.counts.failed > 0, 'a failure');
  await load.stop();
  assert.equal(load.counts.answered, 0);
  server.close();
  server.closeAllConnections();
});
