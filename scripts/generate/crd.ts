import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The part of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps) that the files in crds/ use. */
export interface CrdSchema {
  description?: string;
  type?: string;
  properties?: Record<string, CrdSchema>;
  items?: CrdSchema;
  required?: string[];
  enum?: string[];
  [keyword: string]: unknown;
}

export interface Crd {
  readonly file: string;
  readonly kind: string;
  readonly version: string;
  readonly schema: CrdSchema;
}

interface CrdFile {
  spec: { names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: CrdSchema } }[] };
}

/** Reads one file of crds/, which holds one version. */
export function readCrd(root: URL, file: string): Crd {
  const crd = parse(readFileSync(new URL(file, root), 'utf8')) as CrdFile;
  const version = crd.spec.versions[0];
  if (!version || crd.spec.versions.length !== 1) throw new Error(`${file}: one version is expected`);
  return { file, kind: crd.spec.names.kind, version: version.name, schema: version.schema.openAPIV3Schema };
}
