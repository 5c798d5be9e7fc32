import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type RestartPolicy, restartDelay } from './backoff.ts';
import type { Guard } from './guard.ts';
import { readLines } from './lines.ts';

/** What to start; everything expanded. */
export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Null: where this process works. */
  readonly directory: string | null;
  /** Added to the environment of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ServerProcessOptions {
  /** Such as `stable-1`: told in messages, and to the process as HOSTNAME. */
  readonly name: string;
  readonly command: ProcessCommand;
  /** Where it is expected to listen, on 127.0.0.1. */
  readonly port: number;
  readonly guard: Guard;
  readonly restarts: RestartPolicy;
  /** Between the request to end and the kill. */
  readonly stopGraceMs: number;
  readonly onLine: (line: string) => void;
  /** A sentence about the process itself: it ended, it is started again. */
  readonly onEvent: (sentence: string) => void;
}

/** How often a process that was just started is asked whether it listens. */
const PROBE_MS = 25;

/**
 * One server as a local process, the leader of a group of its own, started again when it ends. It keeps its port for life,
 * so that the balancer sees one endpoint that goes and comes back.
 */
export class ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly #options: ServerProcessOptions;
  readonly #listening = Promise.withResolvers<boolean>();
  readonly #firstOutcome = Promise.withResolvers<void>();
  #child: ChildProcess | null = null;
  #restart: NodeJS.Timeout | null = null;
  #starting: Promise<void> = Promise.resolve();
  #probe: NodeJS.Timeout | null = null;
  #quickExits = 0;
  #startedAt = 0;
  #stopping = false;

  constructor(options: ServerProcessOptions) {
    this.name = options.name;
    this.port = options.port;
    this.#options = options;
  }

  /** The process id while it runs; null between two runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** True once it has accepted its first connection; false when it was stopped before. */
  get listening(): Promise<boolean> {
    return this.#listening.promise;
  }

  /** Resolves when it listens, or has ended, for the first time. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** Resolves when the process runs; rejects with the system's error (ENOENT, EACCES, ...) when it cannot be started at all. */
  async start(): Promise<void> {
    await this.#spawn();
    this.#awaitListening();
  }

  /** Ends the process and all of its group, for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#listening.resolve(false);
    if (this.#restart !== null) clearTimeout(this.#restart);
    if (this.#probe !== null) clearTimeout(this.#probe);
    await this.#starting;
    if (this.#restart !== null) clearTimeout(this.#restart);
    const child = this.#child;
    if (child?.pid === undefined) return;
    const gone = once(child, 'exit');
    signalGroup(child.pid, 'SIGTERM');
    signalGroup(child.pid, 'SIGCONT'); // a frozen process gets no other signal before it is woken
    const tooLong = setTimeout(() => this.kill(), this.#options.stopGraceMs);
    await gone;
    clearTimeout(tooLong);
  }

  /** At once, without asking. */
  kill(): void {
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
  }

  async #spawn(): Promise<void> {
    const { command, guard, onLine } = this.#options;
    const child = spawn(command.file, command.args, {
      cwd: command.directory ?? undefined,
      env: { ...process.env, ...command.environment },
      // Its own group: one signal reaches what it starts itself, and Ctrl-C in the terminal does not reach it before us.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    readLines(child.stdout, onLine);
    readLines(child.stderr, onLine);
    await once(child, 'spawn'); // rejects on `error`
    child.on('error', () => {});
    const pid = child.pid;
    if (pid === undefined) return;
    this.#child = child;
    this.#startedAt = performance.now();
    guard.add(pid);
    child.once('exit', (code, signal) => this.#exited(pid, code, signal));
  }

  #exited(pid: number, code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null;
    this.#firstOutcome.resolve();
    signalGroup(pid, 'SIGKILL'); // what it left behind would hold its port
    this.#options.guard.remove(pid);
    if (this.#stopping) return;
    const { restarts, onEvent } = this.#options;
    if (performance.now() - this.#startedAt >= restarts.resetAfterMs) this.#quickExits = 0;
    const delayMs = restartDelay(this.#quickExits, restarts);
    this.#quickExits += 1;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    onEvent(`process ${pid} ${how}: starting again in ${delayMs / 1000} s`);
    this.#restart = this.#later(delayMs);
  }

  #later(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#starting = this.#startAgain();
    }, delayMs);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.#spawn();
      this.#options.onEvent(`process ${this.pid} is started in its place`);
    } catch (error) {
      const delayMs = restartDelay(this.#quickExits++, this.#options.restarts);
      this.#options.onEvent(`could not be started (${(error as Error).message}): trying again in ${delayMs / 1000} s`);
      this.#restart = this.#later(delayMs);
    }
  }

  #awaitListening(): void {
    const socket = connect(this.port, '127.0.0.1');
    const again = (): void => {
      socket.destroy();
      if (!this.#stopping) this.#probe = setTimeout(() => this.#awaitListening(), PROBE_MS);
    };
    socket.once('error', again);
    socket.once('connect', () => {
      socket.destroy();
      // Something answers there, but only a process that still runs can be what answers.
      if (this.#child === null) again();
      else this.#ready();
    });
  }

  #ready(): void {
    this.#listening.resolve(true);
    this.#options.onEvent(`process ${this.pid} listens on port ${this.port}`);
    this.#firstOutcome.resolve();
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody of it is left. EPERM (macOS): only zombies are.
  }
}
