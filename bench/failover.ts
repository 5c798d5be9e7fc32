/**
 * What clients see when a server fails: three servers of 10 ms behind each proxy, an open-loop stream of requests whose every one is
 * accounted for (the client never retries and gives up after 2 s), one fault in the middle. The servers write down the number of each
 * request that they execute, so a request that ran twice is seen.
 *
 * Environment: PROXIES (default: haproxy haproxy-safe nginx nginx-safe envoy envoy-pertry goproxy evenkeel), FAULTS (kill freeze rolling graceful
 * blackhole slow reset flap), METHODS (GET POST), RATE (1000 requests/s), DELAY (10ms). `bench/run` gives it a network of its own.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, type Running, start } from './lib/processes.ts';
import { chosen, type ProxyCommand, TOOLS } from './lib/proxies.ts';

const RATE = process.env['RATE'] ?? '1000';
const DELAY = process.env['DELAY'] ?? '10ms';
const EXECUTED = join(TOOLS, 'executed');
const PORTS = [9001, 9002, 9003];

const server = (port: number) => start([join(TOOLS, 'backend'), '-addr', `127.0.0.1:${port}`, '-delay', DELAY, '-executed', EXECUTED]);

/** Does the fault to the second server; returns when the fault is over. `servers` is kept up to date. */
type Fault = (servers: Running[]) => Promise<void>;

const FAULTS: Record<string, Fault> = {
  kill: async (servers) => {
    await servers[1]!.end();
    await sleep(4000);
    servers[1] = server(9002);
  },
  freeze: async (servers) => {
    servers[1]!.signal('SIGSTOP');
    await sleep(5000);
    servers[1]!.signal('SIGCONT');
  },
  rolling: async (servers) => {
    for (const [i, port] of PORTS.entries()) {
      await servers[i]!.end();
      await sleep(200);
      servers[i] = server(port);
      await sleep(2000);
    }
  },
  // A rolling update whose servers finish what they have.
  graceful: async (servers) => {
    for (const [i, port] of PORTS.entries()) {
      servers[i]!.signal('SIGTERM');
      await servers[i]!.output();
      await sleep(200);
      servers[i] = server(port);
      await sleep(2000);
    }
  },
  blackhole: async () => {
    const rules = ['--sport', '--dport'].map((side) => ['INPUT', '-i', 'lo', '-p', 'tcp', side, '9002', '-j', 'DROP']);
    for (const rule of rules) execFileSync('iptables', ['-A', ...rule]);
    await sleep(5000);
    for (const rule of rules) execFileSync('iptables', ['-D', ...rule]);
  },
  slow: (servers) => toggled(servers[1]!, 'SIGUSR1', 5000),
  reset: (servers) => toggled(servers[1]!, 'SIGUSR2', 3000),
  flap: async (servers) => {
    for (let i = 0; i < 6; i++) {
      servers[1]!.signal('SIGSTOP');
      await sleep(700);
      servers[1]!.signal('SIGCONT');
      await sleep(500);
    }
  },
};

async function toggled(victim: Running, signal: NodeJS.Signals, milliseconds: number): Promise<void> {
  victim.signal(signal);
  await sleep(milliseconds);
  victim.signal(signal);
}

interface LoadResult {
  readonly sent: number;
  readonly failed: number;
  readonly kinds: Record<string, number>;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

async function run(proxy: ProxyCommand, fault: string, method: string): Promise<void> {
  rmSync(EXECUTED, { force: true });
  const servers = PORTS.map(server);
  for (const port of PORTS) await listening(port);
  const running = start(proxy.command, { log: join(TOOLS, `${proxy.name}.log`), ...(proxy.env ? { env: proxy.env } : {}) });
  try {
    await listening(8000);
    await sleep(2000);
    const body = method === 'GET' ? [] : ['-body', 'x=1'];
    const failures = join(TOOLS, `${proxy.name}.${fault}.${method}.failures`);
    const flags = ['-rate', RATE, '-conns', '400', '-timeout', '2s', '-duration', '12s', '-expect', 'Hello, World!', '-dump', failures];
    const load = start([join(TOOLS, 'loadgen'), ...flags, '-method', method, ...body]);
    await sleep(3000);
    await FAULTS[fault]!(servers);
    report(proxy.name, fault, method, JSON.parse(await load.output()) as LoadResult);
  } finally {
    await Promise.all([running.end(), ...servers.map((each) => each.end())]);
  }
}

function report(name: string, fault: string, method: string, result: LoadResult): void {
  const executed = readFileSync(EXECUTED, 'utf8').split('\n').filter(Boolean);
  const twice = executed.length - new Set(executed).size;
  const kinds = Object.entries(result.kinds).map(([kind, count]) => `${kind}: ${count}`);
  console.log(
    `| ${name} | ${fault} ${method} | ${result.sent} | ${result.failed} | ${kinds.join(', ')} | ${twice} | ${result.p50_ms.toFixed(1)} | ${result.p99_ms.toFixed(1)} | ${result.max_ms.toFixed(0)} |`,
  );
}

const words = (variable: string, byDefault: string) => (process.env[variable] ?? byDefault).split(/\s+/).filter(Boolean);
const faults = words('FAULTS', 'kill freeze rolling graceful blackhole slow reset flap');
for (const fault of faults) if (!FAULTS[fault]) throw new Error(`no fault is called ${fault}; there are ${Object.keys(FAULTS).join(', ')}`);
console.log(
  '| proxy | fault | sent | failed | how | executed twice | p50 ms | p99 ms | slowest ms |\n|---|---|---|---|---|---|---|---|---|',
);
for (const fault of faults) {
  for (const method of words('METHODS', 'GET POST')) {
    for (const proxy of chosen('haproxy haproxy-safe nginx nginx-safe envoy envoy-pertry goproxy evenkeel'))
      await run(proxy, fault, method);
  }
}
