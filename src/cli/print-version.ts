import type { Command } from 'commander';
import { version } from './version.ts';

/** `evenkeel version` */
export function configure(command: Command): void {
  command.action(() => {
    console.log(`evenkeel ${version} (Node ${process.versions.node}, ${process.platform} ${process.arch})`);
  });
}
