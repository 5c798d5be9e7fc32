import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, GET, GET_AND_CLOSE, POST, RawClient } from '../../support/raw-client.ts';
import { named, type Reply, ScriptedServer } from '../../support/scripted-server.ts';
import { backendConfig, balancerConfig, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

async function count(times: number, request: () => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let each = 0; each < times; each++) {
    const name = (await request()).split('\r\n\r\n')[1] ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('a change of strategy, weights, heartbeat and servers drops no connection, and takes effect', async () => {
  await using a = await ScriptedServer.start(named('a'));
  await using b = await ScriptedServer.start(named('b'));
  await using started = await startBalancer([a.port]);
  const { balancer, port } = started;
  using client = await RawClient.connect(port);
  await client.say(GET).hear(/a$/);
  balancer.applyConfig(
    balancerConfig({
      generation: 2,
      strategy: 'WeightedRoundRobin',
      heartbeat: { schedule: { type: 'Budget', checksPerSecond: 100, minIntervalMs: 100, maxIntervalMs: 1_000 } },
      backends: [backendConfig({ weight: 9 }), backendConfig({ name: 'canary', weight: 1 })],
    }),
  );
  balancer.applyEndpoints([endpointAt(a.port), endpointAt(b.port, { backend: 'canary' })], false);
  const counts = await count(20, async () => {
    client.heard = '';
    await client.say(GET).hear(/[ab]$/);
    return client.heard;
  });
  assert.deepEqual(counts, { a: 18, b: 2 });
  await until(() => started.report()?.appliedGeneration === 2, 'the new generation is reported');
  assert.equal(a.bytes.length, 1, 'the connection to the server was kept too');
});

test('an endpoint that is taken out finishes what it has, and gets nothing new', async () => {
  let held: Reply | undefined;
  await using old = await ScriptedServer.start((_request, reply) => {
    held = reply;
  });
  await using next = await ScriptedServer.start(named('new'));
  await using started = await startBalancer([old.port]);
  using client = await RawClient.connect(started.port);
  client.say(GET);
  await until(() => held !== undefined, 'the old one has it');
  started.balancer.applyEndpoints([endpointAt(next.port)], false);
  assert.deepEqual(await count(4, () => ask(started.port, GET_AND_CLOSE)), { new: 4 });
  held?.send('late');
  await client.hear(/late$/);
  assert.equal(old.requests.length, 1);
  await until(() => old.connections === 0, 'its connection is closed');
});

test('a draining endpoint finishes what it has; what it still has at the end of its time fails', async () => {
  const held: Reply[] = [];
  await using server = await ScriptedServer.start((_request, reply) => held.push(reply));
  const config = balancerConfig({ failover: { drainTimeoutMs: 200 }, heartbeat: { check: { type: 'TCP', port: server.port } } });
  await using started = await startBalancer([server.port], config);
  using client = await RawClient.connect(started.port);
  using late = await RawClient.connect(started.port);
  client.say(GET);
  late.say(GET);
  await until(() => held.length === 2, 'both have arrived');
  started.balancer.applyEndpoints([endpointAt(server.port, { lifecycle: 'Draining' })], false);
  assert.match(await ask(started.port, GET_AND_CLOSE), /^HTTP\/1\.1 503 /);
  held[0]?.send('in time');
  const isAnswered = (each: RawClient) => each.heard.endsWith('in time');
  await until(() => isAnswered(client) || isAnswered(late), 'the first is answered');
  await (isAnswered(client) ? late : client).hear(/^HTTP\/1\.1 504 /);
});

test('a listener that is added listens, one that is taken out ends, the others go on', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port]);
  const { balancer } = started;
  using kept = await RawClient.connect(started.port);
  await kept.say(GET).hear(/x$/);
  balancer.applyConfig(balancerConfig({ generation: 2, listeners: [{}, { name: 'more' }] }));
  balancer.applyEndpoints([endpointAt(server.port), endpointAt(server.port, { portName: 'more' })], false);
  await balancer.listening();
  const more = balancer.port('more');
  using other = await RawClient.connect(more);
  await other.say(GET).hear(/x$/);
  balancer.applyConfig(balancerConfig({ generation: 3 }));
  await balancer.listening();
  await other.say(GET).hear(/Connection: close\r\n\r\nx$/);
  await assert.rejects(RawClient.connect(more), /ECONNREFUSED/);
  kept.heard = '';
  await kept.say(GET).hear(/x$/);
  assert.doesNotMatch(kept.heard, /Connection: close/);
});

test('a port that is taken is told, in the report too, and the rest goes on', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port]);
  started.balancer.applyConfig(balancerConfig({ generation: 2, listeners: [{}, { name: 'taken', bindPort: server.port }] }));
  await assert.rejects(started.balancer.listening(), /EADDRINUSE/);
  await until(() => /EADDRINUSE/.test(started.report()?.configError ?? ''), 'it is reported');
  assert.match(await ask(started.port, GET_AND_CLOSE), /x$/);
});

test('a configuration that cannot be read leaves the last good one in force, and is reported', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port]);
  started.balancer.rejectConfig('formatVersion 9 is not known');
  await until(() => started.report()?.configError === 'formatVersion 9 is not known', 'it is reported');
  assert.equal(started.report()?.appliedGeneration, 1);
  assert.match(await ask(started.port, GET_AND_CLOSE), /x$/);
});

test('while endpoints are stale, one that failed is not taken back because something answers at its address', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using other = await ScriptedServer.start(named('y'));
  const config = balancerConfig({
    heartbeat: {
      check: httpCheck(),
      schedule: { type: 'Fixed', intervalMs: 50 },
      timeoutMs: 50,
    },
  });
  await using started = await startBalancer([server.port, other.port], config);
  const endpoints = [endpointAt(server.port), endpointAt(other.port)];
  const state = () => started.balancer.endpoints().find(({ endpoint }) => endpoint.port === server.port)?.state;
  server.silent = true;
  await until(() => state() === 'Unhealthy', 'it is out');
  started.balancer.applyEndpoints(endpoints, true);
  server.silent = false;
  await until(() => started.report()?.endpointsStale === true, 'staleness is reported');
  assert.equal(await stays(() => state() === 'Unhealthy', 500), true);
  started.balancer.applyEndpoints(endpoints, false);
  await until(() => state() === 'Healthy', 'it is back');
});

/** Whether `condition` holds all the time for `ms`. */
async function stays(condition: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if (!condition()) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  return true;
}

function refuses(port: number): Promise<boolean> {
  const opened = RawClient.connect(port);
  return opened.then(
    (client) => {
      client.socket.destroy();
      return false;
    },
    () => true,
  );
}

test('going down: unready, every request answered with Connection: close, what is under way finished, then no port', async () => {
  let held: Reply | undefined;
  await using server = await ScriptedServer.start((request, reply) => {
    if (request.target === '/slow') held = reply;
    else reply.send('x');
  });
  const started = await startBalancer([server.port], balancerConfig(), { adminPort: 0, drainDelayMs: 200 });
  const { balancer, port } = started;
  using client = await RawClient.connect(port);
  using slow = await RawClient.connect(port);
  await client.say(GET).hear(/x$/);
  slow.say('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => held !== undefined, 'the slow one is under way');
  assert.match(await ask(balancer.adminPort, 'GET /readyz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  const down = balancer.drain(10_000);
  assert.match(await ask(balancer.adminPort, 'GET /readyz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 503 [\s\S]*going down/);
  client.heard = '';
  await client.say(GET).hear(/Connection: close\r\n\r\nx$/);
  assert.match(await ask(port, GET_AND_CLOSE), /x$/, 'new connections are still taken');
  await until(() => refuses(port), 'the port is closed');
  held?.send('at last');
  await slow.hear(/Connection: close\r\n\r\nat last$/);
  await down;
  await assert.rejects(RawClient.connect(balancer.adminPort || port), /ECONNREFUSED/);
});

test('going down ends after its grace, whatever is still under way', async () => {
  await using server = await ScriptedServer.start(() => {});
  const started = await startBalancer([server.port]);
  using client = await RawClient.connect(started.port);
  client.say(GET);
  await until(() => server.requests.length === 1, 'it is under way');
  await started.balancer.drain(100);
  await client.all();
});

test('the admin port shows health, readiness and metrics, and changes nothing', async () => {
  await using server = await ScriptedServer.start(named('x'));
  await using started = await startBalancer([server.port], balancerConfig(), { adminPort: 0 });
  const { adminPort } = started.balancer;
  await ask(started.port, GET_AND_CLOSE);
  const page = (target: string, method = 'GET') => ask(adminPort, `${method} ${target} HTTP/1.0\r\n\r\n`);
  assert.match(await page('/healthz'), /^HTTP\/1\.1 200 /);
  assert.match(await page('/readyz'), /^HTTP\/1\.1 200 /);
  assert.match(await page('/metrics'), /^evenkeel_requests_total\{listener="http",class="2xx"\} 1$/m);
  assert.match(await page('/metrics'), /^evenkeel_endpoints\{backend="fixed",state="Healthy"\} 1$/m);
  assert.match(await page('/nothing'), /^HTTP\/1\.1 404 /);
  assert.match(await page('/metrics', 'POST'), /^HTTP\/1\.1 405 /);
});

test('the access log and the response header tell endpoint and attempts, where they are asked for', async () => {
  const lines: string[] = [];
  const { PassThrough } = await import('node:stream');
  const accessLogStream = new PassThrough();
  accessLogStream.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  await using server = await ScriptedServer.start(named('x'));
  const config = balancerConfig({ telemetry: { accessLog: 'JSON', responseHeader: 'X-Served-By' } });
  await using started = await startBalancer([server.port], config, { accessLogStream });
  assert.match(await ask(started.port, GET_AND_CLOSE), new RegExp(`\r\nX-Served-By: 127.0.0.1:${server.port}; attempts=1\r\n`));
  await until(() => lines.length === 1, 'the line has come');
  const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(entry.status, 200);
  assert.equal(entry.endpoint, `127.0.0.1:${server.port}`);
  assert.equal(entry.attempts, 1);
});

test("in an answer of the balancer's own the response header tells whose failure it is, and why", async () => {
  await using breaking = await ScriptedServer.start((_request, reply) => reply.reset());
  const config = balancerConfig({ telemetry: { accessLog: 'None', responseHeader: 'X-Served-By' } });
  await using started = await startBalancer([breaking.port], config);
  const post = POST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const expected = `\r\nX-Served-By: 127.0.0.1:${breaking.port}; attempts=1; failure=Broken\r\n`;
  assert.match(await ask(started.port, post), new RegExp(`^HTTP/1\\.1 502 [\\s\\S]*${expected}`));
  started.balancer.applyEndpoints([], false);
  assert.match(await ask(started.port, post), /^HTTP\/1\.1 503 [\s\S]*\r\nX-Served-By: -; attempts=0; failure=NoServer\r\n/);
});

test('another pod at an address that was out is a new server: it is healthy until it is known not to be, and the other has left', async () => {
  await using silent = await ScriptedServer.start(named('silent'));
  await using good = await ScriptedServer.start(named('good'));
  silent.silent = true;
  const heartbeat = { check: httpCheck({ path: '/healthz' }), schedule: { type: 'Fixed' as const, intervalMs: 100 } };
  await using started = await startBalancer([], balancerConfig({ heartbeat }));
  const { balancer } = started;
  balancer.applyEndpoints([endpointAt(silent.port, { podName: 'shop-1' }), endpointAt(good.port, { podName: 'shop-2' })], false);
  const state = () => balancer.endpoints().find(({ endpoint }) => endpoint.port === silent.port)?.state;
  await until(() => state() === 'Unhealthy', 'it is out');
  balancer.applyEndpoints([endpointAt(silent.port, { podName: 'shop-3' }), endpointAt(good.port, { podName: 'shop-2' })], false);
  assert.equal(state(), 'Healthy');
  const [outage] = balancer.report().failovers;
  assert.deepEqual([outage?.podName, outage?.removed, outage?.outMilliseconds], ['shop-1', true, null]);
  await until(() => state() === 'Unhealthy', 'the new one is checked too');
  assert.equal(balancer.report().failovers[0]?.podName, 'shop-3');
});

test('a server that leaves while it is out has not recovered; when it comes back, it has', async () => {
  await using silent = await ScriptedServer.start(named('silent'));
  await using good = await ScriptedServer.start(named('good'));
  silent.silent = true;
  const heartbeat = { check: httpCheck({ path: '/healthz' }), schedule: { type: 'Fixed' as const, intervalMs: 100 } };
  await using started = await startBalancer([silent.port, good.port], balancerConfig({ heartbeat }));
  const { balancer } = started;
  const outage = () => balancer.report().failovers[0];
  await until(() => outage() !== undefined, 'it is out');
  // As a pod that is no longer ready.
  balancer.applyEndpoints([endpointAt(good.port)], false);
  assert.deepEqual([outage()?.removed, outage()?.outMilliseconds], [true, null]);
  silent.silent = false;
  balancer.applyEndpoints([endpointAt(silent.port), endpointAt(good.port)], false);
  assert.equal(outage()?.removed, false);
  assert.equal(typeof outage()?.outMilliseconds, 'number');
});
