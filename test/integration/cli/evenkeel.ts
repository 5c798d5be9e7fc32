import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';

/** The program, as it is before it is built. */
export const MAIN = join(import.meta.dirname, '../../../src/main.ts');
/** Dozens of processes of one program: this keeps each from compiling all of it again. */
const COMPILE_CACHE = join(tmpdir(), 'evenkeel-test-compile-cache');
const DEADLINE_MS = 60_000;

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program itself, as a process. Disposing of it ends it. */
export class Evenkeel {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  stdout = '';
  stderr = '';

  constructor(words: readonly string[], options: { readonly env?: Record<string, string>; readonly cwd?: string } = {}) {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, HOSTNAME: 'test', NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.env };
    this.child = spawn(process.execPath, [MAIN, ...words], { env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data) => {
      this.stdout += data;
    });
    this.child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal, stdout: this.stdout, stderr: this.stderr }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves to the match when standard output (or standard error) has come to contain it. */
  async says(pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    await until(() => pattern.test(this[where]) || !this.running, `${pattern} on ${where}`, DEADLINE_MS).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.stdout}${this.stderr}`);
    });
    const match = pattern.exec(this[where]);
    if (match === null) throw new Error(`it ended without saying ${pattern}:\n${this.stdout}${this.stderr}`);
    return match;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    if (this.running) this.child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Runs it to its end. */
export async function evenkeel(
  words: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Outcome> {
  return new Evenkeel(words, options).ended;
}

/** A folder of its own with these files. */
export function folderWith(files: Readonly<Record<string, string>>): {
  readonly path: string;
  write(name: string, text: string): void;
  [Symbol.dispose](): void;
} {
  const path = mkdtempSync(join(tmpdir(), 'evenkeel-cli-'));
  const write = (name: string, text: string) => writeFileSync(join(path, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface ResourceParts {
  readonly name?: string;
  /** 0: moved to a free port with --port. */
  readonly port?: number;
  readonly backends: string;
  readonly more?: string;
}

/** A resource file with one HTTP port, checked every 500 ms. */
export function resourceFile({ name = 'shop', port = 80, backends, more = '' }: ResourceParts): string {
  return `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: ${name}}
spec:
  ports:
  - {name: http, port: ${port}}
  backends:
${backends}
  heartbeat: {type: HTTP, http: {path: /healthz}, schedule: {type: Fixed, fixed: {interval: 500ms}}, timeout: 500ms}
${more}`;
}

/** Hello servers as local processes; ports from `port` upwards. */
export function helloBackend(port: number, replicas: number, flags: readonly string[] = [], name = 'web'): string {
  return `  - name: ${name}
    type: Deployment
    ports: [{port: ${port}}]
    deployment:
      replicas: ${replicas}
      template:
        spec:
          containers:
          - name: ${name}
            command: ${JSON.stringify(['evenkeel', 'hello', '--linger', '0s', ...flags])}`;
}

/** Processes that `pid` has started: servers, and the shell that watches over them. */
export async function childrenOf(pid: number): Promise<number[]> {
  const ps = spawn('ps', ['-eo', 'pid=,ppid=,stat=']);
  let text = '';
  ps.stdout.on('data', (data) => {
    text += data;
  });
  await once(ps, 'close');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return rows.filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z')).map(([child]) => Number(child));
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
