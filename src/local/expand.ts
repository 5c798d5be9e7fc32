/**
 * Kubernetes' own expansion of `$(NAME)` in command, args and env values: `$$` stands for one `$`, so `$$(NAME)` comes out as `$(NAME)`,
 * and a reference to a name that is not known stays as it is written.
 */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return variables.get(name) ?? match;
  });
}
