/** What the documents point to is there: files, headings, paths of the repository, targets of make. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
const targets = new Set([...makefile.matchAll(/^([a-z0-9-]+):.*##/gm)].map(([, target = '']) => target));
const FENCED = /^```.*\n[\s\S]*?^```$/gm;

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(path: string): string[] {
  return [
    ...readFileSync(path, 'utf8')
      .replace(FENCED, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) => anchor(heading));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [file = '', heading] = link.split('#');
  const path = file === '' ? join(root, document) : join(root, dirname(document), file);
  return existsSync(path) && (heading === undefined || anchorsOf(path).includes(heading));
}

assert.ok(documents.length > 15);
for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8');
  const prose = text.replace(FENCED, '');
  const code = [...[...text.matchAll(FENCED)].map(([block]) => block), ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)];

  suite(document, () => {
    test('each link leads to a file and a heading that are there', () => {
      const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link));
      assert.deepEqual(
        links.filter((link) => !leadsSomewhere(document, link)),
        [],
      );
    });
    test('each path of the repository is one', () => {
      const paths = code.filter((span) => /^(?:src|test|docs|deploy|crds|bench|scripts)\/[\w./*-]+$/.test(span));
      assert.deepEqual(
        paths.filter((path) => globSync(path, { cwd: root }).length === 0),
        [],
      );
    });
    test('each target of make is one', () => {
      const asked = code.flatMap((span) => [...span.matchAll(/(?:^|[\n ])make ([a-z][a-z0-9-]*)/g)].map(([, target = '']) => target));
      assert.deepEqual(
        asked.filter((target) => !targets.has(target)),
        [],
      );
    });
  });
}
