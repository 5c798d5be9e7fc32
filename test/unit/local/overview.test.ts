import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Overview, renderOverview, type ServerRow } from '../../../src/local/overview.ts';
import { ansi, plain } from '../../../src/local/text.ts';

const server = (changes: Partial<ServerRow> = {}): ServerRow => ({
  address: '127.0.0.1:8080',
  backend: 'hello',
  weight: null,
  process: 'hello-1',
  pid: 4711,
  state: 'Healthy',
  reason: 'HeartbeatAnswered',
  sinceMs: 12_300,
  requests: 1234,
  heartbeatMs: 0.84,
  ...changes,
});

const overview = (changes: Partial<Overview> = {}): Overview => ({
  name: 'demo',
  urls: ['http://127.0.0.1:8000'],
  strategy: 'RoundRobin',
  schedule: 'Fixed',
  heartbeat: { servers: 3, responsesPerSecond: 15, intervalMilliseconds: 200, maxDetectionMilliseconds: 620, overMaxInterval: false },
  failOpen: [],
  failovers: 0,
  recentFailovers: [],
  servers: [server(), server({ address: '127.0.0.1:8081', pid: 4712 }), server({ address: '127.0.0.1:8082', pid: 4713 })],
  ...changes,
});

const failover = {
  id: 'a-1',
  address: '127.0.0.1:8081',
  backend: 'hello',
  reason: 'HeartbeatRefused' as const,
  detectionMilliseconds: 45,
  rescued: 3,
  lost: 0,
  agoMilliseconds: 12_000,
  removed: false,
  outMilliseconds: null,
};

/** Golden files: UPDATE=1 writes them anew: read the difference before it is committed. */
const SCENES: Record<string, Overview> = {
  'all-healthy': overview(),
  'one-out': overview({
    failovers: 1,
    recentFailovers: [failover],
    servers: [server(), server({ address: '127.0.0.1:8081', state: 'Unhealthy', reason: 'HeartbeatRefused', pid: null, sinceMs: 800 })],
  }),
  'weights-and-backends': overview({
    strategy: 'WeightedRoundRobin',
    schedule: 'Budget',
    heartbeat: { servers: 12, responsesPerSecond: 2.5, intervalMilliseconds: 4800, maxDetectionMilliseconds: 6280, overMaxInterval: true },
    failovers: 2,
    recentFailovers: [{ ...failover, outMilliseconds: 2800, lost: 1 }],
    servers: [
      server({ weight: 3, backend: 'stable', state: 'Suspect' }),
      server({
        weight: 1,
        backend: 'canary',
        address: 'a-server-with-a-long-name.internal:8080',
        process: '',
        pid: null,
        heartbeatMs: null,
        requests: 0,
      }),
      server({ weight: 1, backend: 'canary', address: '[2001:db8::7]:8080', process: '', pid: null, state: 'Draining' }),
    ],
  }),
  'nobody-left': overview({ failOpen: ['http'], servers: [server({ state: 'Unhealthy', pid: null })] }),
  'nobody-yet': overview({
    servers: [],
    heartbeat: { servers: 0, responsesPerSecond: 0, intervalMilliseconds: 0, maxDetectionMilliseconds: 0, overMaxInterval: false },
  }),
};

describe('renderOverview at 80 columns', () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    test(name, () => {
      const lines = renderOverview(scene, 80, plain);
      assert.deepEqual(
        lines.filter((line) => line.length > 80),
        [],
      );
      const file = join(import.meta.dirname, 'golden', `overview-${name}.txt`);
      const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
      if (process.env.UPDATE) writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }

  test('a long table ends with how many are left out', () => {
    const many = overview({ servers: Array.from({ length: 45 }, (_, index) => server({ address: `127.0.0.1:${9000 + index}` })) });
    assert.equal(renderOverview(many, 80, plain).at(-1), 'and 5 more servers');
  });

  test('colours change nothing but colours', () => {
    const scene = SCENES['weights-and-backends'] ?? overview();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
    const bare = renderOverview(scene, 80, ansi).map((line) => line.replace(/\x1b\[\d+m/g, ''));
    assert.deepEqual(bare, renderOverview(scene, 80, plain));
    assert.notDeepEqual(renderOverview(scene, 80, ansi), bare);
  });
});
