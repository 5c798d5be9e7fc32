/** Names of fields, and indexes into lists, from the object downwards. */
export type Path = readonly (string | number)[];

/** What is wrong with a resource, and where. */
export interface Issue {
  readonly path: Path;
  readonly message: string;
}

/** `spec.ports[0].name` */
export function formatPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
