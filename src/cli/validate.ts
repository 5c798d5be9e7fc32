import type { Command } from 'commander';
import { readResourceFiles } from '../local/resource-files.ts';

const HELP = `
Says line and column of all that the API server would refuse, in its own words,
and of fields that do not exist. Exit code 0: nothing.

Example:
  evenkeel validate deploy/samples/*.yaml`;

/** `evenkeel validate FILE...` */
export function configure(command: Command): void {
  command.argument('<file...>', 'files of LoadBalancedServices, in YAML or JSON').addHelpText('after', HELP).action(validate);
}

function validate(files: readonly string[]): void {
  for (const { file, resource } of readResourceFiles(files)) console.log(`${file}: ${resource.metadata.name} is valid`);
}
