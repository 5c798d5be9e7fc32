/** Alert rules and the dashboard: promtool reads and tries the rules, and every series that they ask for is one that we have. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { stringify } from 'yaml';
import { Balancer } from '../../src/balancer/balancer.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { operatorMetrics } from '../support/operator-metrics.ts';
import { runTool, withoutTools } from '../support/tools.ts';
import { objectsInFile, root } from './objects.ts';

const MONITORING = 'deploy/kustomize/components/monitoring';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}

const { spec: rules } = objectsInFile(`${MONITORING}/prometheus-rule.yaml`).get('PrometheusRule/evenkeel') as unknown as { spec: Rules };
const dashboard = JSON.parse(readFileSync(join(root, MONITORING, 'dashboard.json'), 'utf8')) as Dashboard;

suite('alert rules', { skip: withoutTools }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-rules-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'rules.yaml');
  writeFileSync(path, stringify(rules));

  test('promtool finds nothing wrong with them', () => {
    runTool('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', path]);
  });

  test('each fires when it should, and not otherwise', () => {
    const cases = readFileSync(join(root, 'test/packaging/rules.test.yaml'), 'utf8');
    writeFileSync(join(folder, 'cases.yaml'), cases);
    runTool('promtool', ['test', 'rules', join(folder, 'cases.yaml')]);
    for (const { alert } of rules.groups.flatMap((group) => group.rules))
      assert.match(cases, new RegExp(`alertname: ${alert}\\n    exp_alerts:\\n`));
  });
});

suite('series', () => {
  const fromTarget = ['namespace', 'pod', 'job', 'evenkeel_dev_service'];

  test('every series and label of the rules and of the dashboard is one of ours', async () => {
    const known = await series();
    const asked = [
      ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? '' : query.query)),
    ].flatMap(selectors);
    assert.ok(asked.length > 20);
    for (const { name, labels } of asked) {
      const ours = known.get(name);
      assert.ok(ours, `there is no ${name}`);
      for (const label of labels) assert.ok(ours.has(label) || fromTarget.includes(label), `${name} has no label ${label}`);
    }
  });

  test('every reason of a failure that a rule names is one', () => {
    const source = readFileSync(join(root, 'src/proxy/proxy-metrics.ts'), 'utf8');
    const named = /reason=~"([^"]+)"/.exec(JSON.stringify(rules).replaceAll('\\"', '"'))?.[1]?.split('|') ?? [];
    assert.ok(named.length > 5);
    for (const reason of named) assert.match(source, new RegExp(`\\| '${reason}'`));
  });
});

/** Names with their selectors' labels. */
function selectors(expression: string): { name: string; labels: string[] }[] {
  const names = expression.matchAll(
    /\b((?:evenkeel|controller_runtime|workqueue|leader_election|rest_client|process)_[a-z_]+)\b(\{[^}]*\})?/g,
  );
  return [...names]
    .filter(([, name]) => name !== 'evenkeel_dev_service')
    .map(([, name = '', selector = '']) => ({
      name,
      labels: [...selector.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label),
    }));
}

/** Every series name of balancer and operator with its labels, which stand in the source beside the name. */
async function series(): Promise<Map<string, Set<string>>> {
  const sink = { publish: () => {}, close: async () => {} };
  const common = { logger: silentLogger, clock: () => 0, random: () => 0.5, address: '127.0.0.1', adminPort: null };
  const balancer = new Balancer({ ...common, sink, reportIntervalMs: 1_000 });
  const text = balancer.metrics() + operatorMetrics().render();
  await balancer.close();
  const sources = ['src/proxy/proxy-metrics.ts', 'src/balancer/pool-metrics.ts', 'src/operator/metrics.ts'].map((path) =>
    readFileSync(join(root, path), 'utf8'),
  );
  const known = new Map<string, Set<string>>();
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
    const labels = new Set(sources.flatMap((source) => labelsOf(source, name)));
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) known.set(name + suffix, labels);
  }
  return known;
}

function labelsOf(source: string, name: string): string[] {
  const call = source.split(`'${name}'`)[1]?.split(/;|\.collect\(/)[0] ?? '';
  const given = /\[([^\]]*)\]\s*,?\s*\)/.exec(call)?.[1] ?? (call.includes('QUEUE') ? "'name', 'controller'" : '');
  return [...given.matchAll(/'(\w+)'/g)].map(([, label = '']) => label);
}
