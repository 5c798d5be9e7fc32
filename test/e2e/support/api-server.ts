import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { waitFor } from './wait.ts';

interface RunningProcess {
  readonly pid: number;
  readonly words: readonly string[];
}

/**
 * Kills the API server of the project's own cluster, whose processes are in reach of the tests. Returns how to start it again, as it was:
 * as a process that outlives this one, since other tests come after it.
 */
export async function killApiServer(): Promise<() => void> {
  const { pid, words } = await waitFor('a kube-apiserver process', () => find('kube-apiserver'));
  const log = readlinkSync(`/proc/${pid}/fd/1`);
  const folder = readlinkSync(`/proc/${pid}/cwd`);
  process.kill(pid, 'SIGKILL');
  await waitFor('the API server to be gone', () => find('kube-apiserver') === null);
  return () => {
    const command = 'exec "$@" >>"$LOG" 2>&1';
    const child = spawn('sh', ['-c', command, 'sh', ...words], {
      cwd: folder,
      env: { ...process.env, LOG: log },
      stdio: 'ignore',
      detached: true,
    });
    child.unref();
  };
}

function find(component: string): RunningProcess | null {
  for (const entry of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    const words = wordsOf(entry);
    if (words[1] === component) return { pid: Number(entry), words };
  }
  return null;
}

// A process may end between being listed and being read. One that has ended, and that nobody has waited for yet, has no words.
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
