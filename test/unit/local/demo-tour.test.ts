import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DemoStage, loadSentence, tourOfFreeze, tourOfKill, tryOut } from '../../../src/local/demo-tour.ts';
import type { Overview, ServerRow } from '../../../src/local/overview.ts';
import type { FailoverReport } from '../../../src/model/report.ts';

const COUNTS = { sent: 12_001, answered: 12_001, failed: 0, slowestMs: 98, lastFailure: '' };

test('the load in one sentence', () => {
  assert.equal(loadSentence(COUNTS), '12,001 requests sent, 0 failed; the slowest took 98 ms');
  assert.equal(
    loadSentence({ ...COUNTS, failed: 2, lastFailure: 'answered with 503' }),
    '12,001 requests sent, 2 failed (answered with 503); the slowest took 98 ms',
  );
});

const row = (pid: number | null): ServerRow => ({
  address: '127.0.0.1:8080',
  backend: 'hello',
  weight: null,
  process: 'hello-1',
  pid,
  state: 'Healthy',
  reason: null,
  sinceMs: 0,
  requests: 0,
  heartbeatMs: null,
});

const overview = (...pids: (number | null)[]): Overview => ({
  name: 'demo',
  urls: ['http://127.0.0.1:8000'],
  strategy: 'RoundRobin',
  schedule: 'Fixed',
  heartbeat: { servers: 0, responsesPerSecond: 0, intervalMilliseconds: 0, maxDetectionMilliseconds: 0, overMaxInterval: false },
  failOpen: [],
  failovers: 0,
  recentFailovers: [],
  servers: pids.map(row),
});

test('the commands to try name processes that are there', () => {
  const curl = 'curl -i http://127.0.0.1:8000';
  assert.deepEqual(tryOut(overview(1, null, 3)), ['kill -9 1', 'kill -STOP 3', 'kill -CONT 3', curl]);
  assert.deepEqual(tryOut(overview(7)), ['kill -9 7', 'kill -STOP 7', 'kill -CONT 7', curl]);
  assert.deepEqual(tryOut(overview(null)), [curl]);
});

const failover = (id: string, port: number): FailoverReport => ({
  id,
  address: `127.0.0.1:${port}`,
  backend: 'hello',
  reason: 'HeartbeatRefused',
  detectionMilliseconds: 5,
  rescued: 1,
  lost: 0,
  agoMilliseconds: 0,
  removed: false,
  outMilliseconds: 2_000,
});

for (const [name, tour, port] of [
  ['killed', tourOfKill, 8081],
  ['frozen', tourOfFreeze, 8082],
] as const) {
  test(`the tour tells of the server that it has ${name}, also when another one fails after it, and of an earlier failure of it no more`, async () => {
    let scene: Overview = {
      ...overview(),
      servers: [8080, 8081, 8082].map((each) => ({ ...row(each), address: `127.0.0.1:${each}`, requests: 20 })),
      recentFailovers: [failover('earlier', port)],
    };
    const said: string[] = [];
    let answered = 0;
    const stage: DemoStage = {
      overview: () => scene,
      counts: () => ({ ...COUNTS, answered: (answered += 200) }),
      say: (text) => said.push(text),
      show: () => {},
      signal: (pid) => {
        const its = { ...failover('its', pid), detectionMilliseconds: 77 };
        scene = { ...scene, recentFailovers: [failover('later', 8080), its, ...scene.recentFailovers] };
      },
      until: async (what, seen) => seen() ?? assert.fail(`it waits for ${what}`),
    };
    await tour(stage);
    assert.match(said.join('\n'), new RegExp(`Failover: 127\\.0\\.0\\.1:${port} was out .*77 ms`));
  });
}
