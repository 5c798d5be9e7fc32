import { type Document, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { isJsonObject } from '../api/json.ts';
import { API_VERSION, KIND } from '../api/v1alpha1/names.ts';
import type { LoadBalancedService } from '../api/v1alpha1/types.ts';
import { normalize, validate } from '../api/v1alpha1/validate.ts';
import { formatPath, type Issue, type Path } from '../api/v1alpha1/validation/issue.ts';
import { suggest } from '../api/v1alpha1/validation/suggest.ts';
import { locate, type Position, positionAt } from './locate.ts';

const MAX_CHARACTERS = 1_048_576;
const MAX_DOCUMENTS = 64;
const MAX_ALIASES = 100;

/** What is wrong with a file, and where. */
export interface FileIssue extends Position {
  readonly file: string;
  /** Such as `spec.ports[0].name`; empty where it is about the file or the whole document. */
  readonly path: string;
  readonly message: string;
}

export interface ParsedResource {
  readonly resource: LoadBalancedService;
  readonly file: string;
  /** Where a part of the resource stands in its file. */
  readonly locate: (path: Path) => Position;
}

export interface ParsedFile {
  /** The valid ones, in the order of the file. */
  readonly resources: readonly ParsedResource[];
  /** Empty: each document of the file is a valid LoadBalancedService, and there is one at least. */
  readonly issues: readonly FileIssue[];
}

/** Reads a file of one or more LoadBalancedServices in YAML or JSON, and holds them against the rules of the API server. */
export function parseResources(text: string, file: string): ParsedFile {
  const issues: FileIssue[] = [];
  const report = (position: Position, path: Path, message: string) => issues.push({ file, ...position, path: formatPath(path), message });
  const start: Position = { line: 1, column: 1 };
  if (text.length > MAX_CHARACTERS) {
    report(start, [], `has ${text.length} characters; at most ${MAX_CHARACTERS} are read`);
    return { resources: [], issues };
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true });
  const documents = ('empty' in parsed ? [] : parsed).filter((document) => !isBlank(document));
  if (documents.length === 0) report(start, [], `is empty; a ${KIND} is expected`);
  if (documents.length > MAX_DOCUMENTS) {
    report(start, [], `has ${documents.length} documents; at most ${MAX_DOCUMENTS} are read`);
    return { resources: [], issues };
  }

  const resources: ParsedResource[] = [];
  for (const document of documents) {
    const find = (path: Path) => locate(document, path, lines);
    const syntax = syntaxIssues(document, lines);
    for (const { position, message } of syntax) report(position, [], message);
    if (syntax.length > 0) continue;
    const value = toValue(document);
    const found = value === undefined ? [TOO_MANY_ALIASES] : [...headerIssues(value)];
    if (found.length === 0) found.push(...validate(value));
    if (found.length === 0 && resources.some(({ resource }) => sameName(resource, value))) found.push(NAME_TAKEN);
    for (const { path, message } of found) report(find(path), path, message);
    if (found.length === 0) resources.push({ resource: value as LoadBalancedService, file, locate: find });
  }
  return { resources, issues };
}

/** `shop.yaml:12:5: spec.ports[0].port: must be at least 1, not 0` */
export function formatIssue({ file, line, column, path, message }: FileIssue): string {
  return `${file}:${line}:${column}: ${path ? `${path}: ` : ''}${message}`;
}

const TOO_MANY_ALIASES: Issue = { path: [], message: `repeats more than ${MAX_ALIASES} parts by aliases; write them out` };
const NAME_TAKEN: Issue = { path: ['metadata', 'name'], message: 'is the name of an earlier document of this file too' };

/** Nothing but comments, as after a last `---`. */
function isBlank({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}

interface SyntaxIssue {
  readonly position: Position;
  readonly message: string;
}

function syntaxIssues(document: Document, lines: LineCounter): SyntaxIssue[] {
  const issues = document.errors.map(({ code, pos, message }) => ({
    position: positionAt(pos[0], lines),
    message: code === 'DUPLICATE_KEY' ? 'the same field is given twice' : `is not YAML: ${message}`,
  }));
  visit(document, {
    Alias(_, alias, ancestors) {
      const target = alias.resolve(document);
      if (target && !ancestors.includes(target)) return;
      const problem = target ? 'stands inside of what it repeats' : 'repeats something that is not there';
      issues.push({ position: positionAt(alias.range?.[0] ?? 0, lines), message: `the alias *${alias.source} ${problem}` });
    },
  });
  return issues;
}

/** Undefined where aliases would make it grow out of all proportion. */
function toValue(document: Document): unknown {
  try {
    return normalize(document.toJS({ maxAliasCount: MAX_ALIASES }));
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

function* headerIssues(value: unknown): Generator<Issue> {
  if (!isJsonObject(value)) {
    yield { path: [], message: `holds no fields; a ${KIND} is expected` };
  } else if (typeof value.kind !== 'string' || typeof value.apiVersion !== 'string') {
    yield { path: [], message: `needs apiVersion: ${API_VERSION} and kind: ${KIND}` };
  } else if (value.kind !== KIND) {
    const meant = suggest(value.kind, [KIND]) ? `did you mean ${KIND}?` : `only ${KIND} can be used here`;
    yield { path: ['kind'], message: `unknown kind ${value.kind}; ${meant}` };
  } else if (value.apiVersion !== API_VERSION) {
    yield { path: ['apiVersion'], message: `unknown version ${value.apiVersion}; ${API_VERSION} is the one that is known here` };
  }
}

function sameName(resource: LoadBalancedService, value: unknown): boolean {
  if (!isJsonObject(value) || !isJsonObject(value.metadata)) return false;
  const { name, namespace } = value.metadata;
  return resource.metadata.name === name && resource.metadata.namespace === namespace;
}
