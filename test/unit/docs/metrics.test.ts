/** The tables of metrics in docs/reference.md name those that a balancer and the operator have, in the words that they have for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Balancer } from '../../../src/balancer/balancer.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { operatorMetrics } from '../../support/operator-metrics.ts';

test('every metric of a balancer is in the reference, and no other', async () => {
  const sink = { publish: () => {}, close: async () => {} };
  const common = { logger: silentLogger, clock: () => 0, random: () => 0.5, address: '127.0.0.1', adminPort: null };
  const balancer = new Balancer({ ...common, sink, reportIntervalMs: 1_000 });
  const told = rows(balancer.metrics());
  await balancer.close();
  assert.deepEqual(documented('Metrics of the balancer'), told);
});

test('every metric of the operator is in the reference, and no other', () => {
  assert.deepEqual(documented('Metrics of the operator'), rows(operatorMetrics().render()));
});

function rows(metrics: string): string[] {
  return [...metrics.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, help]) => `| \`${name}\` | ${help} |`);
}

function documented(title: string): string[] {
  const reference = readFileSync(join(import.meta.dirname, '../../../docs/reference.md'), 'utf8');
  const section = reference.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  return section.match(/^\| `.*$/gm) ?? [];
}
