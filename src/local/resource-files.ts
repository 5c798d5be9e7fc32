import { readFileSync, statSync } from 'node:fs';
import { formatIssue, type ParsedResource, parseResources } from '../config/parse-resources.ts';
import { LocalError } from './local-error.ts';
import { placeOf } from './place.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** The text of a file. Throws a LocalError that says what hinders reading it. */
export function readResourceFile(file: string): string {
  try {
    const facts = statSync(file);
    if (facts.isDirectory()) throw new LocalError('File', `${file} is a directory: give the files in it`);
    if (facts.size > MAX_BYTES) throw new LocalError('File', `${file} is too large for a resource file: ${facts.size} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof LocalError) throw error;
    throw new LocalError('File', fileProblem(file, error as NodeJS.ErrnoException));
  }
}

/** All resources of all files. Throws one LocalError with a line for each thing that is wrong. */
export function readResourceFiles(files: readonly string[]): ParsedResource[] {
  const problems: string[] = [];
  const resources: ParsedResource[] = [];
  for (const file of files) {
    const parsed = parseResources(readResourceFile(file), file);
    problems.push(...parsed.issues.map(formatIssue));
    resources.push(...parsed.resources);
  }
  if (problems.length > 0) throw new LocalError('Resource', problems);
  rejectTwins(resources);
  return resources;
}

function rejectTwins(resources: readonly ParsedResource[]): void {
  const seen = new Map<string, ParsedResource>();
  for (const parsed of resources) {
    const name = parsed.resource.metadata.name ?? '';
    const twin = seen.get(name);
    if (twin !== undefined) {
      throw new LocalError(
        'Resource',
        `${placeOf(parsed)}: metadata.name: ${name} is the name of another resource too (${placeOf(twin)}): without a cluster each needs a name of its own`,
      );
    }
    seen.set(name, parsed);
  }
}

function fileProblem(file: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no file ${file}`;
  if (code === 'EACCES' || code === 'EPERM') return `${file} may not be read by this user`;
  return `${file} cannot be read: ${message}`;
}
