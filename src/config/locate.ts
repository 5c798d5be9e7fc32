import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, type LineCounter } from 'yaml';
import type { Path } from '../api/v1alpha1/validation/issue.ts';

/** Both from 1 up, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function positionAt(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Where in the text `path` stands: at its key, or at its item; where it is not there, at the nearest of what holds it. */
export function locate(document: Document, path: Path, lines: LineCounter): Position {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const part of path) {
    const step = child(isAlias(node) ? node.resolve(document) : node, part);
    if (!step) break;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return positionAt(offset, lines);
}

function child(node: unknown, part: string | number): { readonly node: unknown; readonly offset: number | undefined } | null {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? { node: item, offset: item.range?.[0] } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find((each) => isPair(each) && isScalar(each.key) && String(each.key.value) === part);
  return pair ? { node: pair.value, offset: isNode(pair.key) ? pair.key.range?.[0] : undefined } : null;
}
