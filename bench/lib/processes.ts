import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

/** A process of the benchmark, in a process group of its own so that all of it ends together. */
export interface Running {
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Kills the group and resolves when the leader is gone. */
  end(): Promise<void>;
  /** What it printed on standard output, once it has ended by itself. */
  output(): Promise<string>;
}

export function start(command: readonly string[], options: { cpu?: number; log?: string; env?: Record<string, string> } = {}): Running {
  const pinned = options.cpu === undefined ? command : ['taskset', '-c', String(options.cpu), ...command];
  const log = openSync(options.log ?? '/dev/null', 'w');
  const child = spawn(pinned[0]!, pinned.slice(1), {
    stdio: ['ignore', 'pipe', log],
    detached: true,
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    printed = (printed + chunk).slice(-1_000_000);
  });
  const closed = ended(child, pinned[0]!);
  const pid = child.pid ?? 0;
  return {
    pid,
    signal: (signal) => void child.kill(signal),
    end: async () => {
      if (child.exitCode === null && child.signalCode === null && pid > 0) process.kill(-pid, 'SIGKILL');
      await closed.catch(() => undefined);
    },
    output: async () => {
      await closed;
      return printed;
    },
  };
}

function ended(child: ChildProcess, name: string): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot start ${name}: ${error.message}`)));
    child.once('close', () => resolve());
  });
  closed.catch(() => undefined);
  return closed;
}

/** Resolves when something listens on 127.0.0.1:`port`; fails after `seconds`. */
export async function listening(port: number, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (await connects(port)) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on 127.0.0.1:${port} after ${seconds} s`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** User and system time of a process and its descendants, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  let ticks = 0;
  for (const member of tree(pid)) {
    const stat = readProc(member, 'stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return (ticks * 1e6) / TICKS_PER_SECOND;
}

/** Resident memory of a process and its descendants, in MB. */
export function residentMegabytes(pid: number): number {
  let kilobytes = 0;
  for (const member of tree(pid)) kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readProc(member, 'status'))?.[1] ?? 0);
  return kilobytes / 1024;
}

function tree(pid: number): number[] {
  const children = readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(tree)];
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
