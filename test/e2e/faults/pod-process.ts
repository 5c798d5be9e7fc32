import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../support/wait.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Mounts the first argument as a kubelet mounts a service account, seen by this process alone, and becomes the rest. */
const AS_IN_A_POD = `mkdir -p ${MOUNT} && mount --bind "$1" ${MOUNT} && shift && exec "$@"`;

/** What a pod has of its cluster. */
export interface Surroundings {
  readonly namespace: string;
  /** Of the API server, or of what stands before it, at 127.0.0.1. */
  readonly port: number;
  readonly ca: string;
  readonly token: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A module that is loaded before the program. */
  readonly preload?: string | undefined;
}

/** The program as a process that runs as it does in a pod: with a service account's token and an authority from files. */
export class PodProcess {
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;

  constructor(words: readonly string[], surroundings: Surroundings) {
    this.#folder = mkdtempSync(join(tmpdir(), 'evenkeel-pod-'));
    this.#write('namespace', surroundings.namespace);
    this.setAuthority(surroundings.ca);
    this.setToken(surroundings.token);
    const preload = surroundings.preload === undefined ? [] : ['--import', surroundings.preload];
    this.#child = spawn('unshare', ['--mount', 'sh', '-c', AS_IN_A_POD, 'sh', this.#folder, process.execPath, ...preload, MAIN, ...words], {
      env: {
        PATH: process.env.PATH,
        HOME: this.#folder,
        NODE_COMPILE_CACHE: join(tmpdir(), 'evenkeel-test-compile-cache'),
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(surroundings.port),
        ...surroundings.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#ended = once(this.#child, 'close');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Once it has said that it has started. */
  get adminPort(): number {
    return Number(/"adminPort":(\d+)/.exec(this.log.join('\n'))?.[1]);
  }

  /** As a kubelet does it: the file changes at once. */
  setToken(token: string): void {
    this.#write('token', token);
  }

  setAuthority(ca: string): void {
    this.#write('ca.crt', ca);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.running) this.#child.kill(signal);
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  says(text: string): Promise<unknown> {
    return waitFor(`the program to say "${text}"`, () => this.log.some((line) => line.includes(text)), {
      timeoutMs: 60_000,
      saw: () => this.log.slice(-5),
    });
  }

  #hear(chunk: Buffer): void {
    this.log.push(...chunk.toString().trimEnd().split('\n'));
    if (process.env.EVENKEEL_TEST_LOG) process.stderr.write(chunk);
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#folder, `.${name}`), text);
    renameSync(join(this.#folder, `.${name}`), join(this.#folder, name));
  }
}
