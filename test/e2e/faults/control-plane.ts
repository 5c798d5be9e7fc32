import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../support/wait.ts';

/** Ports of the cluster's own components, and those of their twins here. */
const PORTS: readonly (readonly [string, string])[] = [
  ['2379', '12379'],
  ['2380', '12380'],
  ['6443', '16443'],
];
const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;
type Component = (typeof COMPONENTS)[number];

/**
 * An etcd, an API server and a controller manager of one test's own, beside those of the test cluster and started as those were, on
 * other ports and with other data: they can be ended, and set back to what they were.
 */
export class ControlPlane {
  readonly kubeconfig: string;
  readonly #folder: string;
  readonly #arguments: ReadonlyMap<Component, readonly string[]>;
  readonly #running = new Map<Component, ChildProcess>();

  private constructor(folder: string) {
    this.#folder = folder;
    const twin = (file: string, name: string): string => {
      const text = readFileSync(file, 'utf8').replace('127.0.0.1:6443', '127.0.0.1:16443');
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    this.kubeconfig = twin(process.env.KUBECONFIG ?? '', 'admin.kubeconfig');
    this.#arguments = new Map(
      COMPONENTS.map((component): [Component, string[]] => {
        const given = commandOf(component).map((word, index, words) => {
          if (words[index - 1] === '--data-dir') return this.#data;
          if (words[index - 1] === '--kubeconfig') return twin(word, 'kube-controller-manager.kubeconfig');
          return PORTS.reduce((text, [theirs, ours]) => text.replace(new RegExp(`(^|:)${theirs}$`), `$1${ours}`), word);
        });
        return [component, component === 'kube-controller-manager' ? [...given, '--secure-port', '20257'] : given];
      }),
    );
  }

  static async start(): Promise<ControlPlane> {
    const plane = new ControlPlane(mkdtempSync(join(tmpdir(), 'evenkeel-control-plane-')));
    await plane.#start();
    return plane;
  }

  /** As an administrator backs etcd up. */
  async backUp(): Promise<void> {
    await this.#stop();
    rmSync(this.#copy, { recursive: true, force: true });
    cpSync(this.#data, this.#copy, { recursive: true });
    await this.#start();
  }

  /** Everything as it was at the backup, resource versions included. */
  async restore(): Promise<void> {
    await this.#stop();
    rmSync(this.#data, { recursive: true, force: true });
    cpSync(this.#copy, this.#data, { recursive: true });
    await this.#start();
  }

  async end(): Promise<void> {
    await this.#stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'etcd');
  }

  get #copy(): string {
    return join(this.#folder, 'backup');
  }

  async #start(): Promise<void> {
    for (const component of COMPONENTS) {
      const [program = '', ...words] = this.#arguments.get(component) ?? [];
      const log = openSync(join(this.#folder, `${component}.log`), 'a');
      this.#running.set(component, spawn(program, words, { stdio: ['ignore', log, log] }));
      closeSync(log);
    }
    await waitFor('the control plane to be ready', () => isReady(), { timeoutMs: 60_000, everyMs: 200 });
  }

  async #stop(): Promise<void> {
    for (const component of COMPONENTS.toReversed()) {
      const child = this.#running.get(component);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    this.#running.clear();
  }
}

/** The command line that the cluster's own was started with. */
function commandOf(component: Component): string[] {
  for (const entry of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    const words = wordsOf(entry);
    if (words[1] === component) return words;
  }
  throw new Error(`there is no ${component} here: this test needs the project's own cluster, with its controllers`);
}

// A process may end between being listed and being read.
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Anybody may ask; nothing is told that would have to be trusted. */
function isReady(): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port: 16443, path: '/readyz', rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('error', () => resolve(false));
    asking.end();
  });
}
