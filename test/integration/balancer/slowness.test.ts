import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOLD_BASE_MS } from '../../../src/health/machine.ts';
import { GET, RawClient } from '../../support/raw-client.ts';
import { named, type Script, ScriptedServer } from '../../support/scripted-server.ts';
import { balancerConfig, httpCheck, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const HEARTBEAT = {
  check: httpCheck(),
  schedule: { type: 'Fixed' as const, intervalMs: 100 },
};

/** Answers after `milliseconds`; heartbeats at once. */
function late(milliseconds: number): Script {
  return (_request, reply) => {
    setTimeout(() => reply.send('late'), milliseconds);
  };
}

async function askUntil(started: StartedBalancer, done: () => boolean): Promise<void> {
  using client = await RawClient.connect(started.port);
  for (let each = 0; !done(); each++) {
    assert.ok(each < 2_000, 'it never came to that');
    client.heard = '';
    await client.say(GET).hear(/\r\n\r\n(?:good|late)$/);
  }
}

test('a server that is merely slow, its heartbeats quick, gets no new requests for a while', async () => {
  await using slow = await ScriptedServer.start(named('good'));
  await using quick = await ScriptedServer.start(named('good'));
  await using quicker = await ScriptedServer.start(named('good'));
  // Time passes when this test says so, except for what sets the pace.
  let ahead = 0;
  const clock = () => performance.now() + ahead;
  await using started = await startBalancer([slow.port, quick.port, quicker.port], balancerConfig({ heartbeat: HEARTBEAT }), { clock });
  const stateOfSlow = () => started.balancer.endpoints().find(({ endpoint }) => endpoint.port === slow.port)?.state;

  slow.script = late(300);
  await askUntil(started, () => stateOfSlow() === 'Suspect' && slow.requests.length >= 10);
  await until(() => stateOfSlow() === 'Suspect', 'it is suspected');
  const before = slow.requests.length;
  const others = quick.requests.length + quicker.requests.length;
  await askUntil(started, () => quick.requests.length + quicker.requests.length >= others + 60);
  assert.equal(slow.requests.length, before, 'new requests go elsewhere');
  assert.deepEqual(started.balancer.report().failovers, [], 'and it was not put out');

  slow.script = named('good');
  ahead += HOLD_BASE_MS;
  await askUntil(started, () => slow.requests.length > before + 20);
});

test('where all are slow alike, nobody is suspected of it', async () => {
  await using a = await ScriptedServer.start(late(100));
  await using b = await ScriptedServer.start(late(120));
  await using started = await startBalancer([a.port, b.port], balancerConfig({ heartbeat: HEARTBEAT }));
  await askUntil(started, () => a.requests.length + b.requests.length >= 30);
  assert.deepEqual([a.requests.length, b.requests.length], [15, 15]);
});
