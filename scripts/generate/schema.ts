import type { Crd, CrdSchema } from './crd.ts';

/** What a person writes into `metadata`, or finds there in an object that was read from a cluster. The CRD leaves it to the API server. */
const TEXT = { type: 'string' };
const TEXTS = { type: 'object', additionalProperties: { type: 'string' } };
const ANY_LIST = { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const WHOLE = { type: 'integer' };
const METADATA: CrdSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: TEXT,
    generateName: TEXT,
    namespace: TEXT,
    labels: TEXTS,
    annotations: TEXTS,
    finalizers: { type: 'array', items: TEXT },
    ownerReferences: ANY_LIST,
    managedFields: ANY_LIST,
    uid: TEXT,
    resourceVersion: TEXT,
    generation: WHOLE,
    creationTimestamp: TEXT,
    deletionTimestamp: TEXT,
    deletionGracePeriodSeconds: WHOLE,
    selfLink: TEXT,
  },
};

/** The schema with its rules, for src/api/v1alpha1/validation: without descriptions, and with what the API server knows of `metadata`. */
export function generateSchema(crd: Crd): string {
  const schema = withoutDescriptions(crd.schema);
  schema.required = ['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])];
  // A status that comes with a file is ignored, by the API server too.
  schema.properties = {
    ...schema.properties,
    metadata: METADATA,
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  return `// Generated from crds/ by scripts/generate.ts (npm run generate). Do not edit.
import type { StructuralSchema } from './validation/structural-schema.ts';

export const SCHEMA: StructuralSchema = ${JSON.stringify(schema, null, 2)};
`;
}

function withoutDescriptions({ description: _, ...schema }: CrdSchema): CrdSchema {
  if (schema.items) schema.items = withoutDescriptions(schema.items);
  if (schema.properties) {
    schema.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, value]) => [name, withoutDescriptions(value)]));
  }
  return schema;
}
