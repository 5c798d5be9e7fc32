/**
 * One balancer with 5,000 servers (Linux answers on all of 127.0.0.0/8) under heartbeats of 200 a second: how late its event loop is, alone,
 * under traffic, while EndpointSlices change, while metrics are scraped, and when servers die. `node balancer.ts`; BALANCER_ENDPOINTS and
 * SECONDS set the sizes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Balancer } from '../../src/balancer/balancer.ts';
import { EndpointResolver, type EndpointSlice, SERVICE_NAME_LABEL } from '../../src/kube/endpoint-slices.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import { backendConfig, balancerConfig, httpCheck, startBalancer } from '../support/start-balancer.ts';
import { Report } from './report.ts';

const ENDPOINTS = Number(process.env.BALANCER_ENDPOINTS ?? 5_000);
const SECONDS = Number(process.env.SECONDS ?? 10);
const PER_SLICE = 100;
/** Servers that die together. */
const VICTIMS = Math.min(300, Math.floor(ENDPOINTS / 4));
const REQUESTS_PER_SECOND = 500;

const report = new Report();
const children: ChildProcess[] = [];

function config(): BalancerConfig {
  return balancerConfig({
    backends: [
      backendConfig({ source: { type: 'EndpointSlices', service: 'shop', serverWeight: 1, ports: [{ listener: 'http', port: 'http' }] } }),
    ],
    heartbeat: {
      check: httpCheck(),
      schedule: { type: 'Budget', checksPerSecond: 200, minIntervalMs: 50, maxIntervalMs: 3_600_000 },
      timeoutMs: 1_000,
    },
  });
}

/** As the EndpointSlice controller makes them. The last VICTIMS servers listen on a port of their own, so that they can die. */
function slices(port: number, victimPort: number): EndpointSlice[] {
  const slice = (name: string, from: number, to: number, at: number): EndpointSlice => ({
    metadata: { name, labels: { [SERVICE_NAME_LABEL]: 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: at }],
    endpoints: Array.from({ length: to - from }, (_, i) => ({
      addresses: [`127.1.${(from + i) >> 8}.${(from + i) & 255}`],
      conditions: { ready: true },
      nodeName: `node-${at === port ? (from + i) % 50 : 'victim'}`,
      targetRef: { kind: 'Pod', name: `shop-${from + i}` },
    })),
  });
  const found: EndpointSlice[] = [];
  const living = ENDPOINTS - VICTIMS;
  for (let from = 0; from < living; from += PER_SLICE) found.push(slice(`s-${from}`, from, Math.min(from + PER_SLICE, living), port));
  for (let from = living; from < ENDPOINTS; from += PER_SLICE) {
    found.push(slice(`v-${from}`, from, Math.min(from + PER_SLICE, ENDPOINTS), victimPort));
  }
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function start(script: string, ...args: number[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [`${import.meta.dirname}/${script}.ts`, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Event-loop delay, over what the timer that measures it waits anyway, and CPU, while `work` goes on. */
async function measured(
  what: string,
  work: (step: number) => void | Promise<void> = () => {},
): Promise<ReturnType<typeof monitorEventLoopDelay>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const began = performance.now();
  delay.enable();
  for (let step = 0; step < SECONDS * 4; step++) {
    await work(step);
    await pause(250);
  }
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
  const share = ((user + system) / ((performance.now() - began) * 10)).toFixed(0);
  report.add(
    `event-loop delay, ${what}: p50, p99, most; CPU`,
    `${ms(delay.percentile(50))}, ${ms(delay.percentile(99))}, ${ms(delay.max)} ms; ${share} % of a core`,
  );
  return delay;
}

const [port, victimPort] = [await freePort(), await freePort()];
const servers = await start('servers', port);
const victims = await start('servers', victimPort);
for (const child of [servers, victims]) await once(child.stdout as NonNullable<typeof child.stdout>, 'data');

const configuration = config();
const started = await startBalancer([], configuration);
const resolver = new EndpointResolver();
const balancer: Balancer = started.balancer;
let live = slices(port, victimPort);
const deliver = (): void => {
  balancer.applyEndpoints(
    resolver.resolve(configuration.backends, () => live),
    false,
  );
};
const timed = (action: () => void): number => {
  const began = performance.now();
  action();
  return performance.now() - began;
};

report.progress(`${ENDPOINTS} servers, 200 heartbeats a second`);
report.add('taking the servers in', `${timed(deliver).toFixed(0)} ms`);
// Each newcomer is checked once at once, within a budget of its own.
await pause((ENDPOINTS / 200) * 1_000 + 2_000);
report.add('resident memory', `${Math.round(process.memoryUsage.rss() / 1e6)} MB`);
const first = balancer.endpoints().filter(({ heartbeatMilliseconds }) => heartbeatMilliseconds !== null).length;
report.add('servers whose heartbeat was answered', `${first} of ${ENDPOINTS}; T = ${started.report()?.heartbeat.intervalMilliseconds} ms`);

const alone = await measured('heartbeats alone');
const load = await start('load', started.port, REQUESTS_PER_SECOND);
await measured(`and ${REQUESTS_PER_SECOND} requests a second`);
const takings: number[] = [];
await measured('and a pod that comes or goes four times a second', (step) => {
  const [one, ...others] = live as [EndpointSlice, ...EndpointSlice[]];
  const [changed, ...rest] = one.endpoints ?? [];
  live = [{ ...one, endpoints: [{ ...changed, conditions: { ready: step % 2 === 1 } }, ...rest] }, ...others];
  takings.push(timed(deliver));
});
report.add('a change of one EndpointSlice: taking it in, the slowest', `${Math.max(...takings).toFixed(1)} ms`);
const scrapes: number[] = [];
await measured('and metrics scraped every second', (step) => {
  if (step % 4 === 0) scrapes.push(timed(() => void balancer.metrics()));
});
report.add('rendering the metrics, the slowest', `${Math.max(...scrapes).toFixed(1)} ms`);
victims.kill('SIGKILL');
await measured(`and ${VICTIMS} servers that died together`);
report.add('servers out of service by then', String(balancer.endpoints().filter(({ state }) => state === 'Unhealthy').length));
const told = once(load.stdout as NonNullable<typeof load.stdout>, 'data');
load.kill('SIGTERM');
const { sent, failed } = JSON.parse(String((await told)[0])) as { sent: number; failed: Record<string, number> };
report.add('requests sent, failed', `${sent}, ${JSON.stringify(failed)}`);
report.promise('no request fails', sent > 0 && Object.keys(failed).length === 0);

await balancer.close();
for (const child of children) child.kill('SIGKILL');
report.print();
report.promise("the event loop's delay is under 10 ms (p99) with heartbeats alone", alone.percentile(99) < 10e6);
process.exit(report.broken.length === 0 ? 0 : 1);
