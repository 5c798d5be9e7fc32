/** Each rule and each bound of the CRD has a case in the table that goes wrong without it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { SCHEMA } from '../../../../src/api/v1alpha1/schema.ts';
import { normalize, validate } from '../../../../src/api/v1alpha1/validate.ts';
import { formatPath } from '../../../../src/api/v1alpha1/validation/issue.ts';
import { resourceCases } from '../../../cases/resources.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  minimum?: number;
  maximum?: number;
  'x-kubernetes-validations'?: readonly { readonly message: string }[];
}

const cases = Object.values(resourceCases).map(({ resource, refused }) => ({ value: normalize(parse(resource)), refused }));

function allGoWell(): boolean {
  return cases.every(({ value, refused }) => {
    const issues = validate(value).map(({ path, message }) => `${formatPath(path)}: ${message}`);
    return refused ? issues.some((issue) => issue.startsWith(`${refused.at}: `) && issue.includes(refused.says)) : issues.length === 0;
  });
}

/** Whether all goes well while `schema` has this instead; it gets back what it had. */
function allGoWellWith(schema: Schema, change: Partial<Schema>): boolean {
  const before = structuredClone(Object.fromEntries(Object.entries(schema).filter(([name]) => name in change)));
  try {
    Object.assign(schema, change);
    return allGoWell();
  } finally {
    Object.assign(schema, before);
  }
}

function* unneeded(schema: Schema, path: string): Generator<string> {
  const rules = schema['x-kubernetes-validations'] ?? [];
  for (const rule of rules) {
    if (allGoWellWith(schema, { 'x-kubernetes-validations': rules.filter((each) => each !== rule) })) yield `${path}: ${rule.message}`;
  }
  if (schema.minimum !== undefined && allGoWellWith(schema, { minimum: -Infinity })) yield `${path}: minimum`;
  if (schema.maximum !== undefined && allGoWellWith(schema, { maximum: Infinity })) yield `${path}: maximum`;
  if (schema.items) yield* unneeded(schema.items, `${path}[]`);
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* unneeded(child, path ? `${path}.${name}` : name);
}

test('no rule and no bound could be left out without a case that tells', () => {
  assert.ok(allGoWell());
  assert.deepEqual([...unneeded(SCHEMA as Schema, '')], []);
});
