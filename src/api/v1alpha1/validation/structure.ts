import { isJsonObject, type JsonObject } from '../../json.ts';
import type { Issue, Path } from './issue.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { suggest } from './suggest.ts';

/** `blocking`: the value does not have the shape that rules expect, so they are not evaluated; the API server does the same. */
export interface StructureIssue extends Issue {
  readonly blocking: boolean;
}

type Issues = Generator<StructureIssue, void>;

/** Compares `value` with the schema, as the API server does with strict field validation (which is kubectl's). */
export function* checkStructure(value: unknown, schema: StructuralSchema, path: Path = []): Issues {
  const expected = expectation(value, schema);
  if (expected !== null) {
    yield blocking(path, `must be ${expected}, not ${show(value)}`);
  } else if (Array.isArray(value)) {
    yield* checkList(value, schema, path);
  } else if (isJsonObject(value)) {
    yield* checkObject(value, schema, path);
  } else if (typeof value === 'string') {
    yield* checkString(value, schema, path);
  } else if (typeof value === 'number') {
    yield* checkRange(value, schema, path);
  }
}

/** What the schema expects where `value` is of another type; null: it is of the right one. */
function expectation(value: unknown, schema: StructuralSchema): string | null {
  if (schema['x-kubernetes-int-or-string'])
    return typeof value === 'string' || Number.isInteger(value) ? null : 'a whole number or a string';
  switch (schema.type) {
    case 'object':
      return isJsonObject(value) ? null : 'an object';
    case 'array':
      return Array.isArray(value) ? null : 'a list';
    case 'string':
      return typeof value === 'string' ? null : 'a string';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'true or false';
    case 'integer':
      return Number.isInteger(value) ? null : 'a whole number';
    default:
      throw new TypeError(`the schema has a type that is not known here: ${schema.type}`);
  }
}

function* checkObject(value: JsonObject, schema: StructuralSchema, path: Path): Issues {
  const properties = schema.properties ?? {};
  const { maxProperties = Number.POSITIVE_INFINITY } = schema;
  const count = Object.keys(value).length;
  if (count > maxProperties) yield blocking(path, `must have at most ${maxProperties} entries, not ${count}`);
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) yield blocking([...path, name], 'is required');
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
    if (childSchema) yield* checkStructure(child, childSchema, [...path, name]);
    else if (!schema['x-kubernetes-preserve-unknown-fields']) yield unknownField([...path, name], name, Object.keys(properties));
  }
}

function unknownField(path: Path, name: string, known: readonly string[]): StructureIssue {
  const nearest = suggest(name, known);
  return passing(path, `unknown field; ${nearest ? `did you mean ${nearest}?` : `known here: ${known.join(', ')}`}`);
}

function* checkList(value: readonly unknown[], schema: StructuralSchema, path: Path): Issues {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items = {} } = schema;
  if (value.length > maxItems) {
    yield blocking(path, `must have at most ${maxItems} items, not ${value.length}`);
    return;
  }
  if (value.length < minItems) yield passing(path, `must have at least ${minItems} item${minItems === 1 ? '' : 's'}`);
  for (const [index, item] of value.entries()) yield* checkStructure(item, items, [...path, index]);
  yield* checkUnique(value, schema, path);
}

/** Items of a set, or of a map by some of their fields, must differ. */
function* checkUnique(value: readonly unknown[], schema: StructuralSchema, path: Path): Issues {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'map' && listType !== 'set') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const identity = listType === 'map' && isJsonObject(item) ? keys.map((key) => item[key]) : [item];
    const text = JSON.stringify(identity);
    if (seen.has(text)) yield passing([...path, index], `duplicate: ${describe(keys, identity)} is there already`);
    seen.add(text);
  }
}

function describe(keys: readonly string[], identity: readonly unknown[]): string {
  return identity.map((part, index) => [keys[index], show(part)].filter(Boolean).join(' ')).join(' and ');
}

function* checkString(value: string, schema: StructuralSchema, path: Path): Issues {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  const length = [...value].length; // Unicode code points, as the API server counts them
  if (length < minLength) yield passing(path, minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`);
  if (length > maxLength) yield blocking(path, `must have at most ${maxLength} characters, not ${length}`);
  if (schema.enum && !schema.enum.includes(value)) {
    const nearest = suggest(value, schema.enum);
    yield blocking(path, `must be ${schema.enum.join(' or ')}, not ${show(value)}${nearest ? `; did you mean ${nearest}?` : ''}`);
  }
}

function* checkRange(value: number, schema: StructuralSchema, path: Path): Issues {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  if (value < minimum) yield passing(path, `must be at least ${minimum}, not ${value}`);
  if (value > maximum) yield passing(path, `must be at most ${maximum}, not ${value}`);
}

function blocking(path: Path, message: string): StructureIssue {
  return { path, message, blocking: true };
}

function passing(path: Path, message: string): StructureIssue {
  return { path, message, blocking: false };
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
