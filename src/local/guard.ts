import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads `+ GROUP` and `- GROUP` lines. Its standard input ends when the process that writes them is gone, whatever ended that:
 * then every group still listed is told to end, woken in case it is frozen, and killed two seconds later.
 */
const WATCH = `
groups=
while read -r sign group; do
  if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
  left=
  for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
  groups=$left
done
[ -n "$groups" ] || exit 0
for each in $groups; do kill -s TERM -- "-$each"; kill -s CONT -- "-$each"; done 2>/dev/null
sleep 2
for each in $groups; do kill -s KILL -- "-$each"; done 2>/dev/null
`;

/** A shell that keeps ending is not started for ever: without it, only a kill -9 of this process leaves servers behind. */
const MAX_STARTS = 5;

/**
 * Sees to it that no server outlives this process, even one that is killed and can do nothing any more: a small shell in a session
 * of its own, which learns of this process's death by the end of a pipe.
 */
export class Guard {
  #shell: ChildProcess | null = null;
  #starts = 0;
  readonly #groups = new Set<number>();

  /** `group`: the id of a process group, which is the process id of its leader. */
  add(group: number): void {
    this.#groups.add(group);
    if (this.#shell === null) this.#start();
    else this.#tell(`+ ${group}\n`);
  }

  remove(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}\n`);
  }

  /** The process id of the shell that watches; null when there is nothing to watch. */
  get pid(): number | null {
    return this.#shell?.pid ?? null;
  }

  close(): void {
    this.#shell?.stdin?.end();
    this.#shell = null;
  }

  #start(): void {
    this.#starts += 1;
    const shell = spawn('/bin/sh', ['-c', WATCH], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell = shell;
    // A broken pipe means that somebody ended the shell: `exit` below starts another.
    shell.stdin?.on('error', () => {});
    shell.once('error', () => this.#lost(shell));
    shell.once('exit', () => this.#lost(shell));
    shell.unref();
    for (const group of this.#groups) this.#tell(`+ ${group}\n`);
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line);
  }

  #lost(shell: ChildProcess): void {
    if (this.#shell !== shell) return;
    this.#shell = null;
    if (this.#groups.size > 0 && this.#starts < MAX_STARTS) this.#start();
  }
}
