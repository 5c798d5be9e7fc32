/** docs/reference.md tells of every limit what it answers, and every reason that a limit has in the metrics. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SCHEMA } from '../../../src/api/v1alpha1/schema.ts';

const root = join(import.meta.dirname, '../../..');
const section = readFileSync(join(root, 'docs/reference.md'), 'utf8').split('## What each limit answers')[1]?.split('\n## ')[0] ?? '';
const rows = section.split('\n').flatMap((line) => {
  const cells = /^\| (`.+`) \| .+ \| (.+) \|$/.exec(line);
  return cells && !line.includes('spec.limits') ? [{ fields: cells[1] ?? '', reason: cells[2] ?? '' }] : [];
});
const quoted = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

test('every limit has a row', () => {
  const { properties } = SCHEMA as unknown as { properties: { spec: { properties: { limits: { properties: object } } } } };
  assert.deepEqual(
    rows.flatMap(({ fields }) => quoted(fields)).toSorted(),
    Object.keys(properties.spec.properties.limits.properties).toSorted(),
  );
});

test('every reason that a limit has is told', () => {
  const source = readFileSync(join(root, 'src/proxy/proxy-metrics.ts'), 'utf8');
  const unions = [/type ReachedLimit =([^;]+);/, /type HeadLimit =([^;]+);/].map((union) => union.exec(source)?.[1] ?? '');
  const reasons = new Set([...unions.join(' ').matchAll(/'(\w+)'/g)].map(([, name = '']) => name));
  assert.deepEqual(rows.flatMap(({ reason }) => quoted(reason)).toSorted(), [...reasons].toSorted());
});
