import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/api/meta.ts';

export const root = join(import.meta.dirname, '../..');

/** The objects in a text of YAML documents, by kind and name. */
export function objectsIn(text: string): Map<string, KubeObject> {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject | null);
  return new Map(objects.filter((each) => each !== null).map((each) => [`${each.kind}/${each.metadata?.name}`, each]));
}

export function objectsInFile(path: string): Map<string, KubeObject> {
  return objectsIn(readFileSync(join(root, path), 'utf8'));
}

/** The pod template's container of an operator's Deployment. */
export function operatorContainer(objects: ReadonlyMap<string, KubeObject>): {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
} {
  const deployment = objects.get('Deployment/evenkeel-operator') as unknown as {
    spec: { template: { spec: { containers: [ReturnType<typeof operatorContainer>] } } };
  };
  return deployment.spec.template.spec.containers[0];
}
