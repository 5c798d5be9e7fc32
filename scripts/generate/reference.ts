import type { Crd, CrdSchema } from './crd.ts';
import { markdown } from './markdown.ts';

const BEGIN =
  '<!-- Generated from crds/ and src/cli/ by scripts/generate.ts (npm run generate): do not edit between this line and its end. -->';
const END = '<!-- End of what is generated. -->';

interface Field {
  readonly path: string;
  readonly type: string;
  readonly standard: string;
  readonly description: string;
}

/** The reference: `current` with its generated part replaced; what people have written around it stays. */
export function generateReference(crds: readonly Crd[], commands: readonly string[], current: string | null): string {
  const generated = [BEGIN, '', ...crds.flatMap(kindSection), ...commands, END].join('\n');
  const begin = current?.indexOf(BEGIN) ?? -1;
  const end = current?.indexOf(END) ?? -1;
  if (current === null || begin === -1 || end === -1) return `# Reference\n\n${generated}\n`;
  return current.slice(0, begin) + generated + current.slice(end + END.length);
}

function kindSection({ kind, version, schema }: Crd): string[] {
  const { spec, status } = schema.properties ?? {};
  const sections = [`## ${kind} (evenkeel.dev/${version})`, '', schema.description ?? '', ''];
  if (spec) sections.push('### spec', '', ...table(fieldsOf(spec, 'spec'), true));
  const rules = [...rulesOf(schema, '')];
  if (rules.length > 0) sections.push('What the API server and `evenkeel run` refuse beyond types and bounds:', '', ...rules, '');
  if (status) sections.push('### status', '', ...table(fieldsOf(status, 'status'), false));
  return sections;
}

function table(fields: readonly Field[], withDefaults: boolean): string[] {
  const head = withDefaults ? ['| Field | Type | Default | |', '|---|---|---|---|'] : ['| Field | Type | |', '|---|---|---|'];
  const row = ({ path, type, standard, description }: Field) =>
    withDefaults ? `| \`${path}\` | ${type} | ${standard} | ${description} |` : `| \`${path}\` | ${type} | ${description} |`;
  return [...head, ...fields.map(row), ''];
}

function fieldsOf(schema: CrdSchema, path: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const [description, standard] = splitDefault(child.description ?? '');
    const required = schema.required?.includes(name) === true;
    const field = {
      path: `${path}.${name}`,
      type: typeOf(child),
      standard: required ? '(required)' : standard,
      description: markdown(description),
    };
    const inner = child.items ? fieldsOf(child.items, `${path}.${name}[]`) : fieldsOf(child, `${path}.${name}`);
    return [field, ...inner];
  });
}

/** Descriptions end with their default, as `kubectl explain` shows them: `... Default 500ms.`, `... Default is the name of the resource.` */
function splitDefault(description: string): [description: string, standard: string] {
  const match = /^(.*?)\s*\bDefault (is )?(.+)\.$/.exec(description);
  if (!match) return [description, ''];
  const value = match[3] ?? '';
  const code = match[2] === undefined ? value.replace(/^[^,]+/, (literal) => `\`${literal}\``) : value;
  return [match[1] ?? '', markdown(code)];
}

function typeOf(schema: CrdSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' ');
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.type === 'array') return schema.items?.type === 'object' ? 'list of objects' : 'list of strings';
  return schema.format === 'date-time' ? 'time' : (schema.type ?? '');
}

function* rulesOf(schema: CrdSchema, path: string): Generator<string> {
  const rules = (schema['x-kubernetes-validations'] ?? []) as { message: string; fieldPath?: string }[];
  for (const { message, fieldPath = '' } of rules) yield `- \`${`${path}${fieldPath}`.replace(/^\./, '')}\`: ${markdown(message)}`;
  if (schema.items) yield* rulesOf(schema.items, `${path}[]`);
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* rulesOf(child, `${path}.${name}`);
}
