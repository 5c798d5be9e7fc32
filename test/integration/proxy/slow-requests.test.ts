/** What takes long and is in order: it speaks against no server, however quick everything else is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Load } from '../../support/load.ts';
import { ask, GET_AND_CLOSE, RawClient } from '../../support/raw-client.ts';
import { named, type Script, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, failures, httpCheck, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

/** How often an endpoint came into each state that is none of a healthy one, since the start. */
function troubles({ balancer }: StartedBalancer): string[] {
  return balancer.metrics().match(/^evenkeel_endpoint_transitions_total\{.*"(Suspect|Unhealthy)".*\} [1-9]\d*$/gm) ?? [];
}

function again({ balancer }: StartedBalancer): number {
  const counts = balancer.metrics().matchAll(/^evenkeel_(?:retries|rescues|hedges)_total\{listener="http"\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Enough for a server's usual time to first byte to be known, and for one that owes an answer to be suspected after some 40 ms. */
async function makeQuick(started: StartedBalancer): Promise<void> {
  for (let each = 0; each < 60; each++) await ask(started.port, GET_AND_CLOSE);
}

test('uploads that a client sends slowly: their servers owe nothing, and the time for an answer has not begun', async () => {
  await using one = await ScriptedServer.start(named('one'));
  await using two = await ScriptedServer.start(named('two'));
  await using started = await startBalancer(
    [one.port, two.port],
    balancerConfig({
      // An answer to a heartbeat would be a sign of life.
      heartbeat: { schedule: { type: 'Fixed', intervalMs: 3_600_000 } },
      failover: { responseTimeoutMs: 200 },
    }),
  );
  await makeQuick(started);
  const pieces = 24;
  const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(started.port)));
  for (const client of clients) {
    client.say(`POST /upload HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: ${pieces}\r\n\r\n`);
  }
  // The client's own pace: five times as long as a server may take for an answer.
  for (let piece = 0; piece < pieces; piece++) {
    await delay(45);
    for (const client of clients) client.say('x');
  }
  for (const client of clients) assert.match(await client.all(), /^HTTP\/1\.1 200 /);
  const bodies = [...one.requests, ...two.requests].filter(({ target }) => target === '/upload').map(({ body }) => body);
  assert.deepEqual(
    bodies,
    clients.map(() => 'x'.repeat(pieces)),
  );
  assert.deepEqual(troubles(started), []);
  assert.deepEqual([failures(started), again(started)], [{}, 0]);
});

test('a request that one of three servers takes 10 s for, while all else is quick, is answered, and was run once', async () => {
  const slow: Script = ({ target }, reply) => {
    if (target === '/slow') setTimeout(() => reply.send('slow'), 10_000);
    else reply.send('quick');
  };
  await using one = await ScriptedServer.start(slow);
  await using two = await ScriptedServer.start(slow);
  await using three = await ScriptedServer.start(slow);
  await using started = await startBalancer(
    [one.port, two.port, three.port],
    balancerConfig({ heartbeat: { check: httpCheck(), timeoutMs: 500 } }),
  );
  await makeQuick(started);
  using load = new Load(started.port, 'GET', 4, 5);
  using reader = await RawClient.connect(started.port);
  using writer = await RawClient.connect(started.port);
  reader.say('GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n');
  writer.say('POST /slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nx=1');
  await until(() => reader.heard.endsWith('slow') && writer.heard.endsWith('slow'), 'both are answered', 20_000);
  await load.stop();
  for (const { heard } of [reader, writer]) assert.match(heard, /^HTTP\/1\.1 200 /);
  const ran = [one, two, three].flatMap((server) => server.requests.filter(({ target }) => target === '/slow').map(({ method }) => method));
  assert.deepEqual(ran.toSorted(), ['GET', 'POST']);
  assert.ok(load.statuses.length > 100);
  assert.deepEqual(load.failures, []);
  assert.deepEqual(troubles(started), []);
  assert.deepEqual([failures(started), again(started)], [{}, 0]);
});
