/** Servers to which no connection can be made, and that refuse none: what `failover.connectTimeout` is for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BalancerConfig, ListenerConfig } from '../../../src/model/config.ts';
import { FullServer } from '../../support/full-server.ts';
import { ask, GET, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';

const POST_AND_CLOSE = 'POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: 3\r\n\r\nx=1';

/** The heartbeats, on a port of their own, are answered: what is seen is the requests' own doing. */
const seenByRequests = (heartbeats: ScriptedServer, protocol: ListenerConfig['protocol'] = 'HTTP'): BalancerConfig =>
  balancerConfig({
    listeners: [{ protocol }],
    heartbeat: { check: { type: 'TCP', port: heartbeats.port } },
    failover: { connectTimeoutMs: 200 },
  });

const retries = ({ balancer }: StartedBalancer) =>
  Number(/^evenkeel_retries_total\{listener="http"\} (\d+)$/m.exec(balancer.metrics())?.[1]);

for (const request of [GET_AND_CLOSE, POST_AND_CLOSE]) {
  const method = request.split(' ')[0];

  test(`${method}: the only server cannot be reached in time: 504`, async () => {
    await using full = await FullServer.start();
    await using heartbeats = await ScriptedServer.start(named('heartbeats'));
    await using started = await startBalancer([full.port], seenByRequests(heartbeats));
    assert.match(await ask(started.port, request), /^HTTP\/1\.1 504 [\s\S]*the server could not be reached in time/);
    assert.deepEqual(failures(started), { ConnectTimeout: 1 });
    assert.equal(retries(started), 0);
  });

  test(`${method}: a server cannot be reached in time: another one answers`, async () => {
    await using full = await FullServer.start();
    await using alive = await ScriptedServer.start(named('alive'));
    await using heartbeats = await ScriptedServer.start(named('heartbeats'));
    await using started = await startBalancer([full.port, alive.port], seenByRequests(heartbeats));
    for (const answer of await Promise.all([ask(started.port, request), ask(started.port, request)])) {
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*alive$/);
    }
    assert.equal(alive.requests.length, 2);
    assert.equal(retries(started), 1, 'one of the two had to move');
    assert.deepEqual(failures(started), {});
  });
}

test('TCP: the only server cannot be reached in time: the connection is cut', async () => {
  await using full = await FullServer.start();
  await using heartbeats = await ScriptedServer.start(named('heartbeats'));
  await using started = await startBalancer([full.port], seenByRequests(heartbeats, 'TCP'));
  using client = await RawClient.connect(started.port);
  assert.equal(await client.all(), '');
  assert.equal(client.ended, 'reset');
  assert.deepEqual(failures(started), { ConnectTimeout: 1 });
  assert.equal(retries(started), 0);
});

test('TCP: a server cannot be reached in time: the connection goes to another one', async () => {
  await using full = await FullServer.start();
  await using alive = await ScriptedServer.start(named('alive'));
  await using heartbeats = await ScriptedServer.start(named('heartbeats'));
  await using started = await startBalancer([full.port, alive.port], seenByRequests(heartbeats, 'TCP'));
  using one = await RawClient.connect(started.port);
  using two = await RawClient.connect(started.port);
  await Promise.all([one.say(GET).hear(/alive$/), two.say(GET).hear(/alive$/)]);
  assert.equal(retries(started), 1, 'one of the two had to move');
  assert.deepEqual(failures(started), {});
});
