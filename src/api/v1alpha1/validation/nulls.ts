import { isJsonObject } from '../../json.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Without the fields that are null: the API server, too, takes `heartbeat:` with nothing behind it for no heartbeat at all. */
export function withoutNulls(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) return schema.items ? value.map((item) => withoutNulls(item, schema.items ?? {})) : value;
  if (!isJsonObject(value)) return value;
  const { properties = {} } = schema;
  const kept = Object.entries(value).filter(([name, child]) => child !== null || !Object.hasOwn(properties, name));
  return Object.fromEntries(
    kept.map(([name, child]) => [name, withoutNulls(child, (Object.hasOwn(properties, name) && properties[name]) || {})]),
  );
}
