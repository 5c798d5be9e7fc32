import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readStatus } from '../local/hello-behaviour.ts';
import { HelloServer } from '../local/hello-server.ts';
import { anyAddress } from './any-address.ts';
import { listenError } from './listen-error.ts';
import { addressOption, durationOption, portOption } from './option-values.ts';
import { ended } from './signals.ts';

interface HelloFlags {
  readonly port: number;
  readonly address?: string;
  readonly name: string;
  readonly delay: number;
  readonly status: number;
  readonly hang?: boolean;
  readonly linger: number;
  readonly grace: number;
}

const HELP = `
It answers every path with "Hello, World!" and /healthz with "ok"; the header
X-Server tells its name.

  GET /?delay=200ms&status=500   this request is slow, or fails
  GET /?hang=1                   this request is never answered
  POST /control/slow?delay=2s    from now on all are slow, health checks too
  POST /control/fail?status=503  from now on all fail
  POST /control/hang             from now on none is answered
  POST /control/recover          all is well again
  GET /control                   how it behaves now

On SIGTERM or SIGINT it says "Connection: close" in its responses, goes on for
--linger, finishes what it has, and ends.

Examples:
  evenkeel hello
  PORT=9001 evenkeel hello --name one
  evenkeel hello --port 9002 --delay 50ms`;

/** `evenkeel hello`: the Hello World microservice. */
export function configure(command: Command): void {
  command
    .addOption(new Option('-p, --port <number>', 'port to listen on; 0: any').env('PORT').argParser(portOption).default(8080))
    .addOption(new Option('-a, --address <ip>', 'address to listen on (default: all)').env('EVENKEEL_ADDRESS').argParser(addressOption))
    .addOption(
      new Option('-n, --name <name>', 'its name, in the header X-Server')
        .env('HOSTNAME')
        .argParser(nameOption)
        .default(hostname(), 'name of the host'),
    )
    .addOption(durationOption('--delay <duration>', 'answer after this long', '0s'))
    .option('--status <code>', 'answer with this status', statusOption, 200)
    .option('--hang', 'never answer')
    .addOption(durationOption('--linger <duration>', 'how long it goes on after SIGTERM, for those who do not know yet', '1s'))
    .addOption(durationOption('--grace <duration>', 'how long requests may take to finish after that', '25s'))
    .addHelpText('after', HELP)
    .action(hello);
}

async function hello(flags: HelloFlags): Promise<void> {
  const server = new HelloServer({
    name: flags.name,
    behaviour: { delayMs: flags.delay, status: flags.status, hang: flags.hang ?? false },
  });
  const stop = ended();
  const wanted = flags.address ?? (await anyAddress());
  const { port, address } = await server.listen(flags.port, wanted).catch((error: unknown) => {
    throw listenError(error, flags.port, wanted, 'choose another with --port');
  });
  console.log(`${flags.name} says hello on port ${port} of ${address}`);
  await stop;
  await server.close({ lingerMs: flags.linger, graceMs: flags.grace });
}

function nameOption(text: string): string {
  if (!/^[!-~]{1,253}$/.test(text)) throw new InvalidArgumentError('A name is 1 to 253 visible ASCII characters without blanks.');
  return text;
}

function statusOption(text: string): number {
  try {
    return readStatus(text);
  } catch {
    throw new InvalidArgumentError('A status is a number from 200 to 599.');
  }
}
