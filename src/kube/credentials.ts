import { readFile, stat } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { CredentialsError, messageOf } from './errors.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Which API server to talk to, and as whom. */
export interface Credentials {
  /** `https://host:port`, with a path where the API lies under one. */
  readonly server: URL;
  /** Where this process lives, or the namespace of the kubeconfig's context. */
  readonly namespace: string;
  /** What the next request goes out with; read again where it comes from when it may have changed. */
  current(): Promise<Login>;
  /** The API server answered 401: the next `current()` must not come from a cache. */
  renew(): void;
}

export interface Login {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  /** Instead of the client's own agent: a proxy's. */
  readonly agent?: Agent;
}

/** PEM texts. Compared as a whole, so that a change of CA or client certificate makes new connections. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The kubelet replaces a token long before it expires; a minute is also client-go's. */
const REREAD_MS = 60_000;

export interface InClusterOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Folder of `token`, `ca.crt` and `namespace`. */
  readonly folder?: string;
  readonly timers?: Timers;
}

/** Of a process in a pod: its service account's token and CA, as the kubelet mounts them. Throws a CredentialsError where there are none. */
export async function inClusterCredentials(options: InClusterOptions = {}): Promise<Credentials> {
  const environment = options.environment ?? process.env;
  const folder = options.folder ?? SERVICE_ACCOUNT;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) {
    throw new CredentialsError(
      'NoCluster',
      'this process runs in no pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  }
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const files = new ServiceAccountFiles(folder, options.timers ?? systemTimers);
  await files.current();
  const namespace = (await readText(`${folder}/namespace`)).trim();
  return { server, namespace, current: () => files.current(), renew: () => files.renew() };
}

class ServiceAccountFiles {
  readonly #folder: string;
  readonly #timers: Timers;
  #login: Login | null = null;
  #readAt = 0;
  #changedAt = 0;

  constructor(folder: string, timers: Timers) {
    this.#folder = folder;
    this.#timers = timers;
  }

  renew(): void {
    this.#changedAt = 0;
  }

  async current(): Promise<Login> {
    const tokenFile = `${this.#folder}/token`;
    const changedAt = await stat(tokenFile).then(
      (found) => found.mtimeMs,
      () => 0,
    );
    const known = this.#login;
    const fresh = changedAt === this.#changedAt && this.#timers.now() - this.#readAt < REREAD_MS;
    if (known !== null && fresh && changedAt !== 0) return known;
    try {
      const [token, ca] = await Promise.all([readText(tokenFile), readText(`${this.#folder}/ca.crt`)]);
      this.#login = { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
      this.#readAt = this.#timers.now();
      this.#changedAt = changedAt;
      return this.#login;
    } catch (error) {
      // A kubelet in the middle of a replacement is no reason to stop: the last token may well still be good.
      if (known !== null) return known;
      throw error;
    }
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CredentialsError(
      'BadServiceAccount',
      `cannot read the service account's ${file}: ${messageOf(error)}; is automountServiceAccountToken off?`,
      error,
    );
  }
}
