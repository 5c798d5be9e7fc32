import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { after, before, suite } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { Resources } from '../../../src/kube/resources.ts';
import { isWatch, type Reaction } from '../../support/fault-proxy.ts';
import { Load } from '../../support/load.ts';
import { seeded } from '../../unit/balancing/fixtures.ts';
import { applyResource, client, get, resourceIn } from '../controllers/bench.ts';
import { quickHeartbeat } from '../support/manifests.ts';
import { pause, waitFor } from '../support/wait.ts';
import { onStage } from './scenario.ts';
import { install, newToken, type Stage, startProxy } from './stage.ts';
import { BALANCER_PORT, startBalancer } from './traffic.ts';

const MANAGER = { fieldManager: 'test' };
const FULL = process.env.EVENKEEL_FULL === '1';
const SEED = Number(process.env.EVENKEEL_SEED ?? 4711);
/** Of this machine, in the network namespace of the test cluster; no loopback address may be in an EndpointSlice. */
const ADDRESSES = ['10.201.0.1', '10.201.0.2', '10.201.0.3'];
const SERVER_PORT = 18080;
/** A balancer calls what it knows stale after 10 s. */
const AWAY_MS = 13_000;
const TROUBLE_MS = 4_000;
/** A server that left unseen may be asked until it is known to be gone. */
const KNOWN_MS = FULL ? 200_000 : 60_000;

suite('a balancer behind an API server that fails', { timeout: 600_000 }, () => {
  before(async () => {
    for (const address of ADDRESSES) execFileSync('ip', ['addr', 'add', `${address}/32`, 'dev', 'lo']);
    await install();
  });
  after(() => {
    for (const address of ADDRESSES) execFileSync('ip', ['addr', 'del', `${address}/32`, 'dev', 'lo']);
    client.close();
  });

  onStage('servers come and go, and no GET fails', async (stage, context) => {
    const proxy = await startProxy();
    const servers = ADDRESSES.map((address) => new CountingServer(address));
    await Promise.all(servers.map((server) => server.listen()));
    await setUp(stage, servers.slice(0, 2));
    const { namespace } = stage;
    const token = await newToken(namespace, 'shop--balancer');
    const balancer = await startBalancer({ namespace, port: proxy.port, ca: proxy.ca, token }, '127.0.0.1');
    const load = new Load(BALANCER_PORT, 'GET', 2);

    /** While the fault goes on one server dies, and its successor is there; afterwards the successor is asked. */
    const during = async (name: string, fault: () => Promise<void>): Promise<void> => {
      const [goes, stays, comes] = turn(servers);
      await follow(stage, [goes, stays]);
      await waitFor(`${name}: both to be asked`, asked(goes, stays), { timeoutMs: KNOWN_MS });
      const answered = load.statuses.length;
      const change = async () => {
        await follow(stage, [stays, comes]);
        goes.close();
      };
      const going = fault();
      await change();
      await going;
      await waitFor(`${name}: the new server to be asked`, asked(comes, stays), { timeoutMs: KNOWN_MS });
      await goes.listen();
      assert.deepEqual(load.failures, [], name);
      context.diagnostic(`${name}: ${load.statuses.length - answered} GETs, none failed`);
    };
    const random = seeded(SEED);
    const halfOf = (reaction: Reaction) => async () => {
      const end = proxy.addFault(() => (random() < 0.5 ? reaction : null));
      proxy.endWatches('cut');
      await pause(TROUBLE_MS);
      end();
    };

    try {
      await during('nothing', async () => {});
      await during('the API server is away', async () => {
        await proxy.goAway();
        await pause(AWAY_MS);
        assert.ok(balancer.log.some((line) => line.includes('the API server is away')));
        await proxy.comeBack();
      });
      await during('half of the requests: 500', halfOf({ type: 'Answer', code: 500, reason: 'InternalError' }));
      await during(
        'half of the requests: 429',
        halfOf({ type: 'Answer', code: 429, reason: 'TooManyRequests', headers: { 'retry-after': '1' } }),
      );
      await during('half of the requests: cut', halfOf({ type: 'CutAnswer' }));
      await during('watches are closed every second', async () => {
        const closing = setInterval(() => proxy.endWatches(), 1_000);
        await pause(TROUBLE_MS);
        clearInterval(closing);
      });
      await during('watches are refused as expired', async () => {
        const end = proxy.addFault((passage) => (isWatch(passage) ? { type: 'Answer', code: 410, reason: 'Expired' } : null));
        proxy.endWatches();
        await pause(TROUBLE_MS);
        end();
      });
      await during('the token and the authority are rotated', async () => {
        const fresh = await newToken(stage.namespace, 'shop--balancer');
        proxy.addFault(({ authorization }) =>
          authorization === `Bearer ${fresh}` ? null : { type: 'Answer', code: 401, reason: 'Unauthorized' },
        );
        const authority = proxy.renewCertificate();
        await proxy.goAway();
        await proxy.comeBack();
        await pause(TROUBLE_MS);
        balancer.setAuthority(authority);
        balancer.setToken(fresh);
      });
      // For the 150 s that a balancer has patience with it.
      if (FULL) {
        await waitFor('its watches', () => proxy.openWatches === 2);
        await during('watches fall silent', async () => assert.equal(proxy.silenceWatches(), 2));
      }
    } finally {
      await load.stop();
      await balancer.end();
      for (const server of servers) server.close();
      await proxy.stop();
    }
    assert.deepEqual(load.failures, []);
  });
});

/** Answers after 10 ms, so that a load is a load and no storm. */
class CountingServer {
  readonly address: string;
  requests = 0;
  #server: Server | null = null;

  constructor(address: string) {
    this.address = address;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      if (request.url !== '/healthz') this.requests++;
      setTimeout(() => response.end('hello'), 10);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(SERVER_PORT, this.address, resolve));
  }

  /** As a process that is killed. */
  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = null;
  }
}

/** Each of these has been asked anew since. */
function asked(...servers: readonly CountingServer[]): () => boolean {
  const before = servers.map(({ requests }) => requests);
  return () => servers.every(({ requests }, index) => requests > (before[index] ?? 0) + 3);
}

/** The first three in their order; the next call begins with the second. */
function turn(servers: CountingServer[]): [CountingServer, CountingServer, CountingServer] {
  const first = servers.shift();
  if (first !== undefined) servers.push(first);
  const [second, third] = servers;
  if (first === undefined || second === undefined || third === undefined) throw new Error('there have to be three servers');
  return [first, second, third];
}

async function setUp(stage: Stage, servers: readonly CountingServer[]): Promise<void> {
  await stage.startOperator();
  const metadata = { name: 'legacy', namespace: stage.namespace };
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None', ports: [{ port: SERVER_PORT }] } };
  await client.create<KubeObject>(service, MANAGER);
  await follow(stage, servers);
  const backend = { name: 'legacy', type: 'Service' as const, ports: [{ port: SERVER_PORT }], serviceRef: { name: 'legacy' } };
  await applyResource(resourceIn(stage.namespace, { backends: [backend], heartbeat: quickHeartbeat }));
  await waitFor('the configuration', async () => (await get(Resources.ConfigMap, stage.namespace, 'shop--balancer')) !== null);
}

/** The Service leads to these. */
async function follow(stage: Stage, servers: readonly CountingServer[]): Promise<void> {
  const metadata = { name: 'legacy-1', namespace: stage.namespace, labels: { 'kubernetes.io/service-name': 'legacy' } };
  const endpoints = servers.map(({ address }) => ({ addresses: [address], conditions: { ready: true } }));
  const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints };
  await client.apply<KubeObject>({ ...slice, ports: [{ port: SERVER_PORT }] } as KubeObject, { ...MANAGER, force: true });
}
