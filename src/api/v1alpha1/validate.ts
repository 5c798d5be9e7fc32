import { SCHEMA } from './schema.ts';
import type { Issue } from './validation/issue.ts';
import { withoutNulls } from './validation/nulls.ts';
import { checkRules } from './validation/rules.ts';
import { checkStructure } from './validation/structure.ts';

/**
 * What the API server would refuse of `resource`, in the CRD's own words: its schema, unknown fields (as kubectl asks for), and its
 * CEL rules where the shape is right. An empty list: it is a LoadBalancedService.
 */
export function validate(resource: unknown): Issue[] {
  const structure = [...checkStructure(resource, SCHEMA)];
  const rules = structure.some(({ blocking }) => blocking) ? [] : checkRules(resource, SCHEMA);
  return [...structure.map(({ path, message }) => ({ path, message })), ...rules];
}

/** `resource` as the API server would store it: without the fields of the schema that are null. */
export function normalize(resource: unknown): unknown {
  return withoutNulls(resource, SCHEMA);
}
