/** The table of metrics in docs/reference.md names those that a balancer has, in the words that it has for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Balancer } from '../../../src/balancer/balancer.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';

test('every metric of a balancer is in the reference, and no other', async () => {
  const sink = { publish: () => {}, close: async () => {} };
  const common = { logger: silentLogger, clock: () => 0, random: () => 0.5, address: '127.0.0.1', adminPort: null };
  const balancer = new Balancer({ ...common, sink, reportIntervalMs: 1_000 });
  const told = [...balancer.metrics().matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, help]) => `| \`${name}\` | ${help} |`);
  await balancer.close();
  const [, section = ''] = readFileSync(join(import.meta.dirname, '../../../docs/reference.md'), 'utf8').split(
    '## Metrics of the balancer',
  );
  assert.deepEqual(section.match(/^\| `.*$/gm) ?? [], told);
});
