import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BALANCER_ADMIN_PORT } from '../../src/api/v1alpha1/names.ts';
import { type Account, certificateAuthority, ROOT, server, tokenOf } from './clients.ts';
import type { Pod } from './pods.ts';

/** Logs and credentials of this run; given by `make scale`, removed with it. */
const FOLDER = process.env.SCALE_FOLDER ?? '/tmp/evenkeel-scale';
const ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
export const OPERATOR = { namespace: 'evenkeel-system', name: 'evenkeel-operator' };

/** One `evenkeel` process, as in a pod, but with nothing around it. */
export class Evenkeel {
  readonly adminPort: number;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #adminAddress: string;

  constructor(
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    adminAddress: string,
    adminPort: number,
  ) {
    this.#name = name;
    this.#adminAddress = adminAddress;
    this.adminPort = adminPort;
    const [program = '', ...args] = command;
    this.#process = spawn(program, args, { env: { PATH: process.env.PATH ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(FOLDER, `${name}.log`), { flags: 'a' });
    this.#process.stdout?.pipe(log, { end: false });
    this.#process.stderr?.pipe(log, { end: false });
    this.#process.on('exit', (code, signal) => {
      if (signal === null && code !== 0) process.stderr.write(`scale: ${name} ended with ${code}: see ${FOLDER}/${name}.log\n`);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.#adminAddress}:${this.adminPort}/metrics`)).text();
  }

  async isReady(): Promise<boolean> {
    return fetch(`http://${this.#adminAddress}:${this.adminPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(kill);
  }

  toString(): string {
    return this.#name;
  }
}

/** The operator with the rights of deploy/install.yaml and no others. */
export async function startOperator(): Promise<Evenkeel> {
  const flags = '--balancer-image evenkeel:scale --identity operator-1 --address 127.0.0.1';
  const environment = { POD_NAMESPACE: OPERATOR.namespace };
  return inPod('operator', await accountFolder('operator', OPERATOR), `operator ${flags}`, environment, '127.0.0.1', 8081);
}

/** The balancer of a pod, with that pod's own token, on an address of its own. */
export async function startBalancer(pod: Pod, index: number): Promise<Evenkeel> {
  const { name = '', namespace = '', uid = '', labels } = pod.metadata ?? {};
  const service = labels?.['evenkeel.dev/service'] ?? '';
  const folder = await accountFolder(name, { namespace, name: `${service}--balancer` }, pod);
  const address = `127.0.1.${index + 1}`;
  const environment = {
    EVENKEEL_SERVICE: service,
    EVENKEEL_CONFIGMAP: `${service}--balancer`,
    POD_NAMESPACE: namespace,
    POD_NAME: name,
    POD_UID: uid,
  };
  return inPod(name, folder, `balancer --address ${address} --drain-delay 0s`, environment, address, BALANCER_ADMIN_PORT);
}

/** What a kubelet mounts into a pod of this account. */
async function accountFolder(name: string, account: Account, boundTo?: Pod): Promise<string> {
  const folder = join(FOLDER, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'token'), await tokenOf(account, boundTo), { mode: 0o600 });
  writeFileSync(join(folder, 'ca.crt'), await certificateAuthority());
  writeFileSync(join(folder, 'namespace'), account.namespace);
  return folder;
}

/** It finds its service account where every pod does, in a mount namespace of its own. */
function inPod(
  name: string,
  folder: string,
  args: string,
  environment: Readonly<Record<string, string>>,
  adminAddress: string,
  adminPort: number,
): Evenkeel {
  mkdirSync(ACCOUNT_FOLDER, { recursive: true });
  const script = `mount --bind ${folder} ${ACCOUNT_FOLDER} && exec ${join(ROOT, 'bin/evenkeel')} ${args}`;
  const api = { KUBERNETES_SERVICE_HOST: server.hostname, KUBERNETES_SERVICE_PORT: server.port };
  return new Evenkeel(name, ['unshare', '--mount', 'sh', '-c', script], { ...api, ...environment }, adminAddress, adminPort);
}

/** One process that answers at every address of the simulated servers. */
export function startServers(port: number): Evenkeel {
  return new Evenkeel('servers', [join(ROOT, 'bin/evenkeel'), 'hello'], { PORT: String(port) }, '127.0.0.1', port);
}
