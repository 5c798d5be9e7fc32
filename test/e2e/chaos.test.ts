import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, type TestContext } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import { SERVICE_LABEL } from '../../src/api/v1alpha1/labels.ts';
import { seeded } from '../unit/balancing/fixtures.ts';
import { api, kubectl } from './support/api.ts';
import { killApiServer } from './support/api-server.ts';
import { operatorNamespace } from './support/install.ts';
import type { LoadResult } from './support/load-agent.ts';
import { helloBackend, resource } from './support/manifests.ts';
import { isReady, type Pod, podsOf } from './support/objects.ts';
import { processesOutOfReach, signal } from './support/processes.ts';
import { pause, waitFor } from './support/wait.ts';
import { KUBE_PROXY_MS, rate, useWorld } from './support/world.ts';

const SECONDS = Number(process.env.EVENKEEL_CHAOS_SECONDS ?? 45);
const SEED = Number(process.env.EVENKEEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SERVERS = 3;
const BALANCERS = 2;
const OPERATORS = 2;
/** The controllers try what failed while the API server was away again later and later (seen: after two minutes). */
const CONTROLLERS_MS = 300_000;
/** Between the end of a container and that of its pod. */
const CONTAINER_END_MS = 3_000;
/** How a connection ends that a killed process held, or that nobody takes any more. What a balancer answers is never one of these. */
const BROKEN = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'Cut'];

/** From the death of a balancer until no Service leads to it any more. */
interface Excuse {
  readonly from: number;
  readonly until: number;
}

suite('chaos', { skip: processesOutOfReach }, () => {
  const world = useWorld('chaos');
  const name = 'shop';
  const random = seeded(SEED);
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const excuses: Excuse[] = [];

  const operators = () => podsOf(operatorNamespace, { 'app.kubernetes.io/component': 'operator' });

  /** All there are, ready: so that whichever is hit next, another one is left. */
  async function whole(): Promise<void> {
    await waitFor(
      'all servers and balancers to be ready, and in the Service',
      async () => {
        const [servers, balancers, inService] = [await world.servers(name), await world.balancers(name), await world.inService(name)];
        const ips = balancers.map(({ status }) => status.podIP);
        if ((await operators()).filter(isReady).length !== OPERATORS) return false;
        const complete = servers.length === SERVERS && balancers.length === BALANCERS && [...servers, ...balancers].every(isReady);
        return complete && ips.every((ip) => ip !== undefined && inService.includes(ip));
      },
      { timeoutMs: CONTROLLERS_MS },
    );
    await world.settled(name, 120_000);
  }

  /** The kubelet waits longer and longer before it starts a container again: one that it would let wait is replaced. */
  async function refresh(pod: Pod): Promise<void> {
    await kubectl(['delete', 'pod', pod.metadata.name, '-n', pod.metadata.namespace ?? '', '--wait=true', '--ignore-not-found']);
  }

  /** A balancer that ends in order costs nothing, unless the Service leads to it still: after an API server's end controllers and kube-proxy may be late. */
  async function refreshBalancer(pod: Pod): Promise<void> {
    await refresh(pod);
    const from = Date.now() - CONTAINER_END_MS;
    const ip = pod.status.podIP ?? '';
    const inService = async () => kubeProxyLeadsTo(ip) || (await world.inService(name)).includes(ip);
    if (!(await inService())) return;
    await waitFor('it to be out of the Service', async () => !(await inService()), { timeoutMs: CONTROLLERS_MS });
    excuses.push({ from, until: Date.now() + KUBE_PROXY_MS });
  }

  const actions: Record<string, () => Promise<void>> = {
    'kill a server': async () => {
      const victim = oneOf(await world.servers(name));
      signal('SIGKILL', victim);
      await world.restarted(victim);
      await refresh(victim);
    },
    'freeze a server for two seconds': async () => {
      const victim = oneOf(await world.servers(name));
      signal('SIGSTOP', victim);
      await pause(2_000);
      signal('SIGCONT', victim);
    },
    'delete a server': async () => refresh(oneOf(await world.servers(name))),
    'kill a balancer': async () => {
      const victim = oneOf(await world.balancers(name));
      const from = Date.now();
      signal('SIGKILL', victim);
      await world.outOfService(name, victim, CONTROLLERS_MS);
      excuses.push({ from, until: Date.now() + KUBE_PROXY_MS });
      await world.restarted(victim);
      await refreshBalancer(victim);
    },
    'delete a balancer': async () => refreshBalancer(oneOf(await world.balancers(name))),
    'kill an operator': async () => {
      const victim = oneOf(await operators());
      signal('SIGKILL', victim);
      await refresh(victim);
    },
    'kill both operators': async () => {
      const both = await operators();
      signal('SIGKILL', ...both);
      await Promise.all(both.map(refresh));
    },
    'kill the API server, for some seconds': async () => {
      const startAgain = await killApiServer();
      await pause(1_000 + random() * 7_000);
      startAgain();
      await waitFor('it to be back', async () => (await api.request('GET', '/readyz')).status === 200, { timeoutMs: 60_000 });
    },
    'kill the API server and a server': async () => {
      const victim = oneOf(await world.servers(name));
      const startAgain = await killApiServer();
      signal('SIGKILL', victim);
      await pause(2_000 + random() * 4_000);
      startAgain();
      await waitFor('it to be back', async () => (await api.request('GET', '/readyz')).status === 200, { timeoutMs: 60_000 });
      await world.restarted(victim);
      await refresh(victim);
    },
    'change the strategy': async () => {
      await world.patch(name, { strategy: { type: oneOf(['RoundRobin', 'Random', 'WeightedRoundRobin'] as const) } });
    },
  };

  /** In turns, each of them in random order, until the time is over. */
  async function rage(context: TestContext): Promise<number> {
    const until = Date.now() + SECONDS * 1_000;
    let turn: string[] = [];
    let done = 0;
    while (Date.now() < until) {
      if (turn.length === 0) turn = shuffled(Object.keys(actions), random);
      const next = turn.pop() ?? '';
      const since = Date.now();
      await actions[next]?.();
      await whole();
      context.diagnostic(`${next}: all there again after ${((Date.now() - since) / 1000).toFixed(1)} s`);
      done++;
      await pause(random() * 1_000);
    }
    return done;
  }

  world.test(
    `for ${SECONDS} s, under load: no GET fails that a dead balancer did not hold`,
    { timeout: (SECONDS + 800) * 1_000 },
    async (context) => {
      context.diagnostic(`seed ${SEED}; the same again: EVENKEEL_SEED=${SEED} EVENKEEL_CHAOS_SECONDS=${SECONDS}`);
      await world.apply(resource(name, { backends: [helloBackend('web', SERVERS, {}, ['--linger', '2s'])] }));
      await world.settled(name);
      await whole();
      const before = await everything();
      const [kept, fresh] = [
        await world.load(name, { pace: { type: 'Open', rate }, maxFailures: 100_000 }),
        await world.load(name, { pace: { type: 'Open', rate: rate / 10 }, connections: 'New', maxFailures: 100_000 }),
      ];
      const done = await rage(context);
      const results = { kept: await kept.stop(), fresh: await fresh.stop() };
      await world.patch(name, { strategy: { type: 'RoundRobin' } });
      await whole();

      for (const [connections, { sent, outcomes, latency }] of Object.entries(results)) {
        context.diagnostic(
          `${connections} connections: ${sent} GETs, ${JSON.stringify(outcomes)}, p99 ${latency.p99} ms, slowest ${latency.max} ms`,
        );
      }
      const failures = Object.values(results).flatMap((result) => result.failures);
      const unexcused = failures.filter((failure) => !isExcused(failure));
      context.diagnostic(`${done} faults; ${failures.length} GETs failed, ${unexcused.length} of them without a dead balancer`);
      assert.deepEqual(unexcused.slice(0, 20), []);
      assert.equal(
        failures.length,
        Object.values(results).reduce((sum, { failed }) => sum + failed, 0),
        'each failure is looked at',
      );
      assert.deepEqual(await everything(), before, 'the end state is the desired one, of the same objects');
    },
  );

  /** It ended broken, not with a wrong answer, and between a balancer's death and the moment when nothing leads there any more. */
  function isExcused({ at, outcome, latencyMs }: LoadResult['failures'][number]): boolean {
    return BROKEN.includes(outcome) && excuses.some(({ from, until }) => at + latencyMs >= from && at <= until);
  }

  /** What there is of the resource: which objects, and what they ask for. */
  async function everything(): Promise<Record<string, unknown>> {
    const groups = ['api/v1', 'apis/apps/v1', 'apis/policy/v1', 'apis/networking.k8s.io/v1', 'apis/rbac.authorization.k8s.io/v1'];
    const plurals = [
      ['services', 'configmaps', 'serviceaccounts'],
      ['deployments'],
      ['poddisruptionbudgets'],
      ['networkpolicies'],
      ['roles', 'rolebindings'],
    ];
    const found: Record<string, unknown> = {};
    for (const [index, group] of groups.entries()) {
      for (const plural of plurals[index] ?? []) {
        const path = `/${group}/namespaces/${world.namespace}/${plural}?labelSelector=${encodeURIComponent(`${SERVICE_LABEL}=${name}`)}`;
        for (const object of await api.list<Stored>(path)) found[`${plural}/${object.metadata?.name}`] = essence(object);
      }
    }
    return found;
  }
});

/** By the rules of the node, where they are the project's own cluster's: kube-proxy lists again later than the API server is back. */
function kubeProxyLeadsTo(ip: string): boolean {
  const { stdout } = spawnSync('iptables-save', ['-t', 'nat'], { encoding: 'utf8', maxBuffer: 67_108_864 });
  return (stdout ?? '').includes(`--to-destination ${ip}:`);
}

interface Stored extends KubeObject {
  readonly status?: unknown;
}

/** Without bookkeeping, and without the number of the generation, which grows with each change of the spec. */
function essence({ metadata = {}, status: _status, ...content }: Stored): string {
  const { uid, labels, ownerReferences } = metadata;
  return JSON.stringify({ ...content, uid, labels, ownerReferences }).replace(/\\"generation\\": \d+/g, 'GENERATION');
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
