import { Environment } from '@marcbachmann/cel-js';
import { isJsonObject } from '../../json.ts';
import { isAddress, isPrefix } from './ip.ts';
import type { Issue, Path } from './issue.ts';
import type { StructuralSchema, ValidationRule } from './structural-schema.ts';

type Program = ReturnType<Environment['parse']>;

/** CEL as the API server knows it, as far as our rules go; one table of cases holds both against each other. */
const environment = new Environment()
  .registerVariable('self', 'dyn')
  .registerFunction('isIP(string): bool', isAddress)
  .registerFunction('isCIDR(string): bool', isPrefix);
const programs = new Map<string, Program>();

/** Evaluates the CEL rules (x-kubernetes-validations) of the schema and all that it holds. `value` must have passed checkStructure. */
export function checkRules(value: unknown, schema: StructuralSchema): Issue[] {
  const issues: Issue[] = [];
  checkNode(value, toCel(value, schema), schema, [], issues);
  return issues;
}

function checkNode(value: unknown, self: unknown, schema: StructuralSchema, path: Path, issues: Issue[]): void {
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    const message = evaluate(rule, self);
    if (message !== null) issues.push({ path: [...path, ...fieldPath(rule)], message });
  }
  if (Array.isArray(value) && Array.isArray(self) && schema.items) {
    for (const [index, item] of value.entries()) checkNode(item, self[index], schema.items, [...path, index], issues);
  } else if (isJsonObject(value) && isJsonObject(self)) {
    for (const [name, child] of Object.entries(schema.properties ?? {})) {
      if (Object.hasOwn(value, name)) checkNode(value[name], self[name], child, [...path, name], issues);
    }
  }
}

function evaluate({ rule, message }: ValidationRule, self: unknown): string | null {
  try {
    return program(rule)({ self }) === true ? null : message;
  } catch (error) {
    return `${message} (the rule could not be evaluated: ${error instanceof Error ? error.message : String(error)})`;
  }
}

function program(rule: string): Program {
  const known = programs.get(rule);
  if (known) return known;
  const parsed = environment.parse(rule);
  programs.set(rule, parsed);
  return parsed;
}

function fieldPath({ fieldPath = '' }: ValidationRule): string[] {
  return fieldPath.split('.').filter(Boolean);
}

/** CEL tells whole numbers from others, and sees only the fields that the schema knows. */
function toCel(value: unknown, schema: StructuralSchema): unknown {
  if (typeof value === 'number' && (schema.type === 'integer' || schema['x-kubernetes-int-or-string'])) return BigInt(value);
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema.items ?? {}));
  if (!isJsonObject(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  if (additionalProperties)
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, toCel(child, additionalProperties)]));
  const known = Object.entries(properties).filter(([name]) => Object.hasOwn(value, name));
  return Object.fromEntries(known.map(([name, child]) => [name, toCel(value[name], child)]));
}
