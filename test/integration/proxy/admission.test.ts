/** Requests that come at once go to servers a few at a time, and yet none waits for another one's answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HoldingServer } from '../../support/holding-server.ts';
import { RawClient } from '../../support/raw-client.ts';
import { balancerConfig, failures, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

/** More than may be without an answer before others have to wait for their turn. */
const CROWD = 300;

let server: HoldingServer;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
const crowd: RawClient[] = [];

before(async () => {
  server = await HoldingServer.start();
  balancer = await startBalancer([server.port], balancerConfig({}));
  for (let each = 0; each < CROWD; each++) crowd.push(await RawClient.connect(balancer.port));
});

after(async () => {
  for (const client of crowd) client[Symbol.dispose]();
  await balancer[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a server that answers nobody has all of them, though they came at once', async () => {
  for (const [each, client] of crowd.entries()) client.say(`GET /${each} HTTP/1.1\r\nHost: shop\r\n\r\n`);
  await until(() => server.held.length === CROWD, 'the server holds all');
});

test('a client is served that ends its half while its turn has not come', async () => {
  const before: RawClient[] = [];
  for (let each = 0; each < CROWD; each++) before.push(await RawClient.connect(balancer.port));
  using client = await RawClient.connect(balancer.port);
  for (const each of before) each.say('GET /before HTTP/1.1\r\nHost: shop\r\n\r\n');
  client.say('GET /half HTTP/1.1\r\nHost: shop\r\n\r\n').socket.end();
  await until(() => server.held.length === 2 * CROWD + 1, 'the server holds it, too');
  assert.equal(server.held.at(-1)?.target, '/half');
  server.held.pop()?.reply.send('whole');
  await client.hear(/whole$/);
  for (const { target, reply } of server.held.splice(CROWD)) reply.send(target);
  for (const each of before) await each.hear(/before$/);
  for (const each of before) each[Symbol.dispose]();
});

test('and the whole body of a request goes with it', async () => {
  using client = await RawClient.connect(balancer.port);
  const body = 'x'.repeat(300_000);
  client.say(`POST /body HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await until(() => server.held.length === CROWD + 1, 'the server holds it, too');
  const last = server.held.pop();
  assert.equal(last?.target, '/body');
  assert.equal(server.requests.at(-1)?.body.length, body.length);
  last.reply.send('taken');
  await client.hear(/taken$/);
});

test('each gets its own answer', async () => {
  while (server.held.length > 0) server.answer();
  await Promise.all(crowd.map((client, each) => client.hear(new RegExp(`/${each}$`))));
  assert.deepEqual(failures(balancer), {});
});
