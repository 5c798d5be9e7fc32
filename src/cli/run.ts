import { type Command, InvalidArgumentError, Option } from 'commander';
import { FileWatch } from '../local/file-watch.ts';
import { Fleet } from '../local/fleet.ts';
import type { PortOverride } from '../local/listener-ports.ts';
import type { HostPort } from '../local/local-plan.ts';
import { DocumentPresenter, LinePresenter, type Presenter, TablePresenter } from '../local/presenter.ts';
import { readResourceFiles } from '../local/resource-files.ts';
import { Screen } from '../local/screen.ts';
import { balancerFactory } from './create-balancer.ts';
import { addressOption, portOption } from './option-values.ts';
import { selfCommand } from './self.ts';
import { ended } from './signals.ts';
import { colours, isLive, standardLines } from './terminal.ts';

interface RunFlags {
  readonly port: readonly PortOverride[];
  readonly address: string;
  readonly resolve: ReadonlyMap<string, readonly HostPort[]>;
  readonly secret: ReadonlyMap<string, string>;
  readonly output: 'table' | 'json' | 'yaml';
  readonly adminPort?: number;
}

const HELP = `
The same file as for a cluster. Servers of type Deployment are started as local
processes: the container's command, once for each replica, with the port to
listen on in PORT; they are started again when they end. Servers of type
Addresses run already. When a file changes it is applied, and no connection is
dropped; while it is wrong, the old one goes on. Ctrl-C ends all of it.

Output: a live table on a terminal, else a line for each thing that happens;
with -o json or yaml the whole resource, with its status as in a cluster, each
time that its status changes. What servers write goes to standard error.

Examples:
  evenkeel run deploy/samples/local-commands.yaml
  evenkeel run deploy/samples/shop.yaml --port http=8000
  evenkeel run shop.yaml blog.yaml -p shop/http=8000 -p blog/http=8001 -o json
  evenkeel run shop.yaml --resolve old-shop=10.0.0.7:8080 --admin-port 9902
  evenkeel run shop.yaml --secret shop-tls=certificates/shop`;

/** `evenkeel run FILE...`: LoadBalancedServices without a cluster. */
export function configure(command: Command): void {
  command
    .argument('<file...>', 'files of LoadBalancedServices, in YAML or JSON')
    .addOption(
      repeated(
        '-p, --port <name=number>',
        'listen on another port than spec.ports says; with several resources RESOURCE/NAME=NUMBER',
        addPort,
        [],
      ),
    )
    .option('-a, --address <ip>', 'address to listen on', addressOption, '127.0.0.1')
    .addOption(
      repeated('-r, --resolve <service=host:port>', 'where the servers of a Service are; may be given several times', addServer, new Map()),
    )
    .addOption(
      repeated(
        '-s, --secret <name=dir>',
        'directory of the files of a Secret (tls.crt, tls.key, ca.crt); may be given several times',
        addSecret,
        new Map(),
      ),
    )
    .addOption(new Option('-o, --output <format>', 'how status is shown').choices(['table', 'json', 'yaml']).default('table'))
    .option(
      '--admin-port <number>',
      'port of /healthz, /readyz and /metrics; further resources take the next ones (default: none)',
      portOption,
    )
    .addHelpText('after', HELP)
    .action(run);
}

async function run(files: readonly string[], flags: RunFlags): Promise<void> {
  const stop = ended();
  // Created before the first reading, so that no change is missed.
  const watch = new FileWatch(files, {
    onChange: () => void fleet.reload(),
    onGone: (file) => shown().onProblem(`there is no file ${file} any more: what it said goes on; Ctrl-C ends it`),
  });
  let presenter: Presenter | null = null;
  const shown = (): Presenter => (presenter ??= choosePresenter(flags.output, () => fleet.services));
  const fleet = new Fleet({
    read: () => readResourceFiles(files),
    ports: flags.port,
    resolve: flags.resolve,
    secrets: flags.secret,
    address: flags.address,
    adminPort: flags.adminPort ?? null,
    self: selfCommand(),
    createBalancer: balancerFactory((message) => shown().onProblem(message)),
    onStatus: (...change) => shown().onStatus(...change),
    onLine: (...line) => shown().onLine(...line),
    onServer: (...event) => shown().onServer(...event),
    onNotice: (...notice) => shown().onNotice(...notice),
    onProblem: (message) => shown().onProblem(message),
  });
  process.on('exit', () => fleet.kill());
  try {
    await Promise.race([fleet.start(), stop]);
    shown().started(fleet.services);
    await stop;
    shown().ending('ending: what is under way is finished; Ctrl-C again ends it at once');
  } finally {
    watch.close();
    await fleet.stop(longestDrain(fleet));
    (presenter as Presenter | null)?.close();
  }
}

function longestDrain(fleet: Fleet): number {
  return Math.max(0, ...fleet.services.map(({ plan }) => plan.config.failover.drainTimeoutMs));
}

function choosePresenter(output: RunFlags['output'], services: () => Fleet['services']): Presenter {
  if (output !== 'table') return new DocumentPresenter(output, standardLines);
  return isLive() ? new TablePresenter(new Screen(process.stdout), colours(), services) : new LinePresenter(standardLines);
}

function repeated<T>(flags: string, description: string, add: (text: string, before: T) => T, none: T): Option {
  return new Option(flags, description).argParser(add).default(none, 'none');
}

/** `http=8080` or `shop/http=8080` */
function addPort(text: string, before: readonly PortOverride[]): PortOverride[] {
  const { resource, listener, port } = /^(?:(?<resource>[^/=]+)\/)?(?<listener>[^/=]+)=(?<port>[0-9]+)$/.exec(text)?.groups ?? {};
  if (listener === undefined || port === undefined) throw new InvalidArgumentError('Write it like http=8080, or shop/http=8080.');
  return [...before, { resource: resource ?? null, listener, port: portOption(port) }];
}

/** `old-shop=10.0.0.7:8080`, `old-shop=[::1]:8080` */
function addServer(text: string, before: ReadonlyMap<string, readonly HostPort[]>): Map<string, readonly HostPort[]> {
  const {
    service,
    v6,
    host = v6,
    port,
  } = /^(?<service>[^=]+)=(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>[0-9]{1,5})$/.exec(text)?.groups ?? {};
  const number = Number(port);
  if (service === undefined || host === undefined || !(number >= 1 && number <= 65535)) {
    throw new InvalidArgumentError('Write it like old-shop=10.0.0.7:8080.');
  }
  return new Map(before).set(service, [...(before.get(service) ?? []), { host, port: number }]);
}

/** `shop-tls=certificates/shop` */
function addSecret(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const { name, directory } = /^(?<name>[^=]+)=(?<directory>.+)$/.exec(text)?.groups ?? {};
  if (name === undefined || directory === undefined) throw new InvalidArgumentError('Write it like shop-tls=certificates/shop.');
  return new Map(before).set(name, directory);
}
