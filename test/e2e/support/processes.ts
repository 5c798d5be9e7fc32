import { readdirSync, readFileSync } from 'node:fs';
import type { Pod } from './objects.ts';

/**
 * Whether the processes of containers can be reached from here: on the project's own cluster the tests run on its one node.
 * As the `skip` of a test: false, or why not.
 */
export const processesOutOfReach =
  process.env.EVENKEEL_CLUSTER === 'own' ? false : "it has to reach a container's process, so only on the project's own cluster";

/** Sends a signal to the processes of the pods' containers, as the kernel or somebody on the node would; nobody else is told. */
export function signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT', ...pods: readonly Pod[]): void {
  for (const pod of pods) {
    const pids = processesOf(pod);
    if (pids.length === 0) throw new Error(`pod ${pod.metadata.name} has no process here`);
    for (const pid of pids) process.kill(pid, name);
  }
}

export function runs(pod: Pod): boolean {
  return processesOf(pod).length > 0;
}

/** The processes that take the requests of a balancer with several. */
export function workersOf(pod: Pod): number[] {
  return processesOf(pod).filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes('worker'));
}

/** The processes in the cgroup of the pod, except the pause container's. */
function processesOf(pod: Pod): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .filter((pid) => read(`/proc/${pid}/cgroup`).includes(pod.metadata.uid) && !read(`/proc/${pid}/cmdline`).startsWith('/pause'))
    .map(Number);
}

// A process may end between being listed and being read.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
