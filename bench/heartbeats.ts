/**
 * What heartbeats cost: 200 HTTP checks a second over 5,000 endpoints (Linux answers on all of 127.0.0.0/8), the servers in another process.
 * `node bench/heartbeats.ts [checksPerSecond] [endpoints] [seconds]`.
 */

import { spawn } from 'node:child_process';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Heartbeats } from '../src/heartbeat/heartbeats.ts';
import type { Endpoint } from '../src/model/endpoint.ts';

const [perSecond = 200, servers = 5_000, seconds = 10] = process.argv.slice(2).map(Number);
const SERVER = `require('node:http').createServer((_, r) => r.end('ok')).listen(0, '0.0.0.0', function () { console.log(this.address().port); });`;

const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(child.stdout, 'data');
const port = Number(String(line));
const endpoints = Array.from({ length: servers }, (_, i): Endpoint => {
  const host = `127.1.${i >> 8}.${i & 255}`;
  return { id: `${host}:${port}`, host, port, backend: 'b', portName: 'http', weight: 1, lifecycle: 'Ready' };
});

const found: Record<string, number> = {};
const durations: number[] = [];
const heartbeats = new Heartbeats({
  clock: () => performance.now(),
  talkOf: () => ({ tls: null, proxyProtocol: null, protocol: 'HTTP1', lookup }),
  random: Math.random,
  onResult: (_, { reason, durationMs }) => {
    found[reason] = (found[reason] ?? 0) + 1;
    durations.push(durationMs);
  },
});
heartbeats.configure(
  {
    check: { type: 'HTTP', path: '/healthz', port: null, host: null, headers: [], expectedStatuses: [{ start: 200, end: 399 }] },
    schedule: { type: 'Budget', checksPerSecond: perSecond, minIntervalMs: 50, maxIntervalMs: 3_600_000 },
    timeoutMs: 1_000,
    failureThreshold: 2,
    successThreshold: 2,
    jitterPercent: 10,
  },
  [],
);

const taking = performance.now();
heartbeats.setEndpoints(endpoints);
console.log(`taking in ${servers} endpoints: ${(performance.now() - taking).toFixed(1)} ms`);
// Newcomers raise the rate by half until each was checked once: measured from then on.
await new Promise((resolve) => setTimeout(resolve, (servers / perSecond) * 700 + 1_000));
durations.length = 0;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const cpu = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
const { user, system } = process.cpuUsage(cpu);
delay.disable();
const sorted = durations.sort((a, b) => a - b);
const checks = sorted.length;
console.log(`${checks} checks in ${seconds} s, ${JSON.stringify(found)} in all`);
console.log(`CPU ${((user + system) / checks).toFixed(0)} us per check, ${((user + system) / seconds / 10_000).toFixed(1)} % of a core`);
console.log(
  `event loop late: p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, most ${(delay.max / 1e6).toFixed(1)} ms (timer resolution 1 ms included)`,
);
console.log(
  `check takes: median ${sorted[checks >> 1]?.toFixed(2)} ms, p99 ${sorted[Math.floor(checks * 0.99)]?.toFixed(2)} ms; RSS ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`,
);
heartbeats.close();
child.kill();
