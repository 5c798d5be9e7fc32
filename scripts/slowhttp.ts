// Slow clients by the thousand (slowhttptest, a Debian package) against a balancer in a process of its own, with the limits that it has by
// default, while another client asks on and on, each time over a new connection. Ends with 1 if that one saw a failure, or noticed them: its slowest
// hundredth took twice what it took before them, and 20 ms.
// Environment: CONNECTIONS (1000), SECONDS (45), MODES (headers body read).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ChildBalancer } from '../test/support/child-balancer.ts';
import { ask, GET_AND_CLOSE } from '../test/support/raw-client.ts';
import { balancerConfig } from '../test/support/start-balancer.ts';

const CONNECTIONS = Number(process.env.CONNECTIONS ?? 1_000);
const SECONDS = Number(process.env.SECONDS ?? 45);
const MODES: Readonly<Record<string, readonly string[]>> = {
  headers: ['-H', '-i', '1'],
  body: ['-B', '-i', '1', '-s', '1000000'],
  // 5 bytes at a time.
  read: ['-X', '-n', '1', '-z', '5', '-w', '512', '-y', '1024'],
};
const CALM_MS = 5_000;
/** More than the buffers of any kernel hold. */
const LARGE = Buffer.alloc(20_000_000, 'x');
const CLIENTS = 'evenkeel_client_connections{listener="http"}';

interface Outcome {
  readonly mode: string;
  readonly asked: number;
  readonly failed: number;
  readonly p99: number;
  readonly mostConnections: number;
  readonly memory: number;
}

const server = createServer((request, answer) => {
  request.resume();
  request.on('error', () => {});
  request.on('end', () => answer.end(request.url === '/large' ? LARGE : 'answered'));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
await using balancer = await ChildBalancer.start([(server.address() as AddressInfo).port], balancerConfig(), { openFiles: 10_000 });

/** Asks until `over` has come, and counts. */
async function askOn(over: Promise<unknown>): Promise<Omit<Outcome, 'mode'>> {
  const times: number[] = [];
  let failed = 0;
  let mostConnections = 0;
  let memory = 0;
  let ended = false;
  over
    .finally(() => {
      ended = true;
    })
    .catch(() => {});
  while (!ended) {
    const begun = performance.now();
    const answer = await ask(balancer.port, GET_AND_CLOSE).catch(String);
    times.push(performance.now() - begun);
    if (!answer.endsWith('answered')) failed++;
    mostConnections = Math.max(mostConnections, await balancer.metric(CLIENTS));
    memory = Math.max(memory, balancer.memory);
    await delay(5);
  }
  times.sort((a, b) => a - b);
  return { asked: times.length, failed, p99: times[Math.floor(times.length * 0.99)] ?? 0, mostConnections, memory };
}

async function attack(mode: string): Promise<Outcome> {
  const flags = MODES[mode];
  if (!flags) throw new Error(`no mode is called ${mode}; there are ${Object.keys(MODES).join(', ')}`);
  const url = `http://127.0.0.1:${balancer.port}/${mode === 'read' ? 'large' : ''}`;
  const rest = ['-c', `${CONNECTIONS}`, '-r', '500', '-l', `${SECONDS}`, '-p', '2', '-u', url, '-v', '0'];
  const tool = spawn('slowhttptest', [...flags, ...rest], { stdio: ['ignore', 'ignore', 'inherit'] });
  const over = once(tool, 'close').catch(() => {
    throw new Error('slowhttptest cannot be run: install the Debian package of that name');
  });
  return { mode, ...(await Promise.all([askOn(over), over]))[0] };
}

/** How long that client takes while nobody else is there. */
const calm = await askOn(delay(CALM_MS));
const outcomes: Outcome[] = [];
for (const mode of (process.env.MODES ?? Object.keys(MODES).join(' ')).split(/\s+/).filter(Boolean)) outcomes.push(await attack(mode));
console.log(
  `| ${CONNECTIONS} slow clients, ${SECONDS} s | asked beside them | failed | p99 ms | most connections | MB at most |\n|---|---|---|---|---|---|`,
);
for (const { mode, asked, failed, p99, mostConnections, memory } of [{ mode: 'none', ...calm }, ...outcomes]) {
  console.log(`| ${mode} | ${asked} | ${failed} | ${p99.toFixed(1)} | ${mostConnections} | ${(memory / 1e6).toFixed(0)} |`);
}
console.log(
  `\n${(await balancer.page('/metrics'))
    .split('\n')
    .filter((line) => line.startsWith('evenkeel_failures_total'))
    .join('\n')}`,
);
server.close();
const noticed = ({ p99 }: Outcome) => p99 > 2 * calm.p99 + 20;
process.exitCode = outcomes.some((each) => each.failed > 0 || each.asked === 0 || noticed(each)) ? 1 : 0;
