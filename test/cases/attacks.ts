import { parse } from 'yaml';
import { isJsonObject } from '../../src/api/json.ts';
import { SCHEMA } from '../../src/api/v1alpha1/schema.ts';
import type { StructuralSchema } from '../../src/api/v1alpha1/validation/structural-schema.ts';
import { resourceCases } from './resources.ts';

/**
 * What somebody may try to write beyond a field's end: into a line of a header, a key of a file, a path, a query or another object's name.
 * All of them are refused wherever they stand in a spec, alone and behind what the field had before.
 */
export const attacks: Readonly<Record<string, string>> = {
  'a line break and a header': '\r\nX-Injected: yes',
  'a line feed': '\nX-Injected: yes',
  'a carriage return': '\rX-Injected: yes',
  'a NUL': '\0',
  'a tab': '\tx',
  'an escape sequence for terminals': '\u001b[2J',
  DEL: '\u007f',
  'a line separator of Unicode': '\u2028X-Injected: yes',
  'a next line of Latin-1': '\u0085X-Injected: yes',
  'a letter that turns into a line feed where only its low byte is kept': '\u010aX-Injected: yes',
  'a letter that reads from right to left': '\u202egnp.exe',
  'a letter that looks like another': '\u0430',
  'a blank at the end': ' ',
};

/** Beside those, in fields that are names of objects, of files or of hosts. */
export const nameAttacks: Readonly<Record<string, string>> = {
  'another namespace': '../kube-system/x',
  'another directory': '/../../etc/passwd',
  'a subresource': '/exec',
  'a selector of several': ',other',
  'a query': '?dryRun=All',
  'a fragment': '#x',
  'an encoded slash': '%2f..',
  'a quote': '"',
  'a blank and a word': ' x',
  'a wildcard': '*',
  'a second port': ':22:23',
  'somebody else': 'user@host',
};

/** A field of some resource, with a resource that is valid and has it. */
export interface Field {
  /** As in `kubectl explain`: without indexes. */
  readonly path: string;
  /** The resource with `text` in that field, in place of what it had or after it. */
  with(text: string, after: boolean): unknown;
}

/** Pod templates go into Deployments as they are, and end nowhere else: what may stand in a pod, the API server judges. */
const TEMPLATE = 'template';

type Steps = readonly (string | number)[];

/** Names, hosts and paths into files; other texts are of a form of their own (durations, CIDRs, header values, paths of URLs). */
export function isName(path: string): boolean {
  return /\.(name|portName|hostname)$/.test(path) && !/headers\.name$/.test(path);
}

/** One occurrence of each text field of a spec that some valid case has. */
export function textFields(): Map<string, Field> {
  const found = new Map<string, Field>();
  for (const { resource, refused } of Object.values(resourceCases)) {
    if (refused) continue;
    const value: unknown = parse(resource);
    visit(value, SCHEMA, [], (steps) => {
      const path = steps.filter((step) => typeof step === 'string').join('.');
      if (!found.has(path)) found.set(path, { path, with: (text, after) => replaced(value, steps, text, after) });
    });
  }
  return found;
}

/** All that the schema knows of texts that are not one of a few words. */
export function textPaths(node: StructuralSchema = SCHEMA.properties?.spec ?? {}, path = 'spec'): string[] {
  if (isText(node)) return [path];
  const below = Object.entries(node.properties ?? {})
    .filter(([name]) => name !== TEMPLATE)
    .flatMap(([name, child]) => textPaths(child, `${path}.${name}`));
  return [...below, ...(node.items ? textPaths(node.items, path) : [])];
}

function isText(node: StructuralSchema): boolean {
  return node.enum === undefined && (node.type === 'string' || node['x-kubernetes-int-or-string'] === true);
}

function visit(value: unknown, node: StructuralSchema, steps: Steps, tell: (steps: Steps) => void): void {
  if (typeof value === 'string' && isText(node) && steps[0] === 'spec') tell(steps);
  if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, node.items ?? {}, [...steps, index], tell);
  if (!isJsonObject(value)) return;
  for (const [name, child] of Object.entries(value)) {
    const known = name === TEMPLATE ? undefined : node.properties?.[name];
    if (known) visit(child, known, [...steps, name], tell);
  }
}

function replaced(resource: unknown, steps: Steps, text: string, after: boolean): unknown {
  const copy = structuredClone(resource);
  let at = copy as Record<string | number, unknown>;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = steps.at(-1) ?? '';
  at[last] = after ? `${at[last]}${text}` : text;
  return copy;
}
