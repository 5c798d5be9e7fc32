import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findCredentials } from '../kube/kubeconfig.ts';
import { MAX_ROLLING_BALANCERS, runOperator } from '../operator/operator.ts';
import { createLogger } from '../telemetry/create-logger.ts';
import type { LogLevel } from '../telemetry/logger.ts';
import { anyAddress } from './any-address.ts';
import { UsageError } from './failure.ts';
import { listenError } from './listen-error.ts';
import { logLevelOption } from './log-level.ts';
import { addressOption, cidrsOption, portOption } from './option-values.ts';
import { ended } from './signals.ts';

interface OperatorFlags {
  readonly balancerImage?: string;
  readonly allowedAddresses: readonly string[];
  readonly watchNamespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaderElection: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName: string;
  readonly identity: string;
  readonly address?: string;
  readonly adminPort: number;
  readonly workers: number;
  readonly maxRollingBalancers: number;
  readonly logLevel: LogLevel;
}

const HELP = `
In a pod it acts as its service account. Elsewhere it takes --kubeconfig,
$KUBECONFIG or ~/.kube/config, as kubectl does.

Examples:
  evenkeel operator --balancer-image evenkeel:0.1.0
  evenkeel operator --balancer-image evenkeel:dev --context kind-kind \\
    --no-leader-election`;

/** `evenkeel operator`: makes what LoadBalancedServices ask for, and writes their status. */
export function configure(command: Command): void {
  command
    .addOption(new Option('--balancer-image <image>', 'image of the balancers that it makes; required').env('EVENKEEL_IMAGE'))
    .addOption(
      new Option('--allowed-addresses <cidrs>', 'where servers that a resource gives by address may be: CIDRs with commas between')
        .env('ALLOWED_ADDRESSES')
        .argParser(cidrsOption)
        .default([], 'none'),
    )
    .addOption(new Option('--watch-namespace <name>', 'only resources of this namespace (default: of all)').env('WATCH_NAMESPACE'))
    .option('--kubeconfig <file>', 'which cluster, and as whom (default: as kubectl finds it)')
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--no-leader-election', 'be the only replica: no Lease')
    .addOption(new Option('--lease-namespace <name>', "namespace of the Lease (default: this pod's)").env('POD_NAMESPACE'))
    .option('--lease-name <name>', 'name of the Lease', 'evenkeel-operator')
    .addOption(
      new Option('--identity <name>', 'who this replica is, in the Lease and in Events')
        .env('POD_NAME')
        .default(hostname(), 'name of the host'),
    )
    .option('--address <ip>', 'address of the admin port (default: all)', addressOption)
    .option('--admin-port <number>', 'port of /healthz, /readyz and /metrics', portOption, 8081)
    .option('--workers <number>', 'resources that are worked on at once', workersOption, 10)
    .option(
      '--max-rolling-balancers <number>',
      'resources whose balancers are replaced at once after an upgrade',
      rollingOption,
      MAX_ROLLING_BALANCERS,
    )
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .action(operator);
}

async function operator(flags: OperatorFlags): Promise<void> {
  const { balancerImage, adminPort, workers } = flags;
  if (!balancerImage) throw new UsageError('--balancer-image (or EVENKEEL_IMAGE) is missing: which image are balancers to run?');
  const ending = new AbortController();
  void ended().then(() => ending.abort());
  const logger = createLogger({ level: flags.logLevel, format: 'json' });
  const credentials = await findCredentials({ file: flags.kubeconfig, context: flags.context });
  const address = flags.address ?? (await anyAddress());
  await runOperator({
    credentials,
    balancerImage,
    allowedAddresses: flags.allowedAddresses,
    watchNamespace: flags.watchNamespace || null,
    lease: flags.leaderElection ? { namespace: flags.leaseNamespace || credentials.namespace, name: flags.leaseName } : null,
    identity: flags.identity,
    address,
    adminPort,
    workers,
    maxRollingBalancers: flags.maxRollingBalancers,
    logger,
    signal: ending.signal,
  }).catch((error: unknown) => {
    throw listenError(error, adminPort, address, 'choose another with --admin-port');
  });
}

function workersOption(text: string): number {
  if (!/^[1-9][0-9]{0,2}$/.test(text)) throw new InvalidArgumentError('A number of workers is from 1 to 999.');
  return Number(text);
}

function rollingOption(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new InvalidArgumentError('A number of resources is from 1 to 9999.');
  return Number(text);
}
