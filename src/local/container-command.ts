import { expandVariables } from './expand.ts';

/** What local mode takes from a pod template: the container that serves, and how it is started. */
export interface ContainerCommand {
  /** `command` and `args`, in a row; still with their `$(NAME)` references. */
  readonly words: readonly string[];
  readonly workingDirectory: string | null;
  /** Literal ones, in order; still with their references. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  /** Of the command, from the template. */
  readonly path: readonly (string | number)[];
  /** Fields of the template that mean nothing without a cluster, such as `spec.containers[0].resources`. */
  readonly ignored: readonly string[];
}

/** A template that cannot be run here; `path` leads to the field, from the template. */
export class ContainerCommandError extends Error {
  override readonly name = 'ContainerCommandError';
  readonly code = 'NoLocalCommand';
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const HONOURED = new Set(['name', 'command', 'args', 'workingDir', 'env', 'ports']);

/** Reads a PodTemplateSpec. `ports`: the backend's port numbers; the container that declares one of them serves, or else the first. */
export function containerCommand(template: unknown, ports: readonly number[]): ContainerCommand {
  const { spec: podSpec, ...besides } = fields(template);
  const { containers: list, ...restOfSpec } = fields(podSpec);
  const containers = array(list).map(fields);
  const index = Math.max(
    0,
    containers.findIndex((container) => declaresAnyOf(container, ports)),
  );
  const container = containers[index];
  const at = ['spec', 'containers', index];
  if (container === undefined) throw new ContainerCommandError(['spec', 'containers'], 'there is no container to run');
  const command = array(container.command).map(String);
  if (command.length === 0) {
    const image = typeof container.image === 'string' ? `image "${container.image}"` : 'its image';
    throw new ContainerCommandError(
      'args' in container ? [...at, 'args'] : at,
      `container "${String(container.name)}" has no command: without a cluster ${image} is not run, so give the command that starts the server here`,
    );
  }
  const { literal, ignored: ignoredVariables } = environmentOf(array(container.env).map(fields));
  const prefix = `spec.containers[${index}]`;
  return {
    words: [...command, ...array(container.args).map(String)],
    workingDirectory: typeof container.workingDir === 'string' ? container.workingDir : null,
    environment: literal,
    path: [...at, 'command'],
    ignored: [
      ...Object.keys(besides),
      ...Object.keys(restOfSpec).map((key) => `spec.${key}`),
      ...containers.flatMap((_, other) => (other === index ? [] : [`spec.containers[${other}]`])),
      ...Object.keys(container).flatMap((key) => (HONOURED.has(key) ? [] : [`${prefix}.${key}`])),
      ...ignoredVariables.map((variable) => `${prefix}.env[${variable}]`),
    ],
  };
}

/**
 * The command of one replica, with every reference expanded as Kubernetes does. `given` (PORT, HOSTNAME, ...) is known from the start
 * and wins over a literal of the same name: here each replica has a port of its own.
 */
export function expandCommand(
  command: ContainerCommand,
  given: Readonly<Record<string, string>>,
): { words: string[]; workingDirectory: string | null; environment: Record<string, string> } {
  const variables = new Map(Object.entries(given));
  for (const { name, value } of command.environment) {
    if (!(name in given)) variables.set(name, expandVariables(value, variables));
  }
  return {
    words: command.words.map((word) => expandVariables(word, variables)),
    workingDirectory: command.workingDirectory,
    environment: Object.fromEntries(variables),
  };
}

function declaresAnyOf(container: Fields, ports: readonly number[]): boolean {
  return array(container.ports).some((port) => ports.includes(Number(fields(port).containerPort)));
}

function environmentOf(variables: readonly Fields[]): { literal: { name: string; value: string }[]; ignored: string[] } {
  const literal: { name: string; value: string }[] = [];
  const ignored: string[] = [];
  for (const { name, value, valueFrom } of variables) {
    if (valueFrom !== undefined) ignored.push(String(name));
    else literal.push({ name: String(name), value: value === undefined ? '' : String(value) });
  }
  return { literal, ignored };
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
