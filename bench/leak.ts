/**
 * Whether memory grows with the number of requests: resident memory of a proxy after each million of MILLIONS (10). Fails where the last
 * figure is more than a tenth above the first. Takes about a minute a million.
 *
 * Environment: PROXIES (default: evenkeel), MILLIONS.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, residentMegabytes, start } from './lib/processes.ts';
import { BENCH, chosen, type ProxyCommand, TOOLS } from './lib/proxies.ts';

const MILLIONS = Number(process.env['MILLIONS'] ?? 10);
const SETTLE_MS = 5_000;
const GROWTH = 1.1;

async function measure(proxy: ProxyCommand): Promise<readonly number[]> {
  const running = start(proxy.command, { log: join(TOOLS, `${proxy.name}.log`), ...(proxy.env ? { env: proxy.env } : {}) });
  try {
    await listening(8000);
    await sleep(1_500);
    const after: number[] = [];
    for (let million = 0; million < MILLIONS; million++) {
      // h2load counts requests, where wrk counts seconds; over HTTP/1.1, one at a time on each of 64 connections.
      const out = await start(['h2load', '--h1', '-t1', '-c64', '-n1000000', 'http://127.0.0.1:8000/']).output();
      const answered = Number(/status codes: (\d+) 2xx/.exec(out)?.[1] ?? 0);
      if (answered !== 1_000_000) throw new Error(`${proxy.name} answered ${answered} of 1,000,000 requests`);
      await sleep(SETTLE_MS);
      after.push(residentMegabytes(running.pid));
      process.stderr.write(`bench: ${proxy.name}, after ${million + 1} million requests ${after.at(-1)?.toFixed(1)} MB\n`);
    }
    return after;
  } finally {
    await running.end();
  }
}

console.log('\n### Resident memory after each million requests, MB\n');
const servers = start(['nginx', '-p', TOOLS, '-c', join(BENCH, 'peers', 'backend-nginx.conf')]);
try {
  await listening(9001);
  for (const proxy of chosen('evenkeel')) {
    const after = await measure(proxy);
    const [first = 0] = after;
    const last = after.at(-1) ?? 0;
    console.log(`${proxy.name}: ${after.map((each) => each.toFixed(0)).join(', ')}; last / first: ${(last / first).toFixed(2)}`);
    if (last > first * GROWTH) process.exitCode = 1;
  }
} finally {
  await servers.end();
}
