import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { formatIssue, parseResources } from '../../../src/config/parse-resources.ts';

const head = 'apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\n';
const spec = `spec:
  ports: [{name: http, port: 80}]
  backends:
  - name: fixed
    type: Addresses
    addresses:
    - {host: localhost, port: 8080}
`;
const good = `${head}metadata: {name: shop}\n${spec}`;
const said = (text: string) => parseResources(text, 'shop.yaml').issues.map(formatIssue);

suite('what is said of a file, with line and column', () => {
  const cases: Readonly<Record<string, readonly [text: string, ...said: readonly string[]]>> = {
    'a good one': [good],
    'JSON is YAML too': [
      JSON.stringify({
        apiVersion: 'evenkeel.dev/v1alpha1',
        kind: 'LoadBalancedService',
        metadata: { name: 'a' },
        spec: { ports: [{ name: 'http', port: 80 }], backends: [{ name: 'a', type: 'Addresses', addresses: [{ host: 'a', port: 1 }] }] },
      }),
    ],
    'an empty file': ['', 'shop.yaml:1:1: is empty; a LoadBalancedService is expected'],
    'comments alone': ['# nothing\n---\n# here\n', 'shop.yaml:1:1: is empty; a LoadBalancedService is expected'],
    'no YAML': [
      'a: [1, 2\nb: c\n',
      'shop.yaml:2:1: is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    'a tab for indentation': ['a:\n\tb: 1\n', 'shop.yaml:2:1: is not YAML: Tabs are not allowed as indentation'],
    text: ['Hello, World!\n', 'shop.yaml:1:1: holds no fields; a LoadBalancedService is expected'],
    'neither kind nor version': ['a: 1\n', 'shop.yaml:1:1: needs apiVersion: evenkeel.dev/v1alpha1 and kind: LoadBalancedService'],
    'another kind': [
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
      'shop.yaml:2:1: kind: unknown kind ConfigMap; only LoadBalancedService can be used here',
    ],
    'a kind that is nearly right': [
      good.replace('LoadBalancedService', 'LoadBalanceService'),
      'shop.yaml:2:1: kind: unknown kind LoadBalanceService; did you mean LoadBalancedService?',
    ],
    'an unknown version': [
      good.replace('v1alpha1', 'v1beta1'),
      'shop.yaml:1:1: apiVersion: unknown version evenkeel.dev/v1beta1; evenkeel.dev/v1alpha1 is the one that is known here',
    ],
    'an unknown field': [`${good}  stratgy: {type: Random}\n`, 'shop.yaml:11:3: spec.stratgy: unknown field; did you mean strategy?'],
    'an unknown field of metadata': [
      good.replace('{name: shop}', '{name: shop, lables: {}}'),
      'shop.yaml:3:24: metadata.lables: unknown field; did you mean labels?',
    ],
    'a field given twice': [`${good}  suspend: true\n  suspend: false\n`, 'shop.yaml:12:3: the same field is given twice'],
    'a wrong value in a list': [
      good.replace('8080', '0'),
      'shop.yaml:10:25: spec.backends[0].addresses[0].port: must be at least 1, not 0',
    ],
    'an item of a list': [
      good.replace('[{name: http, port: 80}]', '[{name: http, port: 80}, {name: http, port: 81}]'),
      'shop.yaml:5:35: spec.ports[1]: duplicate: name "http" is there already',
      'shop.yaml:6:3: spec.backends: each of backends[].addresses needs a portName where spec.ports has several ports',
      'shop.yaml:5:3: spec.ports: each port in spec.ports must be served by at least one backend',
    ],
    'what is missing is told where it should be': [
      good.replace('    type: Addresses\n', ''),
      'shop.yaml:7:5: spec.backends[0].type: is required',
    ],
    'a missing name': [good.replace('{name: shop}', '{}'), 'shop.yaml:3:1: metadata.name: is required'],
    'the second document': [
      `${good}---\n${good.replace('name: shop', 'name: Shop')}`,
      'shop.yaml:14:12: metadata.name: must be a DNS-1035 label of at most 53 characters (lower-case letters, digits and single hyphens; a letter first), because the objects made for it carry it in their names',
    ],
    'two documents of one name': [
      `${good}---\n${good}`,
      'shop.yaml:14:12: metadata.name: is the name of an earlier document of this file too',
    ],
    'an alias of nothing': [`${good}  strategy: *none\n`, 'shop.yaml:11:13: the alias *none repeats something that is not there'],
    'an alias of what it stands in': [
      good.replace('spec:', 'spec: &spec').concat('  strategy: *spec\n'),
      'shop.yaml:11:13: the alias *spec stands inside of what it repeats',
    ],
    'a merge key': [good.replace('{host: localhost, port: 8080}', '{<<: &a {host: a}, port: 1}\n    - {<<: *a, port: 2}')],
  };
  for (const [sentence, [text, ...expected]] of Object.entries(cases)) test(sentence, () => assert.deepEqual(said(text), expected));
});

test('aliases that would multiply are refused before they do', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `l${level}: &l${level} [${Array(10)
        .fill(level === 0 ? 'x' : `*l${level - 1}`)
        .join(', ')}]`,
  );
  assert.deepEqual(said(`${good}bomb:\n  ${levels.join('\n  ')}\n`), [
    'shop.yaml:1:1: repeats more than 100 parts by aliases; write them out',
  ]);
});

test('a file that is too large is not read', () => {
  assert.deepEqual(said(`${good}# ${'x'.repeat(2_000_000)}`), ['shop.yaml:1:1: has 2000224 characters; at most 1048576 are read']);
});

test('a file of too many documents is not read', () => {
  assert.deepEqual(said('a: 1\n---\n'.repeat(100)), ['shop.yaml:1:1: has 100 documents; at most 64 are read']);
});

test('good documents are given, in order, beside what is wrong with the others', () => {
  const { resources, issues } = parseResources([good, head, good.replace('shop', 'feed')].join('---\n'), 'shop.yaml');
  assert.deepEqual(
    resources.map(({ resource }) => resource.metadata.name),
    ['shop', 'feed'],
  );
  assert.ok(issues.length > 0);
});

test('a part of a good resource can be found again', () => {
  const [parsed] = parseResources(good, 'shop.yaml').resources;
  assert.deepEqual(parsed?.locate(['spec', 'backends', 0, 'type']), { line: 8, column: 5 });
  assert.deepEqual(parsed?.locate(['spec', 'backends', 0, 'deployment', 'template']), { line: 7, column: 5 });
});

suite('the samples', () => {
  const folder = join(import.meta.dirname, '../../../deploy/samples');
  for (const file of globSync('*.yaml', { cwd: folder })) {
    test(file, () => {
      const { resources, issues } = parseResources(readFileSync(join(folder, file), 'utf8'), file);
      assert.deepEqual(issues.map(formatIssue), []);
      assert.ok(resources.length > 0);
    });
  }
});
