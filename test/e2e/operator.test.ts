import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { fetchInside } from './support/agent.ts';
import { kubectl } from './support/api.ts';
import { ensureInstalled, leader, operatorNamespace } from './support/install.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { isReady, type Pod, podsOf } from './support/objects.ts';
import { processesOutOfReach, signal } from './support/processes.ts';
import { waitFor } from './support/wait.ts';
import { rate, useWorld } from './support/world.ts';

/** The pod of a holder of the Lease, whose name is the pod's, `_`, and an id of the process. */
const podOf = (holder: string) => holder.slice(0, holder.lastIndexOf('_'));

suite('the operator goes, and the service does not notice', () => {
  const world = useWorld('operator');
  const name = 'shop';
  const operators = () => podsOf(operatorNamespace, { 'app.kubernetes.io/component': 'operator' });

  async function leadingPod(): Promise<Pod> {
    await ensureInstalled();
    return waitFor('a pod that leads', async () => {
      const holder = await leader();
      return (await operators()).find(({ metadata }) => holder?.startsWith(metadata.name));
    });
  }

  /** How long it took until another pod led: the former one is started again, and would do so under a name of its own. */
  async function takeover(former: string | null): Promise<number> {
    const since = Date.now();
    await waitFor('another leader', async () => {
      const holder = await leader();
      return holder !== null && podOf(holder) !== podOf(former ?? '');
    });
    return Date.now() - since;
  }

  async function saysThatItLeads({ status }: Pod): Promise<boolean> {
    const { body } = await fetchInside({ host: status.podIP ?? '', port: 8081, path: '/metrics' });
    const [, value] = /^leader_election_master_status\{.*\} ([01])$/m.exec(body) ?? [];
    assert.ok(value !== undefined, body.slice(0, 200));
    return value === '1';
  }

  world.test('a service comes up', { timeout: 120_000 }, async () => {
    await world.apply(resource(name, { backends: [helloBackend('web', 3)] }));
    await world.settled(name);
  });

  world.test(
    'both operators are killed, then a server: it is failed over, and told when an operator is back',
    { skip: processesOutOfReach, timeout: 120_000 },
    async (context) => {
      const load = await world.load(name, { pace: { type: 'Open', rate } });
      const [victim] = (await world.servers(name)).filter(isReady);
      assert.ok(victim);
      signal('SIGKILL', ...(await operators()), victim);
      const failover = await world.failover(name, victim.metadata.name, [], 60_000);
      await world.recovery(name, failover.id);
      const { sent, failed, outcomes } = await load.stop();
      context.diagnostic(`${sent} sent, ${failed} failed; ${failover.reason}, seen after ${failover.detectionMilliseconds} ms`);
      assert.equal(failed, 0, JSON.stringify(outcomes));
      assert.equal((await world.status(name)).failovers, 1);
      const events = (await world.events(name)).filter(({ reason }) => reason === 'Failover');
      assert.equal(events.length, 1, 'one outage is told once');
    },
  );

  world.test('the leader is killed: another leads within 20 s', { skip: processesOutOfReach, timeout: 120_000 }, async (context) => {
    await waitFor('the standby', async () => (await operators()).filter(isReady).length === 2);
    const former = await leadingPod();
    const holder = await leader();
    signal('SIGKILL', former);
    const elapsed = await takeover(holder);
    context.diagnostic(`another leader after ${elapsed} ms`);
    assert.ok(elapsed < 20_000);
  });

  world.test(
    'the leader freezes: another leads within 20 s, and after the thaw there is one',
    { skip: processesOutOfReach, timeout: 120_000 },
    async (context) => {
      const former = await leadingPod();
      const holder = await leader();
      signal('SIGSTOP', former);
      let elapsed: number;
      try {
        elapsed = await takeover(holder);
      } finally {
        signal('SIGCONT', former);
      }
      context.diagnostic(`another leader after ${elapsed} ms`);
      assert.ok(elapsed < 20_000);
      await ensureInstalled();
      await world.patch(name, { strategy: { type: 'Random' } });
      await world.settled(name);
      assert.notEqual(await leader(), holder);
      const leading = await Promise.all(
        (await operators()).map(async (operator) => ((await saysThatItLeads(operator)) ? [operator.metadata.name] : [])),
      );
      assert.deepEqual(leading.flat(), [(await leadingPod()).metadata.name]);
    },
  );

  world.test('the leader is told to end: another leads within 3 s', { timeout: 120_000 }, async (context) => {
    const former = await leadingPod();
    const holder = await leader();
    await kubectl(['delete', 'pod', former.metadata.name, '-n', operatorNamespace, '--wait=false']);
    const elapsed = await takeover(holder);
    context.diagnostic(`another leader after ${elapsed} ms`);
    assert.ok(elapsed < 3000);
  });

  world.test('each operator tells its health and its metrics', async () => {
    await ensureInstalled();
    for (const operator of await operators()) {
      const host = operator.status.podIP ?? '';
      for (const path of ['/healthz', '/readyz']) assert.equal((await fetchInside({ host, port: 8081, path })).outcome, '200', path);
      const { body } = await fetchInside({ host, port: 8081, path: '/metrics' });
      assert.match(body, /^# TYPE evenkeel_\w+ (counter|gauge|histogram)$/m);
    }
  });

  world.test('each line that an operator logs about a resource is JSON and names it', async () => {
    // One that takes over has nothing to say where nothing is to be done; the test before has left Random.
    await world.patch(name, { strategy: { type: 'RoundRobin' } });
    await world.settled(name);
    const logs = await kubectl(['logs', '-n', operatorNamespace, '-l', 'app.kubernetes.io/component=operator', '--tail=-1']);
    const lines = logs
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { resource?: string });
    assert.ok(lines.some(({ resource }) => resource === `${world.namespace}/${name}`));
    // All objects and pods of a service have its name in theirs; other test files have services of that name too.
    const about = lines.filter((line) => JSON.stringify(line).includes(`${name}--`));
    assert.deepEqual(
      about.filter(({ resource }) => !resource?.endsWith(`/${name}`)),
      [],
    );
    assert.ok(about.length > 0);
  });
});
