import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { DEFAULTS } from '../../../../src/api/v1alpha1/defaults.ts';
import { SCHEMA } from '../../../../src/api/v1alpha1/schema.ts';
import type { BalancerReportSpec } from '../../../../src/api/v1alpha1/types.ts';
import type { BalancerReportBody } from '../../../../src/model/report.ts';

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly [keyword: string]: unknown;
}

const folder = join(import.meta.dirname, '../../../../crds');
const files = readdirSync(folder);

type Writable<T> = T extends object ? { -readonly [K in keyof T]: Writable<T[K]> } : T;
/** Compiles only while this holds. */
const REPORT_FITS: Writable<BalancerReportBody> extends BalancerReportSpec ? true : never = true;

function schemaOf(file: string): Schema {
  const crd = parse(readFileSync(join(folder, file), 'utf8')) as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } };
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema;
  assert.ok(schema);
  return schema;
}

/** All fields of spec and status; items of a list have `[]` behind the list's path. */
function* fields(schema: Schema, path = ''): Generator<[path: string, schema: Schema]> {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const childPath = path ? `${path}.${name}` : name;
    if (childPath === 'metadata') continue;
    yield [childPath, child];
    if (child.items) yield [`${childPath}[]`, child.items];
    yield* fields(child.items ?? child, child.items ? `${childPath}[]` : childPath);
  }
}

for (const file of files) {
  suite(file, () => {
    const all = [...fields(schemaOf(file))];
    const wrong = (isWrong: (schema: Schema, path: string) => boolean) =>
      all.filter(([path, schema]) => isWrong(schema, path)).map(([path]) => path);

    test('fits into the annotation of a client-side apply', () => {
      assert.ok(JSON.stringify(parse(readFileSync(join(folder, file), 'utf8'))).length < 262_144);
    });
    test('every field has a description that is a sentence', () => {
      assert.deepEqual(
        wrong((schema, path) => !/^[A-Z0-9].*[.]$/.test(schema.description ?? '') && !(path.endsWith('[]') && schema.type === 'string')),
        [],
      );
    });
    test('every string is bounded', () => {
      const bounded = ({ maxLength, enum: values }: Schema) => maxLength !== undefined || values !== undefined;
      assert.deepEqual(
        wrong((schema, path) => schema.type === 'string' && !bounded(schema) && path.includes('.')),
        [],
      );
    });
    test('every list is bounded and has a type', () => {
      const good = (schema: Schema) => schema.maxItems !== undefined && schema['x-kubernetes-list-type'] !== undefined;
      assert.deepEqual(
        wrong((schema) => schema.type === 'array' && !good(schema)),
        [],
      );
    });
    test('no default is filled in by the server', () =>
      assert.deepEqual(
        wrong((schema, path) => 'default' in schema && path !== 'status'),
        [],
      ));
  });
}

suite('what is written has an end', () => {
  /** Characters of the fullest value that the schema takes, as JSON. */
  function largest({ type, properties = {}, items = {}, ...schema }: Schema): number {
    const { maxItems, maxLength, enum: words = [] } = schema as { maxItems?: number; maxLength?: number; enum?: readonly string[] };
    if (type === 'object') return Object.entries(properties).reduce((sum, [name, child]) => sum + name.length + 4 + largest(child), 2);
    if (type === 'array') return (maxItems ?? Infinity) * (largest(items) + 1) + 2;
    return type === 'string' ? (maxLength ?? Math.max(...words.map((word) => word.length))) + 2 : 20;
  }

  // etcd takes 1.5 MiB. Each maxItems and maxLength counts here: who raises one sees what it costs.
  for (const [file, part, most] of [
    ['evenkeel.dev_balancerreports.yaml', 'spec', 334_736],
    ['evenkeel.dev_loadbalancedservices.yaml', 'status', 645_548],
  ] as const) {
    test(`${part} of ${file} has at most ${most} characters`, () => {
      assert.ok(most < 1.5 * 2 ** 20);
      assert.ok(largest(schemaOf(file).properties?.[part] ?? {}) <= most);
    });
  }
});

suite('defaults', () => {
  const all = new Map(fields(schemaOf('evenkeel.dev_loadbalancedservices.yaml')));

  for (const [path, value] of Object.entries(DEFAULTS)) {
    test(`the description of ${path} tells its default`, () => {
      assert.match(all.get(path)?.description ?? '', new RegExp(` Default ${value}[.,]`));
    });
  }
  test('each default that a description tells is in the table', () => {
    const told = [...all].filter(([, { description = '' }]) => /\bDefault (?!is )/.test(description)).map(([path]) => path);
    assert.deepEqual(told.toSorted(), Object.keys(DEFAULTS).toSorted());
  });
});

suite('kubectl explain reads like documentation', () => {
  const all = files.flatMap((file) => [...fields(schemaOf(file))]);
  /** Kubernetes' own fields, which its documentation explains. */
  const isOverlay = (path: string) => path.startsWith('spec.balancer.dedicated.template.');
  const spec = [...fields(schemaOf('evenkeel.dev_loadbalancedservices.yaml'))].filter(
    ([path]) => path.startsWith('spec.') && !path.endsWith('[]') && !isOverlay(path),
  );
  const required = new Set(requiredFields(schemaOf('evenkeel.dev_loadbalancedservices.yaml')));
  const silent = (found: readonly [string, Schema][], tells: (description: string, schema: Schema, path: string) => boolean) =>
    found.filter(([path, schema]) => !tells(schema.description ?? '', schema, path)).map(([path]) => path);

  test('every setting that may be left out tells what holds then', () => {
    const optional = spec.filter(([path, { type }]) => !required.has(path) && type !== 'object' && type !== 'array');
    assert.ok(optional.length > 50);
    assert.deepEqual(
      silent(optional, (description) => /\bDefault /.test(description)),
      [],
    );
  });
  test('every number tells its range, and every list how long it may be', () => {
    const holds = (description: string, number: unknown) => number === undefined || new RegExp(`\\b${number}\\b`).test(description);
    const tells = (description: string, { minimum, maximum, maxItems }: Schema) =>
      [minimum, maximum, maxItems].every((number) => holds(description, number));
    assert.deepEqual(silent(spec, tells), []);
  });
  test('every duration tells that it is one, and its bounds', () => {
    const durations = spec.filter(([path, { type }]) => type === 'string' && /(?:[tT]imeout|Age|[iI]nterval)$/.test(path));
    assert.ok(durations.length > 10);
    assert.deepEqual(
      silent(durations, (description) => /A duration of \d+m?[smh] to \d+[smh]/.test(description)),
      [],
    );
  });
  test('every number with a unit tells it', () => {
    const units = { Milliseconds: /millisecond/i, Bytes: /\bbytes\b/, Percent: /\bpercent\b/, PerSecond: /second/ };
    for (const [suffix, unit] of Object.entries(units)) {
      const found = all.filter(([path]) => path.endsWith(suffix));
      assert.ok(found.length > 0, suffix);
      assert.deepEqual(
        silent(found, (description) => unit.test(description)),
        [],
      );
    }
  });
});

function* requiredFields(schema: Schema, path = ''): Generator<string> {
  const names = (schema['required'] ?? []) as string[];
  for (const name of names) yield path ? `${path}.${name}` : name;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const childPath = path ? `${path}.${name}` : name;
    yield* requiredFields(child.items ?? child, child.items ? `${childPath}[]` : childPath);
  }
}

test('what a balancer reports can be written into a BalancerReport', () => assert.ok(REPORT_FITS));

test('the schema uses no keyword that local validation would overlook', () => {
  const known = new Set([
    ...['type', 'format', 'properties', 'additionalProperties', 'items', 'required', 'enum', 'minimum', 'maximum'],
    ...[
      'minLength',
      'maxLength',
      'minItems',
      'maxItems',
      'maxProperties',
      'x-kubernetes-int-or-string',
      'x-kubernetes-preserve-unknown-fields',
    ],
    ...['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-validations'],
  ]);
  const check = (schema: Schema, path: string): void => {
    for (const keyword of Object.keys(schema)) assert.ok(known.has(keyword), `${path}: ${keyword}`);
    if (schema.items) check(schema.items, `${path}[]`);
    for (const [name, child] of Object.entries(schema.properties ?? {})) check(child, `${path}.${name}`);
  };
  check(SCHEMA as Schema, '');
});
