import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { BalancerConfig } from '../../src/model/config.ts';
import { ask } from './raw-client.ts';

const MAIN = join(import.meta.dirname, 'child-balancer-main.ts');

export interface ChildOptions {
  /** Open files that the process may have; the system's own bound unless given. */
  readonly openFiles?: number;
  readonly drainDelayMs?: number;
}

/** A balancer in a process of its own, to be frozen, starved, ended, and measured. */
export class ChildBalancer {
  readonly port: number;
  readonly adminPort: number;
  /** Lines of its standard output, the access log, as far as they have been read. */
  readonly output: readonly string[];
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface, output: readonly string[], ports: { port: number; adminPort: number }) {
    this.#child = child;
    this.#lines = lines;
    this.output = output;
    this.port = ports.port;
    this.adminPort = ports.adminPort;
  }

  static async start(serverPorts: readonly number[], config: BalancerConfig, options: ChildOptions = {}): Promise<ChildBalancer> {
    const { openFiles, drainDelayMs = 0 } = options;
    const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
    const given = JSON.stringify({ serverPorts, config, drainDelayMs });
    const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', process.execPath, MAIN, given], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => ['null'])])) as [string];
    const ports = JSON.parse(line) as { port: number; adminPort: number } | null;
    if (ports === null) throw new Error('the balancer ended before it had started');
    const output: string[] = [];
    lines.on('line', (each) => output.push(each));
    return new ChildBalancer(child, lines, output, ports);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resident memory in bytes. */
  get memory(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1]) * 1_024;
  }

  /** Reads its standard output no more, until `read` is true. */
  read(read: boolean): void {
    if (read) this.#lines.resume();
    else this.#lines.pause();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Of the admin port. */
  page(target: string): Promise<string> {
    return ask(this.adminPort, `GET ${target} HTTP/1.0\r\n\r\n`);
  }

  /** The value of one line of the metrics, which begins with `name`; 0: there is none. */
  async metric(name: string): Promise<number> {
    const line = (await this.page('/metrics')).split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** Resolves with its exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    if (this.running) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
