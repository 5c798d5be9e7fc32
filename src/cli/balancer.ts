import { isIP } from 'node:net';
import { type Command, Option } from 'commander';
import { BALANCER_ADMIN_PORT } from '../api/v1alpha1/names.ts';
import { Balancer } from '../balancer/balancer.ts';
import { ClusterConfigSource } from '../kube/balancer-source.ts';
import { KubeClient } from '../kube/client.ts';
import { inClusterCredentials } from '../kube/credentials.ts';
import { ApiError } from '../kube/errors.ts';
import { ReportSink } from '../kube/report-sink.ts';
import { objectPath, Resources } from '../kube/resources.ts';
import { sleep, systemTimers } from '../kube/timers.ts';
import type { BalancerConfig } from '../model/config.ts';
import type { ConfigTarget } from '../model/ports.ts';
import { createLogger } from '../telemetry/create-logger.ts';
import type { Logger, LogLevel } from '../telemetry/logger.ts';
import { anyAddress } from './any-address.ts';
import { UsageError } from './failure.ts';
import { listenError } from './listen-error.ts';
import { logLevelOption } from './log-level.ts';
import { addressOption, durationOption, portOption, workersOption } from './option-values.ts';
import { ended } from './signals.ts';

interface BalancerFlags {
  readonly service: string;
  readonly configmap: string;
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly address: string | undefined;
  readonly adminPort: number;
  readonly drainDelay: number;
  readonly workers: number;
  readonly logLevel: LogLevel;
}

const HELP = `
The operator starts it, in a pod, and gives it all that it needs in its
environment. It follows its ConfigMap and its EndpointSlices by itself, and
writes what it sees into its BalancerReport. On SIGTERM it goes unready, takes
connections for --drain-delay more, finishes what it has (for
spec.failover.drainTimeout at most) and ends. Without a cluster: evenkeel run.

Example:
  evenkeel balancer --service shop --configmap shop--balancer \\
    --namespace default --pod-name shop-1 --pod-uid 1c3a...`;

/** A report that tells nothing new goes out this often, so that what is said to be there is known to be. */
const REPORT_INTERVAL_MS = 30_000;
/** Rights that were only just granted take a moment to reach every API server. */
const RIGHTS_PATIENCE_MS = 15_000;
const RIGHTS_PAUSE_MS = 1_000;

/** `evenkeel balancer`: one balancer of a LoadBalancedService, in a cluster. */
export function configure(command: Command): void {
  command
    .addOption(fromEnvironment('--service <name>', 'name of the LoadBalancedService', 'EVENKEEL_SERVICE'))
    .addOption(fromEnvironment('--configmap <name>', 'ConfigMap with its resolved configuration', 'EVENKEEL_CONFIGMAP'))
    .addOption(fromEnvironment('--namespace <name>', 'namespace of all of them', 'POD_NAMESPACE'))
    .addOption(fromEnvironment('--pod-name <name>', 'name of this pod, and of its BalancerReport', 'POD_NAME'))
    .addOption(fromEnvironment('--pod-uid <uid>', 'uid of this pod, which owns the report', 'POD_UID'))
    .option('--address <ip>', 'address to listen on (default: all)', addressOption)
    .option('--admin-port <number>', 'port of /healthz, /readyz and /metrics', portOption, BALANCER_ADMIN_PORT)
    .addOption(durationOption('--drain-delay <duration>', 'how long it takes connections after SIGTERM', '5s'))
    .option('--workers <number>', 'processes that take the requests', workersOption, 1)
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .action(runBalancer);
}

async function runBalancer(flags: BalancerFlags): Promise<void> {
  for (const name of ['service', 'configmap', 'namespace', 'podName', 'podUid'] as const) {
    if (!flags[name])
      throw new UsageError(`--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)} is missing; the operator gives it`);
  }
  const { namespace, podName, podUid, service, adminPort } = flags;
  const stop = ended();
  const logger = createLogger({ level: flags.logLevel, format: 'json', fields: { service, namespace } });
  const address = flags.address ?? (await anyAddress());
  const client = new KubeClient(await inClusterCredentials(), { userAgent: 'evenkeel-balancer' });
  const sink = new ReportSink({ client, namespace, podName, podUid, service, logger });
  const balancer = new Balancer({
    sink,
    logger,
    clock: () => performance.now(),
    random: Math.random,
    address,
    adminPort,
    reportIntervalMs: REPORT_INTERVAL_MS,
    drainDelayMs: flags.drainDelay,
    apiServers: [process.env.KUBERNETES_SERVICE_HOST ?? ''].filter((host) => isIP(host) !== 0),
    // One that takes its requests itself does not load how to have workers.
    ...(flags.workers === 1 ? {} : (await import('./workers.ts')).withWorkers(flags.workers, logger)),
  });
  await balancer.start().catch((error: unknown) => {
    throw listenError(error, adminPort, address, 'choose another with --admin-port');
  });
  const target = new DrainTime(balancer);
  const source = new ClusterConfigSource({ client, namespace, configMap: flags.configmap, onReturn: () => sink.forget(), logger });
  const ending = new AbortController();
  try {
    const signal = await Promise.race([stop, serve()]);
    logger.info('ending', { signal, drainTimeoutMs: target.drainTimeoutMs });
  } finally {
    ending.abort();
    await balancer.drain(flags.drainDelay + target.drainTimeoutMs);
    await source.stop();
    client.close();
  }

  async function serve(): Promise<NodeJS.Signals> {
    await meetConfigMap(client, flags, logger, ending.signal);
    await source.start(target);
    logger.info('serving', { adminPort: balancer.adminPort });
    return stop;
  }
}

/** Remembers how long the newest configuration lets requests take to finish. */
class DrainTime implements ConfigTarget {
  readonly #balancer: Balancer;
  drainTimeoutMs = 0;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
  }

  applyConfig(config: BalancerConfig): void {
    this.drainTimeoutMs = config.failover.drainTimeoutMs;
    this.#balancer.applyConfig(config);
  }

  rejectConfig(message: string): void {
    this.#balancer.rejectConfig(message);
  }

  applyEndpoints(...endpoints: Parameters<ConfigTarget['applyEndpoints']>): void {
    this.#balancer.applyEndpoints(...endpoints);
  }
}

/**
 * Throws the API server's own words where this balancer may not read its configuration: following it would fail for ever. An API server
 * that is away is waited for.
 */
async function meetConfigMap(
  client: KubeClient,
  { namespace, configmap }: BalancerFlags,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const deadline = systemTimers.now() + RIGHTS_PATIENCE_MS;
  while (!signal.aborted) {
    try {
      await client.request('GET', objectPath(Resources.ConfigMap, { namespace, name: configmap }), {
        signal,
        attempted: `get configmap ${namespace}/${configmap}`,
      });
      return;
    } catch (error) {
      const refused = error instanceof ApiError && (error.code === 401 || error.code === 403);
      if (!refused) return;
      if (systemTimers.now() >= deadline) throw error;
      logger.warn('not allowed to read the configuration, trying again', { error });
      await sleep(systemTimers, RIGHTS_PAUSE_MS, signal);
    }
  }
}

function fromEnvironment(flags: string, description: string, variable: string): Option {
  return new Option(flags, `${description}; required`).env(variable);
}
