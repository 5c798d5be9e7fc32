import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Credentials, inClusterCredentials, type Login } from './credentials.ts';
import { CredentialsError, messageOf } from './errors.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface KubeconfigOptions {
  /** A file; else those in $KUBECONFIG, else ~/.kube/config, else the pod's service account. */
  readonly file?: string | undefined;
  /** Instead of the file's current context. */
  readonly context?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly timers?: Timers;
}

/** client-node reads the files of certificates and tokens at each call: this keeps that, and an exec plugin's check, off the path of each request. */
const KEEP_LOGIN_MS = 10_000;

/** The user's or the pod's: as kubectl finds them. Throws a CredentialsError that says where it looked. */
export async function findCredentials(options: KubeconfigOptions = {}): Promise<Credentials> {
  const environment = options.environment ?? process.env;
  const files = kubeconfigFiles(options, environment, options.home ?? homedir());
  if (files.length > 0) return kubeconfigCredentials(files, options);
  if (environment.KUBERNETES_SERVICE_HOST) return inClusterCredentials({ environment });
  throw new CredentialsError(
    'NoCluster',
    'no cluster to reach: there is no --kubeconfig, no $KUBECONFIG, no ~/.kube/config, and this is no pod of a cluster',
  );
}

function kubeconfigFiles(options: KubeconfigOptions, environment: Readonly<Record<string, string | undefined>>, home: string): string[] {
  if (options.file) return [options.file];
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) {
    // As kubectl does: a missing file in the list is passed over, but not all of them.
    const present = named.filter((file) => existsSync(file));
    return present.length > 0 ? present : named;
  }
  const usual = join(home, '.kube', 'config');
  return existsSync(usual) ? [usual] : [];
}

/** Of kubeconfig files, merged. Contexts, exec plugins, OIDC, token files and proxies are client-node's work; it is loaded here only. */
async function kubeconfigCredentials(files: readonly string[], options: KubeconfigOptions): Promise<Credentials> {
  const config = await loadConfig(files, options.context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw noCluster(config, files);
  const server = serverUrl(cluster.server, files);
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const login = new KubeconfigLogin(config, () => loadConfig(files, options.context), options.timers ?? systemTimers);
  return { server, namespace, current: () => login.current(), renew: () => login.renew() };
}

async function loadConfig(files: readonly string[], context: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const configs = files.map((file) => {
    try {
      const config = new KubeConfig();
      config.loadFromFile(file);
      return config;
    } catch (error) {
      throw new CredentialsError('BadKubeconfig', `cannot read the kubeconfig ${file}: ${messageOf(error)}`, error);
    }
  });
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: firstOfEachName(configs.flatMap((each) => each.getClusters())),
    users: firstOfEachName(configs.flatMap((each) => each.getUsers())),
    contexts: firstOfEachName(configs.flatMap((each) => each.getContexts())),
    currentContext: configs.map((each) => each.getCurrentContext()).find((name) => name),
  });
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map((known) => known.name);
      throw new CredentialsError(
        'BadKubeconfig',
        `there is no context "${context}" in ${files.join(', ')}; there are: ${known.join(', ') || 'none'}`,
      );
    }
    config.setCurrentContext(context);
  }
  return config;
}

/** As kubectl merges: of two files that say something of one name, the first counts. */
function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values()];
}

function noCluster(config: KubeConfig, files: readonly string[]): CredentialsError {
  const context = config.getCurrentContext();
  const where = files.join(', ');
  if (!context) return new CredentialsError('NoCluster', `no cluster to reach: ${where} has no current-context; choose one with --context`);
  return new CredentialsError(
    'NoCluster',
    `no cluster to reach: context "${context}" in ${where} does not exist, or names a cluster that does not`,
  );
}

function serverUrl(server: string, files: readonly string[]): URL {
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new CredentialsError('BadKubeconfig', `the cluster's server "${server}" in ${files.join(', ')} is no http or https URL`);
}

class KubeconfigLogin {
  #config: KubeConfig;
  readonly #reload: () => Promise<KubeConfig>;
  readonly #timers: Timers;
  #login: Promise<Login> | null = null;
  #loadedAt = 0;
  #reloadNext = false;

  constructor(config: KubeConfig, reload: () => Promise<KubeConfig>, timers: Timers) {
    this.#config = config;
    this.#reload = reload;
    this.#timers = timers;
  }

  /** An exec plugin's token is kept by the KubeConfig until it says it expires; a new KubeConfig asks again. */
  renew(): void {
    this.#reloadNext = true;
    this.#login = null;
  }

  current(): Promise<Login> {
    if (this.#login !== null && this.#timers.now() - this.#loadedAt < KEEP_LOGIN_MS) return this.#login;
    this.#loadedAt = this.#timers.now();
    const login = this.#load();
    this.#login = login;
    login.catch(() => {
      if (this.#login === login) this.#login = null;
    });
    return login;
  }

  async #load(): Promise<Login> {
    if (this.#reloadNext) {
      this.#config = await this.#reload();
      this.#reloadNext = false;
    }
    const options: HttpsOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new CredentialsError(
        'LoginFailed',
        `cannot log in to the cluster of context "${this.#config.getCurrentContext()}": ${messageOf(error).trim()}`,
        error,
      );
    }
    return loginOf(options, this.#config.getCurrentCluster()?.proxyUrl !== undefined);
  }
}

type HttpsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0];

function loginOf(options: HttpsOptions, proxied: boolean): Login {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const tls = {
    ...(options.ca ? { ca: String(options.ca) } : {}),
    ...(options.cert ? { cert: String(options.cert) } : {}),
    ...(options.key ? { key: String(options.key) } : {}),
    ...('servername' in options && options.servername ? { servername: options.servername } : {}),
    ...(options.rejectUnauthorized === false ? { rejectUnauthorized: false } : {}),
  };
  const agent = options.agent;
  return proxied && typeof agent === 'object' ? { headers, tls, agent } : { headers, tls };
}
