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

/** What `manager` owns by apply; undefined where that is nothing. */
export function appliedFields(object: KubeObject, manager: string): FieldTree | undefined {
  return managedFieldsOf(object).find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  )?.fieldsV1;
}

/**
 * Whether every field that `value` has is in the tree. Who changes or removes a field that another one has applied takes it out of that
 * one's tree; so where all that was applied last is still in it, all of it stands as it was applied.
 */
export function covers(tree: FieldTree | undefined, value: unknown): boolean {
  if (tree === undefined) return false;
  // A leaf: a scalar, or a list or map that is owned as a whole.
  if (Object.keys(tree).length === 0) return true;
  if (Array.isArray(value)) return value.every((item) => itemsOf(tree, item).some((below) => covers(below, item)));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(([name, below]) => below === undefined || covers(tree[`f:${name}`], below));
}

/** Of a list: what is below the items that `item` may be: those with its key, as far as it gives it, since the rest of a key is defaulted. */
function itemsOf(tree: FieldTree, item: unknown): FieldTree[] {
  if (typeof item !== 'object' || item === null) {
    const found = tree[`v:${JSON.stringify(item)}`];
    return found === undefined ? [] : [found];
  }
  return Object.entries(tree).flatMap(([path, below]) => (path.startsWith('k:') && hasKey(item, path.slice(2)) ? [below] : []));
}

function hasKey(item: object, key: string): boolean {
  const given = item as Readonly<Record<string, unknown>>;
  return Object.entries(JSON.parse(key) as Record<string, unknown>).every(
    ([name, value]) => given[name] === undefined || given[name] === value,
  );
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
