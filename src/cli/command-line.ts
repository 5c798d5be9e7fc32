import { Command, CommanderError } from 'commander';
import { suggest } from '../api/v1alpha1/validation/suggest.ts';
import { describeFailure, UsageError } from './failure.ts';
import { version } from './version.ts';

/** What a command's file exports: it adds arguments, options, help and the action to a command that has its name and summary. */
export interface CommandModule {
  configure(command: Command): void;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Only the command that was asked for is loaded: the balancer must not carry what the operator needs. */
  readonly load: () => Promise<CommandModule>;
  /** Nobody types it. */
  readonly hidden?: boolean;
}

const COMMANDS: readonly CommandEntry[] = [
  { name: 'demo', summary: 'show a failover and a recovery, live, on this machine', load: () => import('./demo.ts') },
  { name: 'run', summary: 'run a LoadBalancedService without a cluster', load: () => import('./run.ts') },
  { name: 'validate', summary: 'check resource files by the rules that a cluster applies', load: () => import('./validate.ts') },
  { name: 'hello', summary: 'be a Hello World server', load: () => import('./hello.ts') },
  { name: 'operator', summary: 'be the operator, in a cluster', load: () => import('./operator.ts') },
  { name: 'balancer', summary: 'be one balancer, in a cluster; the operator starts it', load: () => import('./balancer.ts') },
  { name: 'worker', summary: 'take requests for a balancer, which starts it', load: () => import('./worker.ts'), hidden: true },
  { name: 'version', summary: 'print the version', load: () => import('./print-version.ts') },
];

const EXAMPLES = `
Examples:
  evenkeel demo            three servers, a balancer, a failover, a recovery
  evenkeel run shop.yaml   the balancer of that file, and its servers, here
  evenkeel help run        what a command takes

Exit codes: 0 done, 1 failed, 2 wrong use. EVENKEEL_DEBUG=1 shows where in the
program a failure came from.`;

/** Runs one command line, and sets the exit code: 0 done, 1 failed, 2 wrong use. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  process.on('unhandledRejection', fail);
  process.on('uncaughtException', fail);
  // Whoever reads our output may stop reading (`evenkeel run shop.yaml | head`): that is the end of the work, not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? process.exit(0) : fail(error)));
  try {
    const wanted = wantedCommand(words);
    if (wanted !== undefined) rejectUnknown(wanted);
    const program = await buildProgram((name) => name === wanted);
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    process.exitCode = report(error);
  }
}

/** All commands by name, and those that are to be loaded with their options. */
export async function buildProgram(isLoaded: (name: string) => boolean): Promise<Command> {
  const program = new Command('evenkeel')
    .description('A load balancer for Kubernetes that survives dead and frozen servers: operator, balancer and local mode in one program.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }) // `report` prints it, as one line
    .action(() => {
      throw new UsageError('which command? evenkeel --help lists them');
    });
  for (const { name, summary, load, hidden = false } of COMMANDS) {
    const command = program.command(name, { hidden }).description(summary).helpOption('-h, --help', 'print help');
    if (isLoaded(name)) (await load()).configure(command);
  }
  return program;
}

function wantedCommand(words: readonly string[]): string | undefined {
  const [first, ...rest] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' ? rest[0] : first;
}

function rejectUnknown(word: string): void {
  const known = COMMANDS.map(({ name }) => name);
  if (known.includes(word) || word === 'help') return;
  const near = suggest(word, known);
  throw new UsageError(`unknown command '${word}'; ${near === null ? 'evenkeel --help lists them' : `did you mean ${near}?`}`);
}

function report(error: unknown): number {
  const { message, exitCode, stack } = describeFailure(error);
  process.stderr.write(`evenkeel: ${message}\n`);
  if (process.env.EVENKEEL_DEBUG === '1' && stack !== undefined) process.stderr.write(`${stack}\n`);
  return exitCode;
}

function fail(error: unknown): never {
  process.exit(report(error));
}
