import type { Path } from '../api/v1alpha1/validation/issue.ts';
import type { ParsedResource } from '../config/parse-resources.ts';

/** `shop.yaml:3:18`, where a part of a resource stands; its name, unless another is asked for. */
export function placeOf({ file, locate }: ParsedResource, path: Path = ['metadata', 'name']): string {
  const { line, column } = locate(path);
  return `${file}:${line}:${column}`;
}
