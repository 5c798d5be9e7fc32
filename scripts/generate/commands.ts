import type { Argument, Command, Option } from 'commander';
import { buildProgram } from '../../src/cli/command-line.ts';
import { markdown } from './markdown.ts';

/** The commands with their arguments and options, from what `--help` is made of. */
export async function commandsSection(): Promise<string[]> {
  const program = await buildProgram(() => true);
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help');
  return [
    '## Command line',
    '',
    'An option wins over its environment variable, and that over the default. `evenkeel help COMMAND` tells more of each.',
    '',
    ...commands.flatMap(commandSection),
  ];
}

function commandSection(command: Command): string[] {
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.filter(({ hidden }) => !hidden).map(optionRow)];
  const head = ['| Option | Default | Environment | |', '|---|---|---|---|'];
  const takes = rows.length === 0 ? ['Takes nothing.'] : [...head, ...rows];
  return [`### evenkeel ${command.name()}`, '', `${sentence(command.description())}`, '', ...takes, ''];
}

function argumentRow(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return row(`<${name}>`, argument.required ? '(required)' : '', undefined, argument.description);
}

function optionRow(option: Option): string {
  const [description, told] = splitDefault(option.description);
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`;
  return row(option.flags, told ?? defaultOf(option), option.envVar, description + choices);
}

/** Where the default is no value, the description ends with it: `... (default: all)`, `...; required`. */
function splitDefault(text: string): [description: string, told: string | undefined] {
  const [, description, byDefault] = /^(.*?)(?: \(default: (.+)\)|; required)$/.exec(text) ?? [];
  return description === undefined ? [text, undefined] : [description, byDefault ?? '(required)'];
}

function defaultOf({ defaultValue, defaultValueDescription, required }: Option): string {
  if (!required) return 'off';
  // A duration is described as it is written; other descriptions are words.
  if (defaultValueDescription !== undefined && !/^\d/.test(defaultValueDescription)) return defaultValueDescription;
  return defaultValue === undefined ? '' : `\`${defaultValueDescription ?? defaultValue}\``;
}

function row(name: string, byDefault: string, variable: string | undefined, description: string): string {
  return `| \`${name}\` | ${byDefault} | ${variable === undefined ? '' : `\`${variable}\``} | ${markdown(description)} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
