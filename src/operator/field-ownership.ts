import type { KubeObject } from '../api/meta.ts';

/** One entry of metadata.managedFields. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly subresource?: string;
  /** A tree: `f:name` of a field holds the fields below it. */
  readonly fieldsV1?: FieldTree;
}

export interface FieldTree {
  readonly [field: string]: FieldTree;
}

export function managedFieldsOf(object: KubeObject): readonly ManagedFields[] {
  return (object.metadata?.managedFields ?? []) as readonly ManagedFields[];
}

/** `path`: names of fields from the object downwards. */
export function owns(object: KubeObject, manager: string, path: readonly string[]): boolean {
  return managedFieldsOf(object).some((entry) => entry.manager === manager && has(entry.fieldsV1, path));
}

function has(tree: FieldTree | undefined, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (tree === undefined) return false;
  return first === undefined || has(tree[`f:${first}`], rest);
}

/**
 * The managedFields with what `manager` owns by create or update turned into what it owns by apply; null where there is nothing to turn.
 * An apply takes away only what was owned by apply before: without this, a field of the first version of an object would stay for ever
 * after it is no longer wanted (client-go's csaupgrade package does the same). `except`: a field that the manager is to let go of.
 */
export function ownedByApply(object: KubeObject, manager: string, except: readonly string[] | null): ManagedFields[] | null {
  const entries = managedFieldsOf(object);
  const mine = entries.filter((entry) => entry.manager === manager && entry.subresource === undefined);
  const updated = mine.find((entry) => entry.operation === 'Update');
  if (updated === undefined) return null;
  const applied = mine.find((entry) => entry.operation === 'Apply');
  const merged = merge(updated.fieldsV1 ?? {}, applied?.fieldsV1 ?? {});
  const fieldsV1 = except === null ? merged : without(merged, except);
  return [...entries.filter((entry) => !mine.includes(entry)), { ...updated, operation: 'Apply', fieldsV1 }];
}

function merge(a: FieldTree, b: FieldTree): FieldTree {
  const out: Record<string, FieldTree> = { ...a };
  for (const [field, below] of Object.entries(b)) out[field] = merge(out[field] ?? {}, below);
  return out;
}

function without(tree: FieldTree, path: readonly string[]): FieldTree {
  const [first, ...rest] = path;
  const key = `f:${first}`;
  const below = tree[key];
  if (first === undefined || below === undefined) return tree;
  const { [key]: _dropped, ...others } = tree;
  if (rest.length === 0) return others;
  return { ...others, [key]: without(below, rest) };
}
