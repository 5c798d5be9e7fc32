import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { balancerConfig, endpointAt, httpCheck, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const ENDPOINTS = 5_000;
const PER_SECOND = 200;
const SECONDS = 3;
/** The promise is 10 ms, on a machine that has a core for it; `make scale` measures that. */
const DELAY_MS = 50;

/** Answers on every address of this machine, and tells how often when asked for /count. */
const SERVER = `
let checks = 0;
require('node:http').createServer((request, answer) => {
  if (request.url === '/count') return answer.end(String(checks));
  checks++;
  answer.end('ok');
}).listen(0, '0.0.0.0', function () { console.log(this.address().port); });
`;

test('5,000 servers under a budget of 200 heartbeats a second: it is kept, newcomers cost as much again, and the event loop stays free', async () => {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(child.stdout, 'data');
    const port = Number(String(line));
    const config = balancerConfig({
      heartbeat: {
        check: httpCheck(),
        schedule: { type: 'Budget', checksPerSecond: PER_SECOND, minIntervalMs: 50, maxIntervalMs: 3_600_000 },
        timeoutMs: 1_000,
      },
    });
    await using started = await startBalancer([], config);
    const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => {
      const host = `127.1.${i >> 8}.${i & 255}`;
      return endpointAt(port, { id: `${host}:${port}`, host });
    });
    started.balancer.applyEndpoints(endpoints, false);
    const checks = async (): Promise<number> => Number(await (await fetch(`http://127.0.0.1:${port}/count`)).text());
    await until(async () => (await checks()) > 0, 'the first heartbeat');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const [before, began] = [await checks(), performance.now()];
    delay.enable();
    await pause(SECONDS * 1_000);
    delay.disable();
    const perSecond = ((await checks()) - before) / ((performance.now() - began) / 1_000);
    assert.ok(perSecond <= 2.1 * PER_SECOND, `${perSecond} heartbeats a second`);
    assert.ok(perSecond >= PER_SECOND / 2, `${perSecond} heartbeats a second`);
    assert.ok(delay.percentile(99) < DELAY_MS * 1e6, `event-loop delay of ${delay.percentile(99) / 1e6} ms at p99`);
    assert.equal(started.report()?.heartbeat.intervalMilliseconds, (ENDPOINTS / PER_SECOND) * 1_000);
  } finally {
    child.kill('SIGKILL');
  }
});
