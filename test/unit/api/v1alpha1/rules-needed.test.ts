/** Each rule, bound and choice of the CRD's spec has a case in the table that goes wrong when it is weakened alone, by as little as can be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { SCHEMA } from '../../../../src/api/v1alpha1/schema.ts';
import { normalize, validate } from '../../../../src/api/v1alpha1/validate.ts';
import { formatPath } from '../../../../src/api/v1alpha1/validation/issue.ts';
import type { StructuralSchema } from '../../../../src/api/v1alpha1/validation/structural-schema.ts';
import { resourceCases } from '../../../cases/resources.ts';

type Weakening = readonly [what: string, change: Partial<StructuralSchema>];

const cases = Object.entries(resourceCases).map(([sentence, { resource, refused }]) => ({
  sentence,
  value: normalize(parse(resource)),
  refused,
}));

function goesWell({ value, refused }: (typeof cases)[number]): boolean {
  const issues = validate(value).map(({ path, message }) => `${formatPath(path)}: ${message}`);
  return refused ? issues.some((issue) => issue.startsWith(`${refused.at}: `) && issue.includes(refused.says)) : issues.length === 0;
}

/** A case that is refused at `path` or beside it: none of the others can tell that something there is taken. */
function tells(path: string): (typeof cases)[number][] {
  return cases.filter(({ refused }) => refused && withoutIndexes(refused.at).startsWith(path));
}

function withoutIndexes(at: string): string {
  return at.replace(/\[\d+\]/g, '[]');
}

/** Whether all goes well while `schema` has this instead; it gets back what it had. */
function allGoWellWith(schema: StructuralSchema, change: Partial<StructuralSchema>, path: string): boolean {
  const before = { ...schema };
  try {
    Object.assign(schema, change);
    return tells(path).every(goesWell);
  } finally {
    for (const name of Object.keys(change)) delete (schema as Record<string, unknown>)[name];
    Object.assign(schema, before);
  }
}

function* weakenings(schema: StructuralSchema, path: string): Generator<Weakening> {
  for (const name of ['minimum', 'minLength', 'minItems'] as const) {
    const bound = schema[name];
    if (bound !== undefined) yield [name, { [name]: bound - 1 }];
  }
  for (const name of ['maximum', 'maxLength', 'maxItems', 'maxProperties'] as const) {
    const bound = schema[name];
    if (bound !== undefined) yield [name, { [name]: bound + 1 }];
  }
  if (schema.enum) yield ['enum', { enum: undefined } as unknown as Partial<StructuralSchema>];
  // What every object of Kubernetes has, the API server asks for by itself.
  const required = path.startsWith('spec') ? (schema.required ?? []) : [];
  for (const name of required) yield [`required ${name}`, { required: required.filter((each) => each !== name) }];
  if (['map', 'set'].includes(schema['x-kubernetes-list-type'] ?? '')) yield ['list type', { 'x-kubernetes-list-type': 'atomic' }];
  const rules = schema['x-kubernetes-validations'] ?? [];
  for (const rule of rules) yield [rule.message, { 'x-kubernetes-validations': rules.filter((each) => each !== rule) }];
}

function* untold(schema: StructuralSchema, path: string): Generator<string> {
  for (const [what, change] of weakenings(schema, path)) if (allGoWellWith(schema, change, path)) yield `${path}: ${what}`;
  if (schema.items) yield* untold(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* untold(schema.additionalProperties, path);
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* untold(child, path ? `${path}.${name}` : name);
}

test('nothing in the schema of a resource can be weakened without a case that tells', () => {
  assert.deepEqual(
    cases.filter((each) => !goesWell(each)).map(({ sentence }) => sentence),
    [],
  );
  assert.deepEqual([...untold(SCHEMA, '')], []);
});
